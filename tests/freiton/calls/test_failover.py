"""From one carrier to the next: when, with which slot, and how a bad one is passed over."""

from __future__ import annotations

import pytest

from freiton.calls.call_stages import TRUNK_RING_S
from freiton.routing.refusals import RefusalCause
from tests.freiton.calls.scene import (
    ANNA,
    BEN,
    NORTH,
    SOUTH,
    assert_refused,
    last_record,
    open_switch,
    talk,
)
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account, trunk


def two_carriers(**north: object) -> VirtualSwitch:
    return open_switch(ANNA, BEN, trunks=(trunk(1, "north", **north), SOUTH))


def fail(switch: VirtualSwitch, how: str) -> None:
    north = switch.carrier("north")
    if how.isdigit():
        north.refuse(north.sides[-1], int(how))
    elif how == "transport":
        switch.fail_flow(north.address)
    else:
        switch.wire.advance(33)


@pytest.mark.parametrize("how", ["503", "500", "502", "408", "504", "timeout", "transport"])
def test_the_next_carrier_takes_the_call_with_its_slot(how: str) -> None:
    switch = two_carriers()
    switch.carrier("north").is_dead = how in ("timeout", "transport")
    caller = switch.phone("anna").call(MOBILE)
    assert switch.slots("trunk/1")
    fail(switch, how)
    assert caller.finals == []
    assert switch.slots("trunk/1") == set()
    assert len(switch.slots("trunk/2")) == 1
    south = switch.carrier("south")
    south.answer(south.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").bye(caller)
    assert switch.slots("trunk/2") == set()
    assert last_record(switch).trunk_id == "2"


@pytest.mark.parametrize("status", [404, 486, 480, 484, 603, 403])
def test_what_speaks_of_the_called_line_is_the_answer(status: int) -> None:
    switch = two_carriers()
    caller = switch.phone("anna").call(MOBILE)
    fail(switch, str(status))
    assert caller.finals == [status]
    assert switch.carrier("south").sides == []
    assert last_record(switch).sip_status == status
    assert last_record(switch).trunk_id == "1"


@pytest.mark.parametrize(
    ("how", "told"), [("408", 408), ("500", 500), ("503", 500), ("504", 504), ("timeout", 480)]
)
def test_nobody_is_rung_twice(how: str, told: int) -> None:
    switch = two_carriers()
    caller = switch.phone("anna").call(MOBILE)
    switch.carrier("north").ring(switch.carrier("north").sides[0])
    if how == "timeout":
        switch.wire.advance(TRUNK_RING_S + 1)
    else:
        fail(switch, how)
    assert caller.finals == [told]
    assert switch.carrier("south").sides == []
    assert last_record(switch).trunk_id == "1"
    switch.wire.advance(60)
    switch.assert_quiet()


def test_the_answering_point_may_be_rung_twice() -> None:
    switch = two_carriers()
    caller = switch.phone("anna").call("112")
    switch.carrier("north").ring(switch.carrier("north").sides[0])
    fail(switch, "503")
    assert caller.finals == []
    assert len(switch.carrier("south").sides) == 1


def test_when_no_carrier_takes_the_call_it_is_refused_once() -> None:
    switch = two_carriers()
    caller = switch.phone("anna").call(MOBILE)
    fail(switch, "503")
    switch.carrier("south").refuse(switch.carrier("south").sides[0], 503)
    assert_refused(switch, caller, RefusalCause.TRUNKS_FAILED)
    assert len(switch.log.records()) == 1
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_carrier_that_just_failed_is_asked_last_for_twenty_seconds() -> None:
    switch = two_carriers()
    switch.phone("anna").call(MOBILE)
    fail(switch, "503")
    switch.phone("ben").call(MOBILE)
    assert len(switch.carrier("south").sides) == 2
    switch.wire.advance(21)
    switch.phone("ben").call(MOBILE)
    assert len(switch.carrier("north").sides) == 2


def test_a_failed_carrier_is_still_asked_when_it_is_the_only_one() -> None:
    switch = open_switch()
    switch.phone("anna").call(MOBILE)
    fail(switch, "503")
    following = switch.phone("anna").call(MOBILE)
    assert following.finals == []
    assert len(switch.carrier("north").sides) == 2


def test_a_cancel_between_two_carriers_frees_the_second_ones_slot() -> None:
    switch = two_carriers()
    caller = switch.phone("anna").call(MOBILE)
    fail(switch, "503")
    switch.phone("anna").cancel(caller)
    assert caller.finals == [487]
    assert switch.carrier("south").sides[0].is_cancelled
    switch.wire.advance(60)
    switch.assert_quiet()


def test_full_channels_send_calls_to_the_next_carrier_and_then_refuse_them() -> None:
    switch = open_switch(
        ANNA, BEN, account(3, "cleo"),
        trunks=(trunk(1, "north", channels=1), trunk(2, "south", channels=1)),
    )  # fmt: skip
    caller, _ = talk(switch)
    talk(switch, "ben", carrier="south")
    refused = switch.phone("cleo").call(MOBILE)
    assert_refused(switch, refused, RefusalCause.TRUNK_LIMIT)
    switch.phone("anna").bye(caller)
    assert switch.phone("cleo").call(MOBILE).finals == []


def test_a_trunk_may_want_another_status_for_its_limit() -> None:
    switch = open_switch(trunks=(trunk(1, "north", channels=1, limit_refusal_status=486),))
    talk(switch)
    refused = switch.phone("ben").call(MOBILE)
    assert_refused(switch, refused, RefusalCause.TRUNK_LIMIT, status=486)


def test_failover_to_a_full_carrier_goes_on_to_the_next() -> None:
    switch = open_switch(
        trunks=(NORTH, trunk(2, "south", channels=1), trunk(4, "west")),
    )
    first = switch.phone("anna").call(MOBILE)
    second = switch.phone("ben").call(MOBILE)
    for side in list(switch.carrier("north").sides):
        switch.carrier("north").refuse(side, 503)
    assert len(switch.carrier("south").sides) == 1
    assert len(switch.carrier("west").sides) == 1
    assert (first.finals, second.finals) == ([], [])
    assert len(switch.slots("trunk/2")) == len(switch.slots("trunk/4")) == 1


def test_reserved_channels_are_for_emergency_calls_alone() -> None:
    switch = open_switch(trunks=(trunk(1, "north", channels=3, reserved_for_emergency=2),))
    talk(switch)
    assert_refused(switch, switch.phone("ben").call(MOBILE), RefusalCause.TRUNK_LIMIT)
    assert switch.phone("ben").call("112").finals == []
    assert switch.phone("anna").call("110").finals == []
    assert len(switch.carrier("north").sides) == 3
