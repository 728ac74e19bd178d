"""Transfers of calls: who hears what, and who pays how much, on the composed switch."""

from __future__ import annotations

import pytest

from sipcore.b2bua.settings import DEFAULT_SETTINGS
from sipcore.message.sipfrag import read_status
from tests.freiton.calls.scene import NORTH, RESCUE, open_switch
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


def consult(switch: VirtualSwitch, dialled: str = "clara") -> tuple[Side, Side]:
    """Let anna call somebody else while her first call waits."""
    asked = switch.phone("anna").call(dialled)
    phone = switch.phone("clara")
    phone.answer(phone.sides[-1])
    return asked, phone.sides[-1]


def replacing(side: Side, uri: str = "sip:clara@example.org") -> str:
    """Refer to whoever talks in a dialog, as the phone that has it writes it."""
    local = side.local.partition(";tag=")[2]
    remote = side.remote.partition(";tag=")[2]
    return (
        f"<{uri}?Replaces={side.call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}&Require=replaces>"
    )


def test_an_attended_transfer_joins_both_calls_and_charges_go_on() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    anna, north, clara = switch.phone("anna"), switch.carrier("north"), switch.phone("clara")
    north.sdp, clara.sdp = sdp("north"), sdp("clara")
    caller, callee = call_mobile(switch)
    switch.wire.advance(30)
    asked, target = consult(switch)
    switch.wire.advance(30)
    assert refer(anna, caller, replacing(asked)) == [202]
    assert reports(caller) == [100, 200]
    assert (caller.byes_received, asked.byes_received) == (1, 1)
    assert (callee.heard_sdp, target.heard_sdp) == (clara.sdp, north.sdp)
    switch.wire.advance(60)
    assert callee.is_talking
    assert target.is_talking
    clara.bye(target)
    assert callee.byes_received == 1
    first, second = switch.log.records()
    assert (first.duration_us, second.duration_us) == (120_000_000, 90_000_000)
    assert (first.released_by, second.released_by) == ("caller", "callee")
    assert first.gross_micros == 398_000
    assert switch.owed_micros(1) == first.gross_micros + second.gross_micros
    assert second.joined_call_ids == (first.call_id,)
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize("hangs_up_first", [True, False])
def test_what_the_transferor_pays_ends_with_whom_he_dialled(hangs_up_first: bool) -> None:
    """Ben called anna; she transfers him to a mobile: he pays his call, she the mobile."""
    switch = open_switch(ANNA, BEN)
    anna, ben, north = switch.phone("anna"), switch.phone("ben"), switch.carrier("north")
    caller = ben.call("anna")
    called = anna.sides[-1]
    anna.answer(called)
    switch.wire.advance(10)
    assert refer(anna, called, f"<sip:{MOBILE}@example.org>") == [202]
    target = north.sides[-1]
    if hangs_up_first:
        anna.bye(called)
        assert caller.is_talking
    switch.wire.advance(5)
    north.answer(target)
    assert called.byes_received == (0 if hangs_up_first else 1)
    switch.wire.advance(60)
    ben.bye(caller)
    assert target.byes_received == 1
    own, dialled = switch.log.records()
    assert (own.account_id, dialled.account_id) == ("2", "1")
    assert own.duration_us == 75_000_000
    assert (dialled.duration_us, dialled.gross_micros) == (60_000_000, 199_000)
    assert dialled.released_by == "caller"
    assert switch.owed_micros(1) == 199_000
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize("status", [486, 603])
def test_a_target_that_refuses_leaves_the_call_as_it_was(status: int) -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    assert refer(anna, caller, "<sip:ben@example.org>") == [202]
    ben.refuse(ben.sides[-1], status)
    assert reports(caller) == [100, status]
    switch.wire.advance(20)
    assert caller.is_talking
    assert callee.is_talking
    anna.bye(caller)
    switch.wire.advance(60)
    assert [one.gross_micros for one in switch.log.records()][-1] > 0
    switch.assert_quiet()


def test_whoever_hung_up_before_the_target_refused_leaves_nobody_behind() -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    anna.bye(caller)
    assert callee.is_talking
    ben.refuse(ben.sides[-1], 486)
    assert callee.byes_received == 1
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("<sip:112@example.org>", 403),
        ("<urn:service:sos>", 403),
        ("<sip:ben@example.org;method=BYE>", 501),
        ("<mailto:ben@example.org>", 416),
        ("<sip:>", 400),
    ],
)
def test_a_refer_that_is_refused_at_once(target: str, status: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller, callee = call_mobile(switch)
    assert refer(switch.phone("anna"), caller, target) == [status]
    assert reports(caller) == []
    assert callee.is_talking
    assert refer(switch.phone("anna"), caller, "<sip:ben@example.org>") == [status, 202]
    assert switch.faults == []


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("<sip:anna@example.org>", 482),
        ("<sip:09005123456@example.org>", 403),
        ("<sip:nobody@elsewhere.example>", 404),
        ("<sip:clara@example.org?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>", 481),
    ],
)
def test_a_transfer_that_cannot_be_is_reported(target: str, status: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller, callee = call_mobile(switch)
    assert refer(switch.phone("anna"), caller, target) == [202]
    assert reports(caller) == [100, status]
    assert caller.is_talking
    assert callee.is_talking
    assert switch.faults == []


def test_one_transfer_at_a_time() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, _ = call_mobile(switch)
    assert refer(switch.phone("anna"), caller, "<sip:ben@example.org>") == [202]
    assert refer(switch.phone("anna"), caller, "<sip:clara@example.org>") == [202, 491]
    assert len(switch.phone("clara").sides) == 0


def test_the_next_transfer_waits_until_the_end_of_the_first_was_heard_of() -> None:
    """Who refers without end and answers no NOTIFY is not sent ever more of them."""
    switch = open_switch(ANNA, BEN)
    anna = switch.phone("anna")
    caller, callee = call_mobile(switch)
    switch.wire.is_held = lambda packet: packet[2].startswith(b"NOTIFY")
    barred = "<sip:09005123456@example.org>"
    for _ in range(10):
        refer(anna, caller, barred)
    assert anna.statuses["REFER"] == [202] + 9 * [491]
    switch.wire.is_held = lambda _packet: False
    switch.wire.settle()
    assert reports(caller) == [100, 403]
    assert refer(anna, caller, barred)[-1] == 202
    assert callee.is_talking


def test_a_carrier_may_not_transfer() -> None:
    switch = open_switch(ANNA, BEN)
    caller, callee = call_mobile(switch)
    assert refer(switch.carrier("north"), callee, f"<sip:{GERMANY}@example.org>") == [403]
    assert caller.is_talking


def test_a_refer_without_subscription_hears_nothing() -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    silent = (("refer-sub", "false"), ("require", "norefersub"))
    assert refer(anna, caller, "<sip:ben@example.org>", fields=silent) == [202]
    ben.answer(ben.sides[-1])
    assert reports(caller) == []
    assert caller.byes_received == 1
    assert callee.is_talking


def test_somebody_elses_call_is_not_joined() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller, callee = call_mobile(switch)
    theirs = switch.phone("ben").call("clara")
    switch.phone("clara").answer(switch.phone("clara").sides[-1])
    assert refer(switch.phone("anna"), caller, replacing(theirs)) == [202]
    assert reports(caller) == [100, 403]
    assert theirs.is_talking
    assert callee.is_talking


def test_no_free_slot_refuses_the_transfer_and_not_the_call() -> None:
    one_flatrate = account(1, "anna", flatrates=1)
    switch = open_switch(one_flatrate, BEN)
    caller, callee = call_mobile(switch)
    assert refer(switch.phone("anna"), caller, f"<sip:{GERMANY}@example.org>") == [202]
    switch.wire.advance(3)
    assert reports(caller) == [100, 486]
    assert len(switch.carrier("north").sides) == 1
    assert callee.is_talking


def test_credit_ends_both_calls_of_the_conversation() -> None:
    switch = open_switch(account(1, "anna", prepaid=True), BEN)
    switch.pay_in(1, 400_000)
    anna, north = switch.phone("anna"), switch.carrier("north")
    caller, callee = call_mobile(switch)
    switch.wire.advance(30)
    assert refer(anna, caller, f"<sip:{MOBILE}@example.org>") == [202]
    target = north.sides[-1]
    north.answer(target)
    assert callee.is_talking
    assert target.is_talking
    switch.wire.advance(120)
    assert callee.byes_received == target.byes_received == 1
    records = switch.log.records()
    assert {one.ending for one in records} == {"credit-exhausted", "joined-call-cut"}
    spent = sum(one.gross_micros for one in records)
    balance = switch.accounting.state.book.account("prepaid/1").balance_micros
    assert balance == 400_000 - spent
    assert 0 <= balance < 20 * PRICE_MICROS_PER_S
    first, second = sorted(records, key=lambda one: one.started_at)
    assert first.ended_at == second.ended_at
    switch.wire.advance(60)
    switch.assert_quiet()


def test_who_was_transferred_can_transfer_on() -> None:
    """Anna hands the mobile to ben, and ben hands it to clara: ben's part of it ends then."""
    switch = open_switch(ANNA, BEN, CLARA)
    anna, ben, clara = (switch.phone(name) for name in ("anna", "ben", "clara"))
    caller, callee = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    with_ben = ben.sides[-1]
    ben.answer(with_ben)
    switch.wire.advance(60)
    assert refer(ben, with_ben, "<sip:clara@example.org>") == [202]
    with_clara = clara.sides[-1]
    clara.answer(with_clara)
    assert reports(with_ben) == [100, 200]
    assert with_ben.byes_received == 1
    assert switch.log.records()[-1].ending == "transferred"
    assert switch.log.records()[-1].duration_us == 60_000_000
    switch.wire.advance(60)
    switch.carrier("north").bye(callee)
    assert with_clara.byes_received == 1
    assert sorted(one.duration_us for one in switch.log.records()) == [
        60_000_000, 60_000_000, 120_000_000,
    ]  # fmt: skip
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_peer_that_makes_no_offer_is_given_one() -> None:
    """The mobile's carrier refuses a re-INVITE without an offer: the other side is asked."""
    switch = open_switch(ANNA, BEN)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    north.refuses_offerless = True
    north.sdp, ben.sdp = sdp("north"), sdp("ben")
    ben.answer(ben.sides[-1])
    assert reports(caller) == [100, 200]
    assert callee.heard_sdp == ben.sdp
    assert ben.sides[-1].heard_sdp == north.sdp


def test_a_peer_that_refuses_to_be_joined_stays_with_the_transferor() -> None:
    switch = open_switch(ANNA, BEN)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    north.answers["INVITE"] = 488
    ben.answer(ben.sides[-1])
    assert reports(caller) == [100, 488]
    assert ben.sides[-1].byes_received == 1
    assert caller.is_talking
    assert callee.is_talking
    assert switch.log.records()[-1].ending == "join-failed"
    anna.bye(caller)
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_call_for_help_is_not_transferred() -> None:
    switch = open_switch(ANNA, BEN, trunks=(NORTH, RESCUE))
    caller = switch.phone("anna").call("112")
    rescue = switch.carrier("rescue")
    rescue.answer(rescue.sides[-1])
    assert refer(switch.phone("anna"), caller, "<sip:ben@example.org>") == [403]
    assert rescue.sides[-1].is_talking


def test_a_call_can_be_transferred_after_a_restart() -> None:
    """Who is there stands in the record; what he described last does not, so the target offers."""
    switch = open_switch(ANNA, BEN)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    north.sdp, ben.sdp = sdp("north"), sdp("ben")
    caller, callee = call_mobile(switch)
    switch.wire.advance(10)
    switch.crash()
    switch.wire.advance(2)
    switch.start()
    switch.wire.settle()
    assert refer(anna, caller, "<sip:ben@example.org>") == [202]
    target = ben.sides[-1]
    assert target.invite is not None
    assert target.invite.body == b""
    ben.answer(target)
    assert reports(caller) == [100, 200]
    assert (callee.heard_sdp, target.heard_sdp) == (ben.sdp, north.sdp)
    switch.wire.advance(48)
    ben.bye(target)
    assert callee.byes_received == 1
    assert sorted(one.duration_us for one in switch.log.records()) == [48_000_000, 60_000_000]
    switch.wire.advance(60)
    switch.assert_quiet()


def subscribe(switch: VirtualSwitch, side: Side, expires: str, event: str = "refer") -> int:
    anna = switch.phone("anna")
    fields = (("event", event), ("expires", expires), ("contact", anna.contact))
    anna.send_in_dialog(side, "SUBSCRIBE", fields=fields)
    switch.wire.settle()
    return anna.statuses["SUBSCRIBE"][-1]


def states(side: Side) -> list[str]:
    return [one.required("subscription-state") for one in side.received if one.method == "NOTIFY"]


def test_the_transferor_may_refresh_and_end_what_he_is_told() -> None:
    """RFC 3515 §2.4.4: a SUBSCRIBE in the dialog of the REFER."""
    switch = open_switch(ANNA, BEN)
    ben = switch.phone("ben")
    caller, callee = call_mobile(switch)
    assert refer(switch.phone("anna"), caller, "<sip:ben@example.org>") == [202]
    ben.ring(ben.sides[-1])
    assert subscribe(switch, caller, "60") == 200
    assert (reports(caller)[-1], states(caller)[-1]) == (180, "active;expires=60")
    assert subscribe(switch, caller, "0") == 200
    assert (reports(caller)[-1], states(caller)[-1]) == (180, "terminated;reason=timeout")
    told = len(reports(caller))
    ben.answer(ben.sides[-1])
    assert len(reports(caller)) == told
    assert callee.is_talking
    assert caller.byes_received == 1


def test_who_subscribes_and_answers_no_notify_is_stopped() -> None:
    switch = open_switch(ANNA, BEN)
    anna = switch.phone("anna")
    caller, _ = call_mobile(switch)
    assert refer(anna, caller, "<sip:ben@example.org>") == [202]
    switch.wire.loses = lambda packet: packet[1] == anna.address and packet[2].startswith(b"NOTIFY")
    heard = [subscribe(switch, caller, "60") for _ in range(40)]
    assert heard[0] == 200
    assert heard[-1] == 491
    assert heard.count(200) <= DEFAULT_SETTINGS.relayed_max


@pytest.mark.parametrize(
    ("event", "status"), [("refer", 481), ("refer;id=9", 481), ("dialog", 489), ("(", 400)]
)
def test_a_subscription_that_no_refer_made(event: str, status: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller, _ = call_mobile(switch)
    assert subscribe(switch, caller, "60", event) == status
    assert caller.is_talking
