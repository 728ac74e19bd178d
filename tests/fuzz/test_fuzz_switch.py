"""Bad messages by the thousand: no fault, nothing left, and the next good call works."""

from __future__ import annotations

import pytest

from tests.fuzz.attack import Attack

SEEDS = range(5)
MESSAGES = 1_000
SEEDS_LONG = range(100, 120)
MESSAGES_LONG = 5_000
DEEP_MIN = 0.6
"""Of all bad messages so many must pass parser, gate and password."""
METHODS = {
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "UPDATE", "PRACK", "INFO", "MESSAGE",
    "SUBSCRIBE", "REFER", "PUBLISH", "SIP/2.0",
}  # fmt: skip
"""What must be among those; the last stands for responses."""


@pytest.mark.parametrize("seed", SEEDS)
def test_bad_messages_leave_nothing_behind(seed: int) -> None:
    attack = Attack(seed)
    attack.run(MESSAGES)
    assert attack.sent >= MESSAGES
    assert attack.depths["deep"] >= attack.sent * DEEP_MIN, attack.depths
    assert set(attack.deep_methods) >= METHODS
    assert len(attack.statuses) >= 5


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS_LONG)
def test_a_hundred_thousand_bad_messages_leave_nothing_behind(seed: int) -> None:
    Attack(seed).run(MESSAGES_LONG)
