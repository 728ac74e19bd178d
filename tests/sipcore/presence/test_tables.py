"""The two tables of a notifier are complete."""

from __future__ import annotations

from itertools import product

import pytest

from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import LocalError
from sipcore.message.event import Event
from sipcore.presence.notifier_table import (
    DELIVERY,
    DELIVERY_ABSORBED,
    LIFE,
    LIFE_ABSORBED,
    Delivery,
    DeliveryInput,
    Life,
    LifeAction,
    LifeInput,
)
from sipcore.presence.packages import PACKAGES
from sipcore.presence.subscription import REASONS, Subscription, Terms
from sipcore.transport.flow import Flow, Listener, Transport

LIFE_IMPOSSIBLE = {
    # A subscription begins with its first SUBSCRIBE and nothing else; that comes once.
    *product(
        [Life.INIT], set(LifeInput) - {LifeInput.ACCEPTED, LifeInput.UNDECIDED, LifeInput.FETCHED}
    ),
    *product(set(Life) - {Life.INIT}, [LifeInput.ACCEPTED, LifeInput.FETCHED]),
}
DELIVERY_IMPOSSIBLE = {
    # Nothing is under way that could be answered.
    *product(
        [Delivery.READY, Delivery.PAUSED, Delivery.PAUSED_NEWER],
        [DeliveryInput.ANSWERED, DeliveryInput.POSTPONED],
    ),
    # No pause runs.
    *product(
        [Delivery.READY, Delivery.SENT, Delivery.SENT_NEWER, Delivery.SENT_URGENT],
        [DeliveryInput.PAUSE_OVER],
    ),
}


def subscription() -> Subscription:
    dialog = Dialog(
        DialogId("call", "ours", "theirs"), local="<sip:a@b>", remote="<sip:c@d>",
        remote_target="sip:c@192.0.2.9",
    )  # fmt: skip
    terms = Terms(PACKAGES["dialog"], Event("dialog"), watcher="1", resource="2", topics=("2",))
    return Subscription(
        1,
        dialog,
        Flow(Listener("u", Transport.UDP, ("192.0.2.1", 5060)), ("192.0.2.9", 5060)),
        terms,
    )


@pytest.mark.parametrize("pair", list(product(Life, LifeInput)), ids=str)
def test_every_pair_of_a_life_has_its_place(pair: tuple[Life, LifeInput]) -> None:
    places = (pair in LIFE, pair in LIFE_ABSORBED, pair in LIFE_IMPOSSIBLE)
    assert sum(places) == 1, pair


@pytest.mark.parametrize("pair", list(product(Delivery, DeliveryInput)), ids=str)
def test_every_pair_of_a_delivery_has_its_place(pair: tuple[Delivery, DeliveryInput]) -> None:
    places = (pair in DELIVERY, pair in DELIVERY_ABSORBED, pair in DELIVERY_IMPOSSIBLE)
    assert sum(places) == 1, pair


def test_every_end_says_why_and_stops_the_clock() -> None:
    for (state, given), step in LIFE.items():
        if step.state is Life.TERMINATED and state is not Life.TERMINATED:
            assert given in REASONS or given is LifeInput.FAILED
            assert LifeAction.STOP_EXPIRY in step.actions or state is Life.INIT


def test_what_cannot_be_is_a_fault_of_ours() -> None:
    one = subscription()
    with pytest.raises(LocalError):
        one.step_life(LifeInput.REFRESHED)
    with pytest.raises(LocalError):
        one.step_delivery(DeliveryInput.ANSWERED)
