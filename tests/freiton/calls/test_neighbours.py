"""Calls between accounts and a neighbour: proxied, uncharged, and no way for anybody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from freiton.routing.directory import Handling
from sipcore.message import NameAddress, Request
from sipcore.message.message import serialize
from sipcore.transport.flow import Address
from tests.freiton.calls.scene import ANNA, BEN, NORTH, open_switch, talk
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import SWITCH, trunk
from tests.support.virtual_wire import Packet

EAST = trunk(4, "east", handling=Handling.PROXY)
CAROL = "sip:carol@east.example"
RING_S = 60


def open_town() -> VirtualSwitch:
    switch = open_switch(ANNA, BEN, trunks=(NORTH, EAST))
    switch.carrier("east").domain = "east.example"
    return switch


def connect(switch: VirtualSwitch) -> tuple[Side, Side]:
    """Let Anna talk to Carol, who lives behind the neighbour."""
    caller = switch.phone("anna").call(CAROL)
    callee = switch.carrier("east").sides[-1]
    switch.carrier("east").answer(callee)
    assert caller.finals == [200]
    return caller, callee


def assert_untouched(switch: VirtualSwitch, records: int) -> None:
    """Nothing was charged, recorded or left behind."""
    switch.wire.advance(70)
    assert len(switch.log.rows) == records
    switch.assert_quiet()
    assert switch.parts.forwarding.next_deadline() is None


def stranger(switch: VirtualSwitch) -> ScriptedPhone:
    return ScriptedPhone(switch.wire, "mallory", ("192.0.2.66", 5060), switch=SWITCH)


def test_a_call_to_a_neighbour_is_proxied_and_its_dialog_comes_by() -> None:
    switch = open_town()
    before = len(switch.log.rows)
    caller, callee = connect(switch)
    invite = callee.received[0]
    assert invite.uri_text == CAROL
    assert invite.call_id == caller.call_id, "a proxy starts no dialog of its own"
    assert len(invite.values("via")) == 2
    assert len(invite.values("record-route")) == 2
    assert not invite.has("proxy-authorization")
    assert [one.method for one in callee.acks] == ["ACK"]
    switch.phone("anna").bye(caller)
    assert caller.bye_statuses == [200]
    assert callee.byes_received == 1
    assert not callee.received[-1].has("route")
    assert_untouched(switch, before)


def test_the_neighbour_may_hang_up_too() -> None:
    switch = open_town()
    caller, callee = connect(switch)
    switch.carrier("east").bye(callee)
    assert callee.bye_statuses == [200]
    assert caller.byes_received == 1


def test_a_call_from_a_neighbour_rings_every_phone_and_the_first_wins() -> None:
    switch = open_town()
    switch.phone("ben", 2).register()
    before = len(switch.log.rows)
    caller = switch.carrier("east").call("sip:ben@example.org")
    desk, mobile = switch.phone("ben"), switch.phone("ben", 2)
    desk.ring(desk.sides[-1])
    mobile.ring(mobile.sides[-1])
    assert caller.statuses == [180, 180]
    mobile.answer(mobile.sides[-1])
    assert caller.finals == [200]
    assert desk.sides[-1].is_cancelled
    assert "elsewhere" in desk.sides[-1].received[-1].required("reason")
    mobile.bye(mobile.sides[-1])
    assert caller.byes_received == 1
    assert_untouched(switch, before)


def test_a_lossy_wire_is_repeated_over() -> None:
    switch = open_town()
    seen: dict[tuple[object, object], int] = {}

    def loses(packet: Packet) -> bool:
        seen[packet[:2]] = seen.get(packet[:2], 0) + 1
        return seen[packet[:2]] % 3 == 1

    switch.wire.loses = loses
    caller = switch.phone("anna").call(CAROL)
    switch.wire.advance(10)
    switch.carrier("east").answer(switch.carrier("east").sides[-1])
    switch.wire.advance(20)
    assert caller.finals == [200]
    (callee,) = switch.carrier("east").sides
    assert callee.acks, "each repeat of the 200 gets its ACK"
    switch.phone("anna").bye(caller)
    switch.wire.advance(60)
    assert callee.byes_received == 1
    switch.assert_quiet()


def test_a_cancel_reaches_the_phone() -> None:
    switch = open_town()
    caller = switch.carrier("east").call("sip:ben@example.org")
    ben = switch.phone("ben")
    ben.ring(ben.sides[-1])
    switch.carrier("east").cancel(caller)
    assert ben.sides[-1].is_cancelled
    assert caller.finals == [487]


def test_nobody_answers_and_the_phone_stops_ringing() -> None:
    switch = open_town()
    before = len(switch.log.rows)
    caller = switch.carrier("east").call("sip:ben@example.org")
    ben = switch.phone("ben")
    ben.ring(ben.sides[-1])
    switch.wire.advance(RING_S + 1)
    assert ben.sides[-1].is_cancelled
    assert caller.finals == [408]
    assert_untouched(switch, before)


def test_a_dialog_outlives_the_process() -> None:
    switch = open_town()
    caller, callee = connect(switch)
    switch.crash()
    switch.start()
    switch.phone("anna").bye(caller)
    assert caller.bye_statuses == [200]
    assert callee.byes_received == 1


def test_a_redirection_to_a_colleague_is_followed() -> None:
    switch = open_town()
    caller = switch.carrier("east").call("sip:ben@example.org")
    ben, anna = switch.phone("ben"), switch.phone("anna")
    ben.refuse(ben.sides[-1], 302, fields=(("contact", "<sip:anna@example.org>"),))
    anna.answer(anna.sides[-1])
    assert caller.finals == [200]


def test_a_redirection_to_elsewhere_is_the_callers_business() -> None:
    switch = open_town()
    caller = switch.carrier("east").call("sip:ben@example.org")
    ben = switch.phone("ben")
    ben.refuse(ben.sides[-1], 302, fields=(("contact", "<sip:x@evil.example>"),))
    assert caller.finals == [302]


def test_messages_reach_a_neighbour_and_come_from_it() -> None:
    switch = open_town()
    anna, east = switch.phone("anna"), switch.carrier("east")
    anna.ask("MESSAGE", CAROL, body=b"hello")
    assert [one.uri_text for one in east.heard] == [CAROL]
    assert not east.heard[0].has("record-route")
    east.ask("MESSAGE", "sip:anna@example.org", body=b"hello")
    assert [one.method for one in anna.heard] == ["MESSAGE"]
    anna.ask("FOO", CAROL)
    assert east.heard[-1].has("record-route"), "it may begin a dialog (§16.6 step 4)"


def test_a_call_that_comes_back_unchanged_has_looped_and_changed_it_spirals() -> None:
    switch = open_town()
    east = switch.carrier("east")
    caller = east.call("sip:ben@example.org")
    ben, anna = switch.phone("ben"), switch.phone("anna")
    invite = ben.sides[-1].received[0]
    sent = watch(switch)
    for name in ("ben", "anna"):
        back = Request("INVITE", f"sip:{name}@example.org", invite.fields, invite.body)
        back.add_first("via", f"SIP/2.0/UDP {east.address[0]};branch=z9hG4bK{name}")
        switch.receive(serialize(back), east.address)
        switch.wire.settle()
    (loop,) = [data for target, data in sent() if target == east.address]
    assert loop.startswith(b"SIP/2.0 482 ")
    assert (len(ben.sides), len(anna.sides)) == (1, 1)
    assert caller.finals == []


def test_a_registration_with_the_neighbour_is_none_of_our_business() -> None:
    switch = open_town()
    anna = switch.phone("anna")
    anna.ask("REGISTER", "sip:east.example", fields=(("contact", anna.contact),))
    assert anna.statuses["REGISTER"][-1] in (403, 404)
    assert switch.carrier("east").heard == []
    assert switch.faults == []


def test_numbers_are_never_proxied() -> None:
    switch = open_town()
    for number in ("+4930123456", "030123456", "00431234567"):
        side = switch.phone("anna").call(f"sip:{number}@east.example")
        assert side.finals == [403]
    assert switch.carrier("east").sides == []


def test_calls_for_help_are_joined_even_at_a_neighbours_name() -> None:
    switch = open_town()
    side = switch.phone("anna").call("sip:112@east.example")
    assert switch.carrier("east").sides == []
    (rescue,) = switch.carrier("north").sides
    assert rescue.call_id != side.call_id


def test_neighbours_carry_no_calls_for_the_public_network() -> None:
    town = open_switch(ANNA, BEN, trunks=(replace(EAST, priority=0), NORTH))
    talk(town)
    assert town.carrier("east").sides == []


def test_privacy_that_a_proxy_cannot_give_is_not_promised() -> None:
    switch = open_town()
    side = switch.phone("anna").call(CAROL, fields=(("privacy", "header;critical"),))
    assert side.finals == [500]
    assert switch.phone("anna").call(CAROL, fields=(("privacy", "id"),)).finals == []


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize(
    "shown",
    ["<sip:110@east.example>", "<sip:+499001@east.example>", '"112" <sip:carol@east.example>'],
)
def test_what_shows_a_number_that_nobody_may_show_is_broken_off(method: str, shown: str) -> None:
    switch = open_town()
    east = switch.carrier("east")
    request = begin(east, method, "sip:ben@example.org")
    request.replace_first("from", f"{shown};tag=forbidden")
    heard = watch(switch)
    switch.receive(serialize(request), east.address)
    switch.wire.settle()
    assert [data.split()[1] for to, data in heard() if to == east.address] == [b"403"]
    assert switch.phone("ben").heard == []
    assert switch.phone("ben").sides == []


def test_while_draining_no_call_begins() -> None:
    switch = open_town()
    switch.drain()
    side = switch.phone("anna").call(CAROL)
    assert side.finals == [503]
    assert side.final.has("retry-after")


# Open relay.


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "SUBSCRIBE", "FOO"])
@pytest.mark.parametrize("uri", [CAROL, "sip:x@evil.example"])
def test_a_stranger_reaches_nobody_beyond(method: str, uri: str) -> None:
    switch = open_town()
    mallory = stranger(switch)
    sent = watch(switch)
    request = begin(mallory, method, uri)
    switch.receive(serialize(request), mallory.address)
    switch.wire.settle()
    assert {target for target, _ in sent()} <= {mallory.address}


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "BYE", "INFO", "ACK", "SUBSCRIBE"])
@pytest.mark.parametrize("has_to_tag", [True, False])
@pytest.mark.parametrize(
    "routes",
    [
        ("<sip:203.0.113.99;lr>",),
        ("<sip:192.0.2.1:5060;lr>", "<sip:203.0.113.99;lr>"),
        ("<sip:bm90IG91cnM@192.0.2.1:5060;lr>", "<sip:203.0.113.4;lr>"),
    ],
)
def test_neither_route_nor_to_tag_opens_a_way(
    method: str, routes: tuple[str, ...], *, has_to_tag: bool
) -> None:
    switch = open_town()
    mallory = stranger(switch)
    sent = watch(switch)
    request = begin(mallory, method, "sip:x@203.0.113.99", has_to_tag=has_to_tag)
    for route in routes:
        request.add("route", route)
    switch.receive(serialize(request), mallory.address)
    switch.wire.settle()
    answers = sent()
    assert {target for target, _ in answers} <= {mallory.address}
    allowed = {b"SIP/2.0 401", b"SIP/2.0 403", b"SIP/2.0 407", b"SIP/2.0 481", b"SIP/2.0 489"}
    assert {data[:11] for _, data in answers} <= allowed
    assert bool(answers) is (method != "ACK")


def test_who_takes_part_in_a_dialog_cannot_send_elsewhere_with_it() -> None:
    """Anna knows her Record-Route; it leads into the neighbour's network and nowhere else."""
    switch = open_town()
    caller, callee = connect(switch)
    anna = switch.phone("anna")
    for target in ("sip:+49900123@203.0.113.1", "sip:x@evileast.example", "tel:+49900123"):
        caller.target = target
        request = anna.send_in_dialog(caller, "INFO")
        switch.wire.settle()
        assert switch.carrier("north").heard == []
        assert request.method not in [one.method for one in callee.received]
    assert switch.parts.forwarding.relays_refused == 3


@pytest.mark.parametrize("host", ["east.example", "pbx.east.example", "203.0.113.4"])
def test_names_of_the_neighbour_lead_to_its_door(host: str) -> None:
    switch = open_town()
    caller, callee = connect(switch)
    caller.target = f"sip:carol@{host}"
    switch.phone("anna").bye(caller)
    assert callee.byes_received == 1
    assert callee.received[-1].uri_text == f"sip:carol@{host}"


def test_a_record_route_is_worth_nothing_in_another_dialog() -> None:
    switch = open_town()
    caller, callee = connect(switch)
    mallory = stranger(switch)
    for uri, has_to_tag in ((callee.target, True), (CAROL, False)):
        request = begin(mallory, "INVITE", uri, has_to_tag=has_to_tag)
        for route in caller.route_set:
            request.add("route", route)
        switch.receive(serialize(request), mallory.address)
        switch.wire.settle()
    assert len(switch.carrier("east").sides) == 1


def test_neighbours_and_carriers_are_not_joined_through_us() -> None:
    west = trunk(5, "west", handling=Handling.PROXY)
    switch = open_switch(ANNA, BEN, trunks=(NORTH, EAST, west))
    for name in ("east", "north"):
        side = switch.carrier(name).call("sip:dora@west.example")
        assert side.finals[0] in (403, 404)
    assert switch.carrier("west").sides == []


def begin(phone: ScriptedPhone, method: str, uri: str, *, has_to_tag: bool = False) -> Request:
    request = Request(method, uri)
    host, port = phone.address
    request.add("via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{has_to_tag}")
    request.add("max-forwards", "70")
    request.add("from", "<sip:anna@example.org>;tag=m")
    request.add("to", f"<{uri}>;tag=invented" if has_to_tag else f"<{uri}>")
    request.add("call-id", f"{method}-{uri}-{has_to_tag}")
    request.add("cseq", f"1 {method}")
    request.add("contact", phone.contact)
    request.add("event", "presence")
    return request


def watch(switch: VirtualSwitch) -> Callable[[], list[tuple[Address, bytes]]]:
    """Return a look at what the switch has sent since."""
    sent: list[tuple[Address, bytes]] = []
    deliver = switch.wire.deliver

    def delivering(packet: Packet) -> None:
        source, target, data = packet
        if source == SWITCH:
            sent.append((target, data))
        deliver(packet)

    switch.wire.deliver = delivering  # type: ignore[method-assign]
    return lambda: sent


def test_the_route_set_of_the_caller_names_us_twice() -> None:
    caller, _ = connect(open_town())
    hosts = [str(NameAddress.parse(one).uri).partition("@")[2] for one in caller.route_set]
    assert hosts == ["192.0.2.1:5060;lr", "192.0.2.1:5060;lr"]
