"""A carrier that asks for fewer calls is offered fewer (RFC 7339); chance is the middle here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freiton.routing.refusals import RefusalCause
from freiton.routing.trunk_profile import PLAIN
from tests.freiton.calls.scene import ANNA, BEN, NORTH, SOUTH, assert_refused, open_switch
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE


def report(switch: VirtualSwitch, carrier: str, loss: int, *, sequence: str = "1.0") -> None:
    """Let anna call, and the carrier refuse and say how much less it wants."""
    switch.phone("anna").call(MOBILE)
    side = switch.carrier(carrier).sides[-1]
    add_report(side, f"oc={loss}", f'oc-algo="loss";oc-validity=9000;oc-seq={sequence}')
    switch.carrier(carrier).refuse(side, 486)


def add_report(side: Side, loss: str, more: str) -> None:
    assert side.invite is not None
    via = side.invite.required("via")
    assert via.endswith(';oc;oc-algo="loss"')
    side.invite.replace_first("via", via.replace(';oc;oc-algo="loss"', f";{loss};{more}"))


def test_the_next_carrier_is_offered_what_the_first_does_not_want() -> None:
    switch = open_switch(trunks=(NORTH, replace(SOUTH, priority=20)))
    report(switch, "north", 60)
    switch.phone("ben").call(MOBILE)
    assert len(switch.carrier("north").sides) == 1
    assert len(switch.carrier("south").sides) == 1


def test_less_than_the_chance_holds_nothing_back() -> None:
    switch = open_switch()
    report(switch, "north", 40)
    switch.phone("ben").call(MOBILE)
    assert len(switch.carrier("north").sides) == 2


def test_without_another_carrier_the_caller_is_told_until_it_is_over() -> None:
    switch = open_switch()
    report(switch, "north", 60)
    assert withheld(switch) == 60
    assert_refused(switch, switch.phone("ben").call(MOBILE), RefusalCause.TRUNK_OVERLOAD)
    switch.wire.advance(9)
    assert withheld(switch) == 0
    assert switch.phone("ben").call(MOBILE).finals == []


def withheld(switch: VirtualSwitch) -> int:
    return switch.parts.carriers.withheld_percent(NORTH.id, now=switch.wire.now)


def test_what_the_carrier_said_before_does_not_count() -> None:
    switch = open_switch()
    report(switch, "north", 40, sequence="2.0")
    report(switch, "north", 100, sequence="1.0")
    switch.phone("ben").call(MOBILE)
    assert len(switch.carrier("north").sides) == 3


def test_emergencies_and_conversations_are_never_held_back() -> None:
    switch = open_switch()
    caller = switch.phone("anna").call(MOBILE)
    side = switch.carrier("north").sides[-1]
    add_report(side, "oc=100", 'oc-algo="loss";oc-validity=9000;oc-seq=1.0')
    switch.carrier("north").answer(side)
    assert_refused(switch, switch.phone("ben").call(MOBILE), RefusalCause.TRUNK_OVERLOAD)
    assert switch.phone("ben").call("112").finals == []
    assert len(switch.carrier("north").sides) == 2
    switch.phone("anna").bye(caller)
    assert side.byes_received == 1


@pytest.mark.parametrize("hears_load", [True, False])
def test_the_profile_decides_what_our_via_says(*, hears_load: bool) -> None:
    profile = replace(PLAIN, hears_load=hears_load)
    switch = open_switch(ANNA, BEN, trunks=(replace(NORTH, profile=profile),))
    switch.phone("anna").call(MOBILE)
    invite = switch.carrier("north").sides[-1].invite
    assert invite is not None
    assert ("oc-algo" in invite.required("via")) is hears_load
