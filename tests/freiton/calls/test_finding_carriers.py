"""Carriers by name: SRV, several addresses, and what happens when one of them is dead."""

from __future__ import annotations

import pytest

from freiton.calls.carrier_places import SEEK_AGAIN_S, SEEK_S
from freiton.routing.directory import Trunk, TrunkKind
from freiton.routing.refusals import RefusalCause
from sipcore.b2bua.settings import DEFAULT_SETTINGS
from sipcore.transport.blocked import BLOCKED_S
from sipcore.transport.dns_records import AddressRecord, Question, RecordType, SrvRecord
from tests.freiton.calls.scene import ANNA, BEN, SOUTH, assert_refused, last_record
from tests.freiton.calls.test_registering_with_carriers import Registrar
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, SWITCH, Town, trunk

NAMED = trunk(1, "north", host="north.example", port=0)
SERVICE = Question("_sip._udp.north.example", RecordType.SRV)
FIRST, SECOND = ("203.0.113.11", 5070), ("203.0.113.12", 5080)


def srv(number: int, port: int, *, priority: int = 10) -> SrvRecord:
    return SrvRecord(priority=priority, weight=1, port=port, target=f"{number}.north.example")


def a(number: int) -> Question:
    return Question(f"{number}.north.example", RecordType.A)


def open_named(*more: Trunk, named: Trunk = NAMED, is_known: bool = True) -> VirtualSwitch:
    """A switch whose carrier "north" has two machines behind SRV records."""
    switch = VirtualSwitch(Town((ANNA, BEN), ()))
    if is_known:
        announce(switch)
    switch.phone("anna").register()
    switch.phone("ben").register()
    for number, address in ((1, FIRST), (2, SECOND)):
        switch.phones[f"north{number}"] = ScriptedPhone(
            switch.wire, f"north{number}", address, switch=SWITCH
        )
    switch.reload(Town((ANNA, BEN), (named, *more)))
    for one in more:
        switch.carrier(one.name)
    switch.wire.settle()
    return switch


def announce(switch: VirtualSwitch) -> None:
    switch.names.zone = {
        SERVICE: (srv(2, SECOND[1], priority=20), srv(1, FIRST[1])),
        a(1): (AddressRecord(FIRST[0]),),
        a(2): (AddressRecord(SECOND[0]),),
    }


def sides(switch: VirtualSwitch) -> tuple[int, int]:
    return len(switch.phones["north1"].sides), len(switch.phones["north2"].sides)


def test_a_trunk_without_a_port_is_found_by_srv() -> None:
    switch = open_named()
    caller = switch.phone("anna").call(MOBILE)
    assert sides(switch) == (1, 0)
    north = switch.phones["north1"]
    north.answer(north.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").bye(caller)
    switch.wire.advance(40)
    switch.assert_quiet()


@pytest.mark.parametrize("how", ["503", "silence", "icmp"])
def test_the_next_address_of_the_trunk_comes_before_the_next_trunk(how: str) -> None:
    switch = open_named(SOUTH)
    switch.phones["north1"].is_dead = how != "503"
    caller = switch.phone("anna").call(MOBILE)
    if how == "503":
        switch.phones["north1"].refuse(switch.phones["north1"].sides[0], 503)
    elif how == "icmp":
        switch.fail_flow(FIRST)
    else:
        switch.wire.advance(DEFAULT_SETTINGS.silence_s + 0.1)
    assert sides(switch)[1] == 1
    assert switch.carrier("south").sides == []
    assert len(switch.slots("trunk/1")) == 1
    second = switch.phones["north2"]
    second.answer(second.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").bye(caller)
    assert last_record(switch).trunk_id == "1"
    switch.wire.advance(80)
    switch.assert_quiet()


def test_when_all_addresses_fail_the_next_trunk_takes_the_call() -> None:
    switch = open_named(SOUTH)
    caller = switch.phone("anna").call(MOBILE)
    for name in ("north1", "north2"):
        switch.phones[name].refuse(switch.phones[name].sides[0], 503)
    south = switch.carrier("south")
    south.answer(south.sides[0])
    assert caller.finals == [200]
    assert switch.slots("trunk/1") == set()


@pytest.mark.parametrize("status", [404, 486, 500, 603])
def test_an_answer_of_the_first_address_is_an_answer(status: int) -> None:
    switch = open_named()
    switch.phone("anna").call(MOBILE)
    switch.phones["north1"].refuse(switch.phones["north1"].sides[0], status)
    assert sides(switch) == (1, 0)


def test_who_rang_is_not_rung_at_another_address() -> None:
    switch = open_named()
    caller = switch.phone("anna").call(MOBILE)
    first = switch.phones["north1"]
    first.ring(first.sides[0])
    first.refuse(first.sides[0], 503)
    assert sides(switch) == (1, 0)
    assert caller.finals == [500]  # RFC 3261 §16.7: a 503 is not passed on


def test_a_dead_address_is_asked_last_until_its_time_is_over() -> None:
    switch = open_named()
    switch.phone("anna").call(MOBILE)
    switch.phones["north1"].refuse(switch.phones["north1"].sides[0], 503)
    switch.phone("ben").call(MOBILE)
    assert sides(switch) == (1, 2)
    switch.wire.advance(BLOCKED_S + 1)
    switch.phone("ben").call(MOBILE)
    assert sides(switch) == (2, 2)


def test_a_late_answer_of_a_way_that_was_left_is_ended() -> None:
    switch = open_named()
    first, second = switch.phones["north1"], switch.phones["north2"]
    switch.wire.loses = lambda packet: packet[0] == FIRST
    caller = switch.phone("anna").call(MOBILE)
    switch.wire.advance(DEFAULT_SETTINGS.silence_s + 0.1)
    switch.wire.loses = lambda _packet: False
    first.answer(first.sides[0])
    assert caller.finals == []
    assert first.sides[0].byes_received == 1
    second.answer(second.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").bye(caller)
    switch.wire.advance(80)
    switch.assert_quiet()


def test_a_trunk_not_found_is_out_of_service_until_it_is() -> None:
    switch = open_named(is_known=False)
    assert_refused(switch, switch.phone("anna").call(MOBILE), RefusalCause.NO_TRUNK)
    announce(switch)
    switch.wire.advance(SEEK_AGAIN_S * 4)
    switch.phone("anna").call(MOBILE)
    assert sides(switch) == (1, 0)


def test_when_the_name_service_is_silent_calls_go_where_they_went() -> None:
    switch = open_named()
    switch.names.is_silent = True
    switch.wire.advance(3 * SEEK_S)
    switch.phone("anna").call(MOBILE)
    assert sides(switch) == (1, 0)


def test_a_carrier_that_moves_is_followed() -> None:
    switch = open_named()
    switch.names.zone[SERVICE] = (srv(2, SECOND[1]),)
    switch.wire.advance(2 * SEEK_S + 1)
    switch.phone("anna").call(MOBILE)
    assert sides(switch) == (0, 1)


def test_a_registration_goes_to_the_next_address_and_calls_follow_it() -> None:
    registering = trunk(
        1, "north", host="north.example", port=0, kind=TrunkKind.REGISTRATION,
        username="freiton", secret="trunk-password", realm="north.example",
    )  # fmt: skip
    switch = VirtualSwitch(Town((ANNA, BEN), ()))
    announce(switch)
    switch.phone("anna").register()
    for number, address in ((1, FIRST), (2, SECOND)):
        phone = ScriptedPhone(switch.wire, f"north{number}", address, switch=SWITCH)
        switch.phones[f"north{number}"] = phone
        phone.registrar = Registrar()
    first = Registrar()
    first.refusals = [(503, ())] * 100
    switch.phones["north1"].registrar = first
    switch.reload(Town((ANNA, BEN), (registering,)))
    switch.wire.settle()
    assert switch.parts.carriers.is_registered(1, now=switch.wire.now)
    assert len(first.refusals) == 99
    switch.wire.advance(BLOCKED_S + 1)
    switch.phone("anna").call(MOBILE)
    assert sides(switch) == (0, 1)
