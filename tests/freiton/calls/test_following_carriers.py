"""A carrier whose dialog goes on at another of its addresses; a phone's stays where it is."""

from __future__ import annotations

import pytest

from sipcore.transport.flow import Address
from tests.freiton.calls.scene import ANNA, BEN, open_switch, talk
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_wire import Packet

PORT = 5099


def move(switch: VirtualSwitch, party: ScriptedPhone) -> list[str]:
    """Let a party name another port in its Contact; return what requests will arrive there."""
    heard: list[str] = []
    elsewhere: Address = (party.address[0], PORT)

    def hear(packet: Packet) -> bool:
        if packet[1] == elsewhere and not packet[2].startswith(b"SIP/2.0"):
            heard.append(packet[2].partition(b" ")[0].decode())
        return False

    party.address = elsewhere
    switch.wire.parties[elsewhere] = party
    switch.wire.loses = hear
    return heard


def test_ack_and_bye_go_where_the_carrier_says() -> None:
    switch = open_switch(ANNA, BEN)
    heard = move(switch, switch.carrier("north"))
    caller, _ = talk(switch)
    switch.phone("anna").bye(caller)
    assert heard == ["ACK", "BYE"]


def test_so_do_those_of_a_call_that_the_carrier_began() -> None:
    switch = open_switch(ANNA, BEN)
    north = switch.carrier("north")
    heard = move(switch, north)
    calling = north.call("+493023125001")
    anna = switch.phone("anna")
    anna.answer(anna.sides[-1])
    assert calling.finals == [200]
    anna.bye(anna.sides[-1])
    assert calling.byes_received == 1
    assert heard == ["BYE"]


@pytest.mark.parametrize("is_caller", [True, False])
def test_a_phone_is_spoken_to_over_its_flow(is_caller: bool) -> None:
    switch = open_switch(ANNA, BEN)
    phone = switch.phone("anna" if is_caller else "ben")
    heard = move(switch, phone)
    caller = switch.phone("anna").call("ben")
    ben = switch.phone("ben")
    ben.answer(ben.sides[-1])
    assert caller.finals == [200]
    switch.hang_up_all()
    switch.wire.settle()
    assert phone.sides[-1].byes_received == 1
    assert heard == []
