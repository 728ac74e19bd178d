"""Bad messages by the thousand: no fault, nothing left, and the next good call works."""

from __future__ import annotations

import pytest

from tests.fuzz.attack import Attack

SEEDS = range(5)
MESSAGES = 1_000
SEEDS_LONG = range(100, 120)
MESSAGES_LONG = 5_000


@pytest.mark.parametrize("seed", SEEDS)
def test_bad_messages_leave_nothing_behind(seed: int) -> None:
    attack = Attack(seed)
    attack.run(MESSAGES)
    assert attack.sent >= MESSAGES
    # Enough of them get past the parser, and strangers past the first look.
    assert attack.switch.refused_bytes < attack.sent * 0.6
    assert len(attack.statuses) >= 5


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS_LONG)
def test_a_hundred_thousand_bad_messages_leave_nothing_behind(seed: int) -> None:
    Attack(seed).run(MESSAGES_LONG)
