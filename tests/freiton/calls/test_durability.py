"""Durability is an input: what waits for the log, what does not, and what silence means."""

from __future__ import annotations

import pytest

from tests.freiton.calls.scene import BEN, NORTH, last_record, open_switch, talk
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account

OWNER = "account/1/outgoing"


def quiet_log(*, flatrates: int = 1) -> VirtualSwitch:
    switch = open_switch(account(1, "anna", flatrates=flatrates), BEN, trunks=(NORTH,))
    switch.log.manner = "by hand"
    return switch


def test_nothing_is_dialled_before_the_admission_is_durable() -> None:
    switch = quiet_log()
    switch.phone("anna").call(MOBILE)
    assert switch.carrier("north").sides == []
    assert len(switch.slots(OWNER)) == 1, "the slot is held at once"
    switch.acknowledge_next()
    assert len(switch.carrier("north").sides) == 1


def test_the_caller_hears_of_the_answer_when_it_is_durable() -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call(MOBILE)
    switch.acknowledge_next()
    callee = switch.carrier("north").sides[0]
    switch.carrier("north").answer(callee)
    switch.wire.advance(0.4)
    assert caller.finals == []
    assert not switch.carrier("north")._repeats, "the callee's 200 got its ACK at once"
    switch.acknowledge_next()
    assert caller.finals == [200]


def test_talk_time_counts_from_the_callees_answer_not_from_the_callers() -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call(MOBILE)
    switch.acknowledge_next()
    switch.carrier("north").answer(switch.carrier("north").sides[0])
    switch.wire.advance(0.3)
    switch.acknowledge_next()
    switch.wire.advance(1.0)
    switch.phone("anna").bye(caller)
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).rated_us == 1_300_000


def test_an_admission_that_stays_unanswered_for_half_a_second_is_refused() -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call(MOBILE)
    switch.wire.advance(0.49)
    assert caller.finals == []
    switch.wire.advance(0.02)
    assert caller.finals == [503]
    assert "Abrechnung" in caller.final.required("warning")
    assert not caller.final.has("retry-after")
    assert switch.slots(OWNER) == set()
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).ending == "log-down"
    assert switch.carrier("north").sides == []
    switch.log.manner = "at once"
    switch.wire.advance(60)
    switch.assert_quiet()


def test_an_answer_that_stays_unanswered_for_half_a_second_ends_the_call_free_of_charge() -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call(MOBILE)
    switch.acknowledge_next()
    callee = switch.carrier("north").sides[0]
    switch.carrier("north").answer(callee)
    switch.wire.advance(0.51)
    assert caller.finals == [503]
    assert callee.byes_received == 1
    assert switch.slots(OWNER) == set()
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).rated_us == 0
    assert last_record(switch).sip_status == 503
    switch.log.manner = "at once"
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize("written", [0, 1])
def test_a_log_that_fails_refuses_at_once_whether_the_record_reached_the_disk_or_not(
    written: int,
) -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call(MOBILE)
    switch.fail_waiting(written=written)
    assert caller.finals == [503]
    switch.restore_log()
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).ending == "log-down"
    assert len(switch.log.records()) == 1
    assert switch.slots(OWNER) == set()


def test_while_the_log_is_down_nothing_is_admitted_but_an_emergency_call() -> None:
    switch = quiet_log()
    switch.phone("anna").call(MOBILE)
    switch.fail_waiting()
    refused = switch.phone("anna").call(MOBILE)
    assert refused.finals == [503]
    help_call = switch.phone("anna").call("112")
    north = switch.carrier("north")
    north.answer(north.sides[-1])
    assert help_call.finals == [200], "it waits for no record"
    switch.restore_log()
    switch.log.manner = "at once"
    while switch.log.waiting:
        switch.acknowledge_next()
    following = switch.phone("anna").call(MOBILE)
    assert following.finals == []
    assert len(north.sides) == 2


def test_an_emergency_call_waits_for_no_record() -> None:
    switch = quiet_log()
    caller = switch.phone("anna").call("110")
    callee = switch.carrier("north").sides[0]
    switch.carrier("north").answer(callee)
    assert caller.finals == [200]
    switch.wire.advance(30)
    assert caller.is_talking
    assert switch.log.waiting
    switch.phone("anna").bye(caller)
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).is_emergency
    assert last_record(switch).duration_us == 30_000_000


def test_running_calls_go_on_and_are_charged_whole_when_the_log_was_down_meanwhile() -> None:
    switch = open_switch(account(1, "anna"), trunks=(NORTH,))
    caller, _ = talk(switch)
    switch.wire.advance(5)
    switch.log.manner = "by hand"
    switch.wire.advance(3)
    switch.fail_waiting()
    switch.wire.advance(60)
    assert caller.is_talking
    switch.phone("anna").bye(caller)
    assert caller.bye_statuses == [200]
    assert switch.slots(OWNER) == set()
    switch.restore_log()
    while switch.log.waiting:
        switch.acknowledge_next()
    assert last_record(switch).rated_us == 68_000_000
    assert switch.owed_micros(1) == last_record(switch).amount_micros > 0


def test_a_slot_is_free_in_memory_before_the_record_of_it_is_durable() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), trunks=(NORTH,))
    caller, _ = talk(switch)
    switch.log.manner = "by hand"
    switch.phone("anna").bye(caller)
    assert switch.slots(OWNER) == set()
    switch.phone("anna").call(MOBILE)
    assert len(switch.slots(OWNER)) == 1
