"""An error of our own costs its call: recorded, free of its slots, and said goodbye to."""

from __future__ import annotations

import pytest

from freiton.accounting.call_accounting import CallAccounting
from freiton.calls.call_stages import CallStages
from tests.freiton.calls.scene import BEN, NORTH, last_record, open_switch, talk
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account

OWNER = "account/1/outgoing"


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError


def one_slot() -> VirtualSwitch:
    return open_switch(account(1, "anna", flatrates=1), BEN, trunks=(NORTH,))


def assert_next_call_gets_the_slot(switch: VirtualSwitch) -> None:
    assert switch.slots(OWNER) == set()
    talk(switch)
    assert len(switch.slots(OWNER)) == 1


@pytest.mark.interpreted
@pytest.mark.parametrize("broken", ["admit", "_refuse_unadmitted"])
def test_a_fault_before_the_admission_leaves_one_record(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = open_switch(account(1, "anna", prepaid=True), BEN, trunks=(NORTH,))
    with monkeypatch.context() as patch:
        patch.setattr(CallStages if broken.startswith("_") else CallAccounting, broken, fail)
        caller = switch.phone("anna").call(MOBILE)
    assert caller.finals == [500]
    assert [type(fault) for fault in switch.faults] == [ZeroDivisionError]
    record = last_record(switch)
    assert (record.ending, record.sip_status, record.amount_micros) == ("fault", 500, 0)
    assert record.account_id == "1"
    assert len(switch.log.records()) == 1


@pytest.mark.interpreted
@pytest.mark.parametrize("moment", ["ringing", "talking"])
def test_a_call_whose_end_fails_is_freed_and_recorded_free_of_charge(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = one_slot()
    with monkeypatch.context() as patch:
        if moment == "ringing":
            caller = switch.phone("anna").call(MOBILE)
            patch.setattr(CallAccounting, "end", fail)
            switch.carrier("north").refuse(switch.carrier("north").sides[0], 486)
            assert caller.finals == [500]
        else:
            caller, callee = talk(switch)
            switch.wire.advance(45)
            patch.setattr(CallAccounting, "end", fail)
            switch.phone("anna").bye(caller)
            assert callee.byes_received == 1, "the other side is told all the same"
    record = last_record(switch)
    assert (record.ending, record.amount_micros) == ("fault", 0)
    assert len(switch.log.records()) == 1
    assert switch.faults
    assert all(isinstance(fault, ZeroDivisionError) for fault in switch.faults)
    assert_next_call_gets_the_slot(switch)


@pytest.mark.interpreted
def test_a_fault_after_the_end_writes_no_second_record(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = one_slot()
    caller, _ = talk(switch)
    with monkeypatch.context() as patch:
        patch.setattr(CallStages, "_settle_probes", fail)
        switch.phone("anna").bye(caller)
    assert switch.faults
    assert [record.ending for record in switch.log.records()] == ["answered"]
    assert_next_call_gets_the_slot(switch)


@pytest.mark.interpreted
def test_who_waited_for_a_slot_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = one_slot()
    talk(switch)
    switch.phone("anna").is_dead = True
    waiting = switch.phone("anna", 2).call(MOBILE)
    with monkeypatch.context() as patch:
        patch.setattr(CallAccounting, "admit", fail)
        switch.wire.advance(3)
    assert waiting.finals == [500]
    endings = sorted(record.ending for record in switch.log.records())
    assert endings == ["fault", "lost"]
    assert switch.slots(OWNER) == set()
