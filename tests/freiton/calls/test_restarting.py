"""Calls that outlive the process that connected them."""

from __future__ import annotations

import pytest

from tests.freiton.calls.scene import ANNA, BEN, NORTH, last_record, open_switch, talk
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import account


def restart(switch: VirtualSwitch, *, down_s: float = 2.0) -> None:
    switch.crash()
    switch.wire.advance(down_s)
    switch.start()
    switch.wire.settle()


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_live_call_goes_on_and_either_side_ends_it(who: str) -> None:
    switch = open_switch(ANNA, BEN)
    caller, callee = talk(switch)
    switch.wire.advance(10)
    restart(switch)
    assert caller.is_talking
    assert len(switch.slots("account/1/outgoing")) == 1
    switch.wire.advance(10)
    if who == "caller":
        switch.phone("anna").bye(caller)
        assert callee.byes_received == 1
    else:
        switch.carrier("north").bye(callee)
        assert caller.byes_received == 1
    assert last_record(switch).rated_us == 22_000_000
    switch.wire.advance(60)
    switch.assert_quiet()


def test_each_process_speaks_above_the_cseqs_of_all_before_it() -> None:
    """Else a phone would take our BYE for an old request and go on talking (RFC 3261 §12.2.2)."""
    switch = open_switch(ANNA, BEN)
    caller, callee = talk(switch)
    for _ in range(3):
        restart(switch)
        switch.wire.advance(650)  # two probes
    switch.phone("anna").bye(caller)
    assert callee.byes_received == 1
    numbers = [one.cseq.number for one in callee.received[1:]]
    assert len(numbers) == len(set(numbers)) == 10
    assert numbers == sorted(numbers)


def test_a_call_that_ended_meanwhile_is_charged_to_the_last_proof_of_life() -> None:
    switch = open_switch(ANNA, BEN)
    caller, _ = talk(switch)
    switch.wire.advance(10.4)
    switch.crash()
    switch.phone("anna").is_dead = True
    switch.wire.advance(600)
    switch.start()
    switch.wire.advance(33)
    record = last_record(switch)
    assert record.ending == "lost"
    assert record.partial_cause == "restart"
    assert 10_000_000 <= record.rated_us <= 10_400_000
    assert switch.slots("account/1/outgoing") == set()
    assert caller.ended_at is None


def test_a_call_that_only_rang_is_closed_free_of_charge() -> None:
    switch = open_switch(ANNA, BEN, trunks=(NORTH,))
    switch.phone("anna").call("01701234567")
    switch.carrier("north").ring(switch.carrier("north").sides[0])
    switch.wire.advance(5)
    restart(switch)
    assert last_record(switch).ending == "lost"
    assert last_record(switch).amount_micros == 0
    assert switch.slots("account/1/outgoing") == set()
    assert switch.slots("trunk/1") == set()


def test_the_slot_of_a_live_call_is_held_from_the_first_instant() -> None:
    switch = open_switch(ANNA, BEN)
    for _ in range(10):
        talk(switch)
    restart(switch)
    assert switch.phone("anna").call("01701234567").finals == [486]


@pytest.mark.parametrize("probed_s", [0, 299])
def test_a_phone_that_is_silent_for_some_seconds_keeps_its_call(probed_s: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller, callee = talk(switch)
    switch.wire.advance(probed_s)
    switch.phone("anna").is_dead = True
    if not probed_s:
        restart(switch)
    switch.wire.advance(3)
    switch.phone("anna").is_dead = False
    switch.wire.advance(5)
    assert caller.is_talking
    assert callee.is_talking


def test_whoever_waits_for_a_slot_hears_of_a_resumed_call_that_lives() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN)
    talk(switch)
    switch.carrier("north").is_dead = True
    restart(switch)
    waiting = switch.phone("anna").call("01701234567")
    assert waiting.finals == []
    switch.carrier("north").is_dead = False
    switch.wire.advance(1.9)
    assert waiting.finals == [486]
