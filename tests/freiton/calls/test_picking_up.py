"""A call that rings is picked up by a colleague, at another phone (RFC 3891, RFC 4235)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freiton.routing.directory import Account
from freiton.routing.watching import Watching
from freiton.trace.replay import replay
from tests.freiton.calls.scene import NORTH, open_switch
from tests.freiton.calls.test_events import WatchedTown
from tests.freiton.trace.played_calls import trace
from tests.support.phones import sdp
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account
from tests.support.watching_phone import DI, WatchingPhone

ANNA = account(1, "anna")
BEN = account(2, "ben")
CLARA = account(3, "clara")
STRANGER = replace(CLARA, customer_id=2)
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
US = 1_000_000


def naming(side: Side, *, early_only: bool = False) -> str:
    """Name the dialog of a phone that rings, as the switch has it."""
    ours = side.remote.partition(";tag=")[2]
    theirs = side.local.partition(";tag=")[2]
    early = ";early-only" if early_only else ""
    return f"{side.call_id};to-tag={ours};from-tag={theirs}{early}"


def pick_up(phone: ScriptedPhone, value: str, *, settle: bool = True) -> Side:
    phone.call("nobody")  # its next INVITE is signed at once, fields and all
    return phone.call("ben", fields=(("replaces", value),), settle=settle)


def ring(switch: VirtualSwitch, name: str = "ben", dialled: str = "ben") -> tuple[Side, Side]:
    """Let anna call somebody whose phone rings."""
    caller = switch.phone("anna").call(dialled)
    phone = switch.phone(name)
    phone.ring(phone.sides[-1])
    return caller, phone.sides[-1]


def test_a_lamp_leads_to_the_call_that_rings() -> None:
    """SUBSCRIBE, NOTIFY, INVITE with Replaces: what a phone with lamps does."""
    switch = open_switch(ANNA, BEN, CLARA)
    anna, clara = switch.phone("anna"), WatchingPhone(switch, "clara")
    anna.sdp, clara.sdp = sdp("anna"), sdp("clara")
    second = WatchingPhone(switch, "ben")
    second.register()
    assert clara.subscribe("ben") == 200
    caller = anna.call("ben")
    first = switch.phone("ben")
    first.ring(first.sides[-1])
    second.ring(second.sides[-1])
    switch.wire.advance(1)
    shown = clara.document().findall(f"{DI}dialog")
    assert [one.get("direction") for one in shown] == ["recipient", "recipient"]
    lit = next(one for one in shown if one.get("call-id") == first.sides[-1].call_id)
    value = (
        f"{lit.get('call-id')};to-tag={lit.get('remote-tag')};from-tag={lit.get('local-tag')}"
        ";early-only"
    )
    picked = clara.call("ben", fields=(("replaces", value),))
    assert picked.finals == [200]
    assert caller.finals == [200]
    for rung in (first.sides[-1], second.sides[-1]):
        assert rung.is_cancelled
        assert rung.received[-1].required("reason") == ELSEWHERE
    switch.wire.advance(2)
    assert (caller.heard_sdp, picked.heard_sdp) == (clara.sdp, anna.sdp)
    assert "confirmed" not in clara.lamp()
    switch.wire.advance(58)
    anna.bye(caller)
    assert picked.byes_received == 1
    record = switch.log.records()[-1]
    assert (record.account_id, record.duration_us) == ("1", 60 * US)
    assert record.ending == "answered"
    switch.wire.advance(60)
    switch.assert_quiet()


def test_both_hear_each_other_at_once_and_agree_afterwards() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    anna, clara = switch.phone("anna"), switch.phone("clara")
    anna.sdp = sdp("anna") + b"m=video 5000 RTP/AVP 96\r\n"
    clara.sdp = sdp("clara")
    caller, rung = ring(switch)
    picked = pick_up(clara, naming(rung))
    assert b"m=video 0 RTP/AVP 96" in caller.final.body
    assert clara.sdp.rpartition(b"m=")[0].split(b"\r\n")[1] in caller.final.body
    assert picked.final.body.count(b"m=") == 1
    switch.wire.advance(1)
    assert picked.heard_sdp == anna.sdp


def test_a_call_from_a_carrier_is_picked_up_and_survives_a_kill() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    north, ben, clara = switch.carrier("north"), switch.phone("ben"), switch.phone("clara")
    outside = north.call("+493023125002")
    ben.ring(ben.sides[-1])
    picked = pick_up(clara, naming(ben.sides[-1]))
    assert (outside.finals, picked.finals) == ([200], [200])
    switch.wire.advance(30)
    switch.crash()
    switch.wire.advance(2)
    switch.start()
    switch.wire.settle()
    assert picked.is_talking
    clara.bye(picked)
    assert outside.byes_received == 1
    assert switch.log.records()[-1].duration_us == 32 * US
    switch.wire.advance(60)
    switch.assert_quiet()


def test_the_rung_phone_that_answers_too_late_gets_a_bye() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    ben = switch.phone("ben")
    picked = pick_up(switch.phone("clara"), naming(rung), settle=False)
    ben.answer(rung)
    switch.wire.advance(1)
    assert (caller.finals, picked.finals) == ([200], [200])
    assert rung.byes_received == 1
    assert picked.is_talking
    switch.phone("anna").bye(caller)
    switch.wire.advance(60)
    switch.assert_quiet()


def test_nobody_is_told_before_the_answer_is_durable() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    clara = switch.phone("clara")
    clara.call("nobody")
    switch.log.manner = "by hand"
    picked = clara.call("ben", fields=(("replaces", naming(rung)),))
    assert rung.is_cancelled
    assert (caller.finals, picked.finals) == ([], [])
    while switch.log.waiting:
        switch.acknowledge_next()
    switch.wire.settle()
    assert (caller.finals, picked.finals) == ([200], [200])


@pytest.mark.parametrize("fails", [True, False])
def test_an_answer_that_is_not_recorded_is_none(fails: bool) -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    clara = switch.phone("clara")
    clara.call("nobody")
    switch.log.manner = "by hand"
    picked = clara.call("ben", fields=(("replaces", naming(rung)),))
    if fails:
        switch.fail_waiting()
    else:
        switch.wire.advance(1)
    assert (caller.finals, picked.finals) == ([503], [503])
    switch.restore_log()
    switch.log.manner = "at once"
    while switch.log.waiting:
        switch.acknowledge_next()
    switch.wire.advance(60)
    assert switch.log.records()[-1].gross_micros == 0
    switch.assert_quiet()


def test_a_caller_that_offered_nothing_is_told_the_offer_of_who_picks_up() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    north, ben, clara = switch.carrier("north"), switch.phone("ben"), switch.phone("clara")
    north.sdp = b""
    clara.sdp = sdp("clara")
    outside = north.call("+493023125002")
    ben.ring(ben.sides[-1])
    picked = pick_up(clara, naming(ben.sides[-1]), settle=False)
    switch.wire.settle()
    assert outside.finals == [200]
    assert outside.heard_sdp == clara.sdp
    # This caller's ACK brings no answer, so that nothing was agreed and nobody is connected.
    assert picked.finals == []
    switch.wire.advance(60)
    assert picked.finals != [200]


def test_a_blind_transfer_that_rings_is_picked_up() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    clara = switch.phone("clara")
    north.sdp, clara.sdp = sdp("north"), sdp("clara")
    caller = anna.call(MOBILE)
    callee = north.sides[-1]
    north.answer(callee)
    anna.send_in_dialog(caller, "REFER", fields=(("refer-to", "<sip:ben@example.org>"),))
    switch.wire.settle()
    ben.ring(ben.sides[-1])
    picked = pick_up(clara, naming(ben.sides[-1]))
    switch.wire.advance(2)
    assert picked.finals == [200]
    assert ben.sides[-1].is_cancelled
    assert caller.byes_received == 1
    assert (callee.heard_sdp, picked.heard_sdp) == (clara.sdp, north.sdp)
    clara.bye(picked)
    assert callee.byes_received == 1
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize(
    ("picker", "watching"),
    [
        (STRANGER, Watching()),
        (STRANGER, Watching(verdicts={(2, 3): True})),
        (CLARA, Watching(verdicts={(2, 3): False})),
    ],
)
def test_who_may_not_watch_or_is_of_another_customer_picks_nothing_up(
    picker: Account, watching: Watching
) -> None:
    switch = VirtualSwitch(WatchedTown((ANNA, BEN, picker), (NORTH,), watching=watching))
    for name in ("anna", "ben", "clara"):
        switch.phone(name).register()
    caller, rung = ring(switch)
    assert pick_up(switch.phone("clara"), naming(rung)).finals == [403]
    assert not rung.is_cancelled
    switch.phone("ben").answer(rung)
    assert caller.finals == [200]


def test_the_callers_own_early_dialog_is_not_replaced() -> None:
    """RFC 3891 §3: an early dialog that this end did not begin is answered with 481."""
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    ours = caller.responses[-1].to.tag
    theirs = caller.local.partition(";tag=")[2]
    value = f"{caller.call_id};to-tag={ours};from-tag={theirs}"
    assert pick_up(switch.phone("clara"), value).finals == [481]
    assert not rung.is_cancelled


def test_a_call_that_is_over_is_declined() -> None:
    """RFC 3891 §3: 603 for a dialog that has ended, 481 once it is forgotten."""
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    ben, clara = switch.phone("ben"), switch.phone("clara")
    clara.call("nobody")
    ben.answer(rung)
    ben.is_dead = True  # the BYE to it stays open, and with it the dialog
    switch.phone("anna").bye(caller)
    assert clara.call("ben", fields=(("replaces", naming(rung)),)).finals == [603]
    switch.wire.advance(60)
    assert pick_up(clara, naming(rung)).finals == [481]


def test_who_picks_up_has_to_offer() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    clara = switch.phone("clara")
    clara.sdp = b""
    _, rung = ring(switch)
    assert pick_up(clara, naming(rung)).finals == [488]
    assert not rung.is_cancelled


@pytest.mark.parametrize("dialled", ["*8ben", "*8+493023125002", "*825"])
def test_a_code_takes_the_call_that_rings_there(dialled: str) -> None:
    clara = replace(CLARA, short_numbers={"25": "+493023125002"})
    switch = open_switch(ANNA, BEN, clara)
    caller, rung = ring(switch)
    picked = switch.phone("clara").call(dialled)
    assert (picked.finals, caller.finals) == ([200], [200])
    assert rung.received[-1].required("reason") == ELSEWHERE
    switch.wire.advance(10)
    switch.phone("clara").bye(picked)
    switch.wire.advance(60)
    assert [one.duration_us for one in switch.log.records()] == [10 * US]
    switch.assert_quiet()


@pytest.mark.parametrize(
    ("picker", "dialled", "status"),
    [
        (CLARA, "*8ben", 480),
        (CLARA, "*8nobody", 404),
        (CLARA, "*8", 404),
        (STRANGER, "*8ben", 404),
    ],
)
def test_a_code_for_nothing(picker: Account, dialled: str, status: int) -> None:
    switch = open_switch(ANNA, BEN, picker)
    if picker is STRANGER:
        ring(switch)
    assert switch.phone("clara").call(dialled).finals == [status]


def test_a_carriers_caller_picks_nothing_up() -> None:
    switch = open_switch(ANNA, BEN)
    _, rung = ring(switch)
    assert switch.carrier("north").call("*8ben").finals == [404]
    assert not rung.is_cancelled


def test_a_call_that_was_picked_up_is_replayed_byte_for_byte() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, rung = ring(switch)
    pick_up(switch.phone("clara"), naming(rung))
    switch.wire.advance(5)
    switch.phone("anna").bye(caller)
    switch.wire.advance(60)
    recorded = [trace(switch, one) for one in switch.recorder if one.is_call]
    assert [replay(one).difference for one in recorded] == [None]
    assert replay(recorded[0]).same > 4
