"""Many lamps that hear of one call: in turns, so that the next call is not behind all of them."""

from __future__ import annotations

from sipcore.limits import NOTIFIES_PER_TURN, NOTIFY_TURN_S
from tests.freiton.calls.test_events import open_town
from tests.support.virtual_switch import VirtualSwitch
from tests.support.watching_phone import WatchingPhone

LAMPS = 3 * NOTIFIES_PER_TURN


def lit(switch: VirtualSwitch) -> WatchingPhone:
    """Return a phone with many lamps for ben, all of them dark and free to be told."""
    carl = WatchingPhone(switch, "carl")
    for _ in range(LAMPS):
        assert carl.subscribe("ben") == 200
    switch.wire.advance(2.0)
    assert len(carl.notified) == LAMPS
    carl.notified.clear()
    return carl


def test_a_call_comes_between_two_turns_of_a_storm() -> None:
    switch = open_town()
    carl = lit(switch)
    switch.phone("anna").call("ben")
    assert len(carl.notified) == NOTIFIES_PER_TURN
    switch.phone("carl").call("ben")
    assert len(switch.phone("ben").sides) == 2
    assert len(carl.notified) == NOTIFIES_PER_TURN
    switch.wire.advance(NOTIFY_TURN_S)
    assert len(carl.notified) == 2 * NOTIFIES_PER_TURN


def test_every_lamp_hears_and_the_newest_state() -> None:
    switch = open_town()
    carl = lit(switch)
    call = switch.phone("anna").call("ben")
    switch.phone("ben").answer(switch.phone("ben").sides[-1])
    switch.wire.advance(0.1)
    # Whoever had not heard of the ringing when it was over never hears of it.
    assert len(carl.notified) == LAMPS
    assert carl.lamp() == ["confirmed"]
    switch.wire.advance(2.0)
    shown = {notify.call_id: notify.body for notify in carl.notified}
    assert len(shown) == LAMPS
    assert all(b"<state>confirmed</state>" in body for body in shown.values())
    switch.phone("anna").bye(call)
    switch.wire.advance(2.0)
    shown = {notify.call_id: notify.body for notify in carl.notified}
    assert not any(b"<state>confirmed</state>" in body for body in shown.values())
