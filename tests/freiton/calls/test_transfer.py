"""Transfers of calls: who hears what, and who pays how much, on the composed switch."""

from __future__ import annotations

from sipcore.message.sipfrag import read_status
from tests.freiton.calls.scene import open_switch
from tests.support.phones import sdp
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, MOBILE, account

ANNA = account(1, "anna")
BEN = account(2, "ben")
CLARA = account(3, "clara")

PRICE_MICROS_PER_S = 9950 / 3
"""To a German mobile, from the price list's 19.9 ct/min."""


def reports(side: Side) -> list[int]:
    """Give what a transferor was told of his transfer."""
    return [read_status(one.body) for one in side.received if one.method == "NOTIFY"]


def refer(
    phone: ScriptedPhone, side: Side, target: str, *, fields: tuple[tuple[str, str], ...] = ()
) -> list[int]:
    """Send a REFER; give what it was answered with."""
    phone.send_in_dialog(side, "REFER", fields=(("refer-to", target), *fields))
    phone.wire.settle()
    return phone.statuses.get("REFER", [])


def call_mobile(switch: VirtualSwitch) -> tuple[Side, Side]:
    caller = switch.phone("anna").call(MOBILE)
    callee = switch.carrier("north").sides[-1]
    switch.carrier("north").answer(callee)
    return caller, callee


def test_a_blind_transfer_joins_the_two_that_stay() -> None:
    switch = open_switch(ANNA, BEN)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    north.sdp, ben.sdp = sdp("north"), sdp("ben")
    caller, callee = call_mobile(switch)
    switch.wire.advance(60)
    assert refer(anna, caller, "<sip:ben@example.org>") == [202]
    target = ben.sides[-1]
    ben.ring(target)
    switch.wire.advance(5)
    ben.answer(target)
    assert reports(caller) == [100, 180, 200]
    assert caller.byes_received == 1
    assert callee.is_talking
    assert target.is_talking
    assert (callee.heard_sdp, target.heard_sdp) == (ben.sdp, north.sdp)
    switch.wire.advance(55)
    north.bye(callee)
    assert target.byes_received == 1
    first, second = switch.log.records()
    assert first.duration_us == 120_000_000
    assert second.duration_us == 55_000_000
    assert first.gross_micros == 398_000
    assert switch.owed_micros(1) == first.gross_micros + second.gross_micros
    assert (first.joined_call_ids, second.joined_call_ids) == (
        (second.call_id,),
        (first.call_id,),
    )
    assert second.referred_by == first.call_id
    switch.wire.advance(60)
    switch.assert_quiet()
