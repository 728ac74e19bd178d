"""INVITE with Replaces: a colleague takes a conversation over at another phone (RFC 3891)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.freiton.calls.scene import ANNA, BEN, open_switch, talk
from tests.support.phones import sdp
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import account

CLARA = account(3, "clara")
STRANGER = replace(account(3, "clara"), customer_id=2)


def replacing(side: Side, *, early_only: bool = False) -> str:
    """Name a dialog as the phone that takes it over sends it: the switch's own tag is to-tag."""
    ours = side.local.partition(";tag=")[2]
    theirs = side.remote.partition(";tag=")[2]
    early = ";early-only" if early_only else ""
    return f"{side.call_id};to-tag={theirs};from-tag={ours}{early}"


def take_over(switch: VirtualSwitch, value: str, name: str = "clara") -> Side:
    phone = switch.phone(name)
    phone.call("nobody")  # its next INVITE is signed at once, fields and all
    return phone.call("anna", fields=(("replaces", value),))


def test_a_colleague_takes_a_conversation_over_and_its_charge_goes_on() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    north, clara = switch.carrier("north"), switch.phone("clara")
    north.sdp, clara.sdp = sdp("north"), sdp("clara")
    caller, callee = talk(switch)
    switch.wire.advance(60)
    taken = take_over(switch, replacing(caller))
    switch.wire.advance(1)
    assert taken.finals == [200]
    assert caller.byes_received == 1
    assert (callee.heard_sdp, taken.heard_sdp) == (clara.sdp, north.sdp)
    switch.wire.advance(59)
    clara.bye(taken)
    assert callee.byes_received == 1
    record = switch.log.records()[-1]
    assert (record.account_id, record.duration_us) == ("1", 120_000_000)
    assert record.gross_micros == 398_000
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_taken_over_conversation_survives_a_kill() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, callee = talk(switch)
    taken = take_over(switch, replacing(caller))
    switch.wire.advance(30)
    switch.crash()
    switch.wire.advance(2)
    switch.start()
    switch.wire.settle()
    assert taken.is_talking
    switch.carrier("north").bye(callee)
    assert taken.byes_received == 1
    assert switch.log.records()[-1].duration_us == 32_000_000


@pytest.mark.parametrize(
    ("value", "status"),
    [("unknown;to-tag=1;from-tag=2", 481), ("nonsense", 400)],
)
def test_a_replaces_for_nothing(value: str, status: int) -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    assert take_over(switch, value).finals == [status]
    assert switch.faults == []


def test_one_that_wants_early_dialogs_only_is_busy() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, callee = talk(switch)
    assert take_over(switch, replacing(caller, early_only=True)).finals == [486]
    assert callee.is_talking


def test_another_customers_conversation_is_out_of_reach() -> None:
    switch = open_switch(ANNA, BEN, STRANGER)
    caller, callee = talk(switch)
    assert take_over(switch, replacing(caller)).finals == [403]
    assert caller.is_talking
    assert callee.is_talking


def test_the_far_end_behind_a_carrier_cannot_be_replaced() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, callee = talk(switch)
    assert take_over(switch, replacing(callee)).finals == [403]
    assert caller.is_talking
