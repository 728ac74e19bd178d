"""Charges of one conversation when something goes wrong in it: none is lost, none is too much."""

from __future__ import annotations

from typing import NoReturn

import pytest

from freiton.calls.call_setup import CallSetup
from sipcore.b2bua.bridge import Bridge
from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.freiton.calls.test_redirects import call_ben, redirect
from tests.freiton.calls.test_transfer import call_mobile, consult, refer, replacing, reports
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, MOBILE, account

CLARA = account(3, "clara")


def _fail(*_given: object, **_named: object) -> NoReturn:
    raise ZeroDivisionError


def _hang_up_all(switch: VirtualSwitch) -> None:
    phones = [switch.phone(name) for name in ("anna", "ben", "clara")]
    for phone in (*phones, switch.carrier("north")):
        for side in phone.sides:
            if side.is_talking:
                phone.bye(side)
    switch.wire.advance(60)


@pytest.mark.parametrize(("ending", "status"), [("cancel", 487), ("silence", 504)])
def test_a_diversion_whose_answer_was_never_told_is_free(ending: str, status: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller = switch.phone("anna").call("ben", fields=(("supported", "100rel"),))
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    north = switch.carrier("north")
    north.ring(north.sides[-1], 183, body=north.sdp)
    north.answer(north.sides[-1])
    switch.wire.advance(5)
    if ending == "cancel":
        switch.phone("anna").cancel(caller)
    switch.wire.advance(40)
    assert caller.finals == [status]
    assert [one.rated_us for one in switch.log.records()] == [0, 0]
    assert all(one.is_consistent() for one in switch.log.records())
    assert switch.owed_micros(2) == 0
    switch.wire.advance(200)
    switch.assert_quiet()


def test_the_record_of_a_host_says_that_the_other_call_was_cut() -> None:
    switch = open_switch(ANNA, account(2, "ben", prepaid=True))
    switch.pay_in(2, 200_000)
    ben, north = switch.phone("ben"), switch.carrier("north")
    switch.phone("anna").call("ben")
    called = ben.sides[-1]
    ben.answer(called)
    switch.wire.advance(10)
    assert refer(ben, called, f"<sip:{MOBILE}@example.org>") == [202]
    north.answer(north.sides[-1])
    switch.wire.advance(200)
    host, guest = sorted(switch.log.records(), key=lambda one: one.account_id)
    assert (host.ending, host.sip_status, host.released_by) == ("joined-call-cut", 200, "switch")
    assert (guest.ending, guest.gross_micros) == ("credit-exhausted", 199_000)
    assert host.ended_at == guest.ended_at
    switch.assert_quiet()


def test_a_join_that_fails_leaves_no_charge_of_a_leg_that_is_gone() -> None:
    """Ben, whom anna called in beside her mobile, fails to join it to clara."""
    switch = open_switch(ANNA, BEN, CLARA)
    ben, clara, north = switch.phone("ben"), switch.phone("clara"), switch.carrier("north")
    caller, callee = call_mobile(switch)
    refer(switch.phone("anna"), caller, "<sip:ben@example.org>")
    with_ben = ben.sides[-1]
    ben.answer(with_ben)
    switch.wire.advance(20)
    asked = ben.call("clara")
    clara.answer(clara.sides[-1])
    north.answers["INVITE"] = clara.answers["INVITE"] = 488
    assert refer(ben, asked, replacing(with_ben)) == [202]
    switch.wire.advance(5)
    assert reports(asked) == [100, 488]
    running = {side for side in (callee, with_ben, asked, clara.sides[-1]) if side.is_talking}
    assert len(switch.accounting.state.calls) == len(running) // 2
    _hang_up_all(switch)
    assert len(switch.log.records()) == 3
    switch.assert_quiet()


def test_a_call_goes_over_to_one_of_two_that_ask_for_it() -> None:
    """Whoever came later hears so at once, and can transfer again."""
    switch = open_switch(ANNA, BEN, CLARA)
    anna, north = switch.phone("anna"), switch.carrier("north")
    sides = [anna.call(MOBILE), anna.call(GERMANY)]
    for side in north.sides:
        north.answer(side)
    asked, _ = consult(switch)
    switch.log.delay_s = 0.1
    for side in sides:
        refer(anna, side, replacing(asked))
    switch.wire.advance(5)
    assert [reports(side) for side in sides] == [[100, 200], [100, 491]]
    assert refer(anna, sides[1], "<sip:ben@example.org>")[-1] == 202
    _hang_up_all(switch)
    switch.wire.advance(60)
    switch.assert_quiet()


def test_two_calls_that_are_to_join_each_other_join_once_or_not() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    anna = switch.phone("anna")
    caller, _ = call_mobile(switch)
    asked, _ = consult(switch)
    switch.log.delay_s = 0.1
    refer(anna, caller, replacing(asked))
    refer(anna, asked, replacing(caller))
    switch.wire.advance(60)
    assert reports(caller)[-1] >= 200
    assert reports(asked)[-1] >= 200
    _hang_up_all(switch)
    assert len(switch.log.records()) == 2
    switch.assert_quiet()


def test_who_is_called_on_behalf_of_a_call_that_fails_rings_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    caller, callee = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    with monkeypatch.context() as patch:
        patch.setattr(Bridge, "receive_request", _fail)
        anna.send_in_dialog(caller, "INFO")
        switch.wire.settle()
    assert ben.sides[-1].is_cancelled
    assert callee.byes_received == 1
    assert [type(fault) for fault in switch.faults] == [ZeroDivisionError]
    switch.faults.clear()
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_3xx_counts_when_the_last_other_phone_falls_silent() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("ben", 2).register()
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    switch.phone("ben", 2).is_dead = True
    switch.wire.advance(60)
    north = switch.carrier("north")
    north.answer(north.sides[-1])
    assert caller.finals == [200]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_who_is_transferred_to_a_phone_that_diverts_is_charged_like_any_other(
    is_restarted: bool,
) -> None:
    """Anna sends ben to clara, whose phone sends him on to a mobile: clara pays until he ends."""
    switch = open_switch(ANNA, BEN, CLARA)
    anna, ben, north = switch.phone("anna"), switch.phone("ben"), switch.carrier("north")
    caller = ben.call("anna")
    called = anna.sides[-1]
    anna.answer(called)
    assert refer(anna, called, "<sip:clara@example.org>") == [202]
    redirect(switch, "clara", f"sip:{MOBILE}@example.org")
    mobile = north.sides[-1]
    north.answer(mobile)
    assert reports(called) == [100, 200]
    switch.wire.advance(30)
    if is_restarted:
        switch.crash()
        switch.start()
        switch.wire.settle()
    switch.wire.advance(30)
    north.bye(mobile)
    assert caller.byes_received == 1
    by_account = {one.account_id: one for one in switch.log.records()}
    amounts = {account: one.gross_micros for account, one in by_account.items()}
    assert amounts == {"2": 0, "1": 0, "3": 199_000}
    assert {one.released_by for one in by_account.values()} == {"callee"}
    assert len(switch.log.records()) == 3
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize("restarts", [(), (10,), (30,), (10, 30)])
def test_a_diverted_call_that_is_transferred_goes_on_being_charged(
    restarts: tuple[int, ...],
) -> None:
    """Ben's phone sends anna to a mobile, and clara, whom anna asks, talks with it at last."""
    switch = open_switch(ANNA, BEN, CLARA)
    anna, clara, north = switch.phone("anna"), switch.phone("clara"), switch.carrier("north")
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    mobile = north.sides[-1]
    north.answer(mobile)
    for second in range(60):
        if second in restarts:
            switch.crash()
            switch.start()
            switch.wire.settle()
        if second == 20:
            assert refer(anna, caller, "<sip:clara@example.org>") == [202]
            clara.answer(clara.sides[-1])
        switch.wire.advance(1)
    clara.bye(clara.sides[-1])
    assert mobile.byes_received == 1
    ended = {(one.account_id, one.duration_us, one.gross_micros) for one in switch.log.records()}
    assert ended == {("1", 60_000_000, 0), ("2", 60_000_000, 199_000), ("1", 40_000_000, 0)}
    switch.wire.advance(60)
    switch.assert_quiet()


def test_the_end_of_a_diverted_call_is_told_alike_after_a_restart() -> None:
    switch = open_switch(ANNA, BEN)
    call_ben(switch)
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    north = switch.carrier("north")
    north.answer(north.sides[-1])
    switch.crash()
    switch.start()
    switch.wire.settle()
    north.bye(north.sides[-1])
    assert [one.released_by for one in switch.log.records()] == ["callee", "callee"]


def test_who_was_joined_before_its_ack_came_gets_another() -> None:
    """Clara's 200 is repeated when her leg talks in another call already."""
    switch = open_switch(ANNA, BEN, CLARA)
    clara, north = switch.phone("clara"), switch.carrier("north")
    caller, callee = call_mobile(switch)
    switch.wire.loses = lambda packet: packet[1] == clara.address and packet[2][:3] == b"ACK"
    asked, target = consult(switch)
    switch.wire.is_held = lambda packet: packet[1] == north.address
    refer(switch.phone("anna"), caller, replacing(asked))
    switch.wire.loses = lambda _packet: False
    assert target.acks == []
    switch.wire.advance(2)
    assert len(target.acks) == 1
    switch.wire.is_held = lambda _packet: False
    switch.wire.advance(38)
    assert target.is_talking
    assert callee.is_talking
    clara.bye(target)
    assert [one.duration_us for one in switch.log.records()] == [40_000_000, 40_000_000]
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_2xx_is_acknowledged_when_the_call_of_its_invite_is_over() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    clara = switch.phone("clara")
    caller, _ = call_mobile(switch)
    asked, target = consult(switch)
    assert target.invite is not None
    assert target.invite_from is not None
    refer(switch.phone("anna"), caller, replacing(asked))
    switch.wire.advance(1)
    assert asked.byes_received == 1
    acks = len(target.acks)
    fields = (("contact", clara.contact),)
    clara._reply(target.invite, target.invite_from, 200, to=target.local, fields=fields)
    switch.wire.settle()
    assert len(target.acks) == acks + 1
    assert target.is_talking
    assert switch.faults == []


def test_a_3xx_that_cannot_be_followed_for_a_fault_of_ours_ends_its_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    other, callee = call_mobile(switch)
    caller = switch.phone("clara").call("ben")
    with monkeypatch.context() as patch:
        patch.setattr(CallSetup, "route", _fail)
        redirect(switch, "ben", f"sip:{GERMANY}@example.org")
    assert [type(fault) for fault in switch.faults] == [ZeroDivisionError]
    switch.faults.clear()
    switch.wire.advance(60)
    assert caller.finals == [500]
    assert callee.is_talking
    switch.phone("anna").bye(other)
    switch.wire.advance(60)
    switch.assert_quiet()
