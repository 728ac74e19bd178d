"""One device among others: its several flows (RFC 5626), its GRUUs (RFC 5627), its Path (3327)."""

from __future__ import annotations

import re

import pytest

from freiton.routing.refusals import RefusalCause
from sipcore.b2bua.settings import DEFAULT_SETTINGS
from sipcore.transport.flow import Address
from tests.freiton.calls.scene import ANNA, BEN, NORTH, assert_refused, open_switch
from tests.support.scripted_phones import Fields, ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch, shipped_config
from tests.support.virtual_town import PASSWORD, SWITCH, Town

URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
ASKS: Fields = (("supported", "path, outbound, gruu"),)


def ben_at(switch: VirtualSwitch, name: str, address: Address) -> ScriptedPhone:
    """One more place that Ben's account is reached at."""
    phone = ScriptedPhone(switch.wire, name, address, switch=SWITCH, user="ben", password=PASSWORD)
    switch.phones[name] = phone
    return phone


def register(
    phone: ScriptedPhone, parameters: str = f';+sip.instance="<{URN}>"', *, call_id: str = ""
) -> str:
    """Register a device with GRUU and outbound; return the Contact of the answer."""
    phone.register(contact=phone.contact + parameters, fields=ASKS, call_id=call_id)
    contacts = phone.replies[-1].entries("contact")
    mine = [one for one in contacts if one.startswith(phone.contact)]
    return mine[0] if mine else ""


def gruu(contact: str, kind: str) -> str:
    found = re.search(rf'{kind}-gruu="([^"]*)"', contact)
    assert found is not None, contact
    return found[1]


def two_flows() -> tuple[VirtualSwitch, ScriptedPhone, ScriptedPhone]:
    """Ben's phone keeps two flows; the second is the fresher one."""
    switch = open_switch(ANNA)
    switch.reload(Town((ANNA, BEN), (NORTH,)))
    one = ben_at(switch, "one", ("198.51.100.21", 5060))
    two = ben_at(switch, "two", ("198.51.100.22", 5060))
    register(one, f';reg-id=1;+sip.instance="<{URN}>"')
    switch.wire.advance(5)
    register(two, f';reg-id=2;+sip.instance="<{URN}>"')
    return switch, one, two


def test_a_device_with_two_flows_rings_once_over_the_fresher() -> None:
    switch, one, two = two_flows()
    assert two.replies[-1].tokens("require") == ["outbound"]
    switch.phone("anna").call("ben")
    assert (len(one.sides), len(two.sides)) == (0, 1)


@pytest.mark.parametrize("how", ["430", "silence", "icmp"])
def test_when_a_flow_fails_the_next_one_of_the_device_is_tried(how: str) -> None:
    switch, one, two = two_flows()
    two.is_dead = how != "430"
    caller = switch.phone("anna").call("ben")
    if how == "430":
        two.refuse(two.sides[0], 430)
    elif how == "icmp":
        switch.fail_flow(two.address)
    else:
        switch.wire.advance(DEFAULT_SETTINGS.silence_s + 0.1)
    one.answer(one.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").bye(caller)
    switch.wire.advance(80)
    switch.assert_quiet()


def test_busy_is_an_answer_of_the_device_and_not_of_its_flow() -> None:
    switch, one, two = two_flows()
    caller = switch.phone("anna").call("ben")
    two.refuse(two.sides[0], 486)
    assert caller.finals == [486]
    assert one.sides == []


def two_devices() -> tuple[VirtualSwitch, ScriptedPhone, str, str]:
    """Ben has a desk phone without a name and a mobile with one."""
    switch = open_switch(ANNA, BEN)
    mobile = ben_at(switch, "mobile", ("198.51.100.30", 5060))
    contact = register(mobile, call_id="first")
    return switch, mobile, gruu(contact, "pub"), gruu(contact, "temp")


@pytest.mark.parametrize("kind", [2, 3])
def test_a_call_to_a_gruu_reaches_that_device_alone(kind: int) -> None:
    found = two_devices()
    switch, mobile, uri = found[0], found[1], str(found[kind])
    caller = switch.phone("anna").call(uri)
    assert switch.phone("ben").sides == []
    mobile.answer(mobile.sides[0])
    assert caller.finals == [200]
    switch.phone("anna").call("ben")
    assert (len(switch.phone("ben").sides), len(mobile.sides)) == (1, 2)


@pytest.mark.parametrize("kind", [2, 3])
def test_so_does_a_message(kind: int) -> None:
    found = two_devices()
    switch, mobile, uri = found[0], found[1], str(found[kind])
    switch.phone("anna").ask("MESSAGE", uri, body=b"hello")
    assert [one.method for one in mobile.heard] == ["MESSAGE"]
    assert switch.phone("ben").heard == []
    assert switch.phone("anna").statuses["MESSAGE"] == [200]


def test_a_temporary_gruu_that_is_dead_leads_nowhere() -> None:
    switch, mobile, _, temporary = two_devices()
    register(mobile, call_id="second")
    assert_refused(switch, switch.phone("anna").call(temporary), RefusalCause.UNKNOWN_NUMBER)
    switch.phone("anna").ask("MESSAGE", temporary, body=b"hello")
    assert switch.phone("anna").statuses["MESSAGE"] == [404]


def test_a_public_gruu_of_a_device_that_is_gone_is_not_there() -> None:
    switch, mobile, public, _ = two_devices()
    mobile.register(0, contact=mobile.contact)
    assert_refused(switch, switch.phone("anna").call(public), RefusalCause.NOT_REGISTERED)
    assert switch.phone("ben").sides == []


def test_gruus_live_on_after_a_restart() -> None:
    switch, mobile, public, temporary = two_devices()
    switch.crash()
    switch.start()
    for number, uri in enumerate((public, temporary), start=1):
        switch.phone("anna").call(uri)
        assert len(mobile.sides) == number
    assert switch.phone("ben").sides == []


def test_a_gruu_is_no_contact() -> None:
    _, mobile, public, _ = two_devices()
    mobile.register(contact=f"<{public}>")
    assert mobile.statuses["REGISTER"][-1] == 403


def test_a_path_that_the_device_does_not_know_of_is_refused() -> None:
    switch = open_switch(ANNA, BEN)
    ben = switch.phone("ben")
    ben.register(fields=(("path", "<sip:198.51.100.99;lr>"),))
    assert ben.statuses["REGISTER"][-1] == 420
    assert ben.replies[-1].tokens("unsupported") == ["path"]


def test_requests_take_the_path_of_the_registration() -> None:
    switch = open_switch(ANNA, BEN)
    ben = switch.phone("ben")
    path = "<sip:token@198.51.100.99;lr;ob>"
    ben.register(fields=(("path", path), ("supported", "path"), ("require", "path")))
    assert ben.statuses["REGISTER"][-1] == 200
    assert ben.replies[-1].entries("path") == [path]
    switch.phone("anna").call("ben")
    assert ben.sides[-1].invite is not None
    assert ben.sides[-1].invite.entries("route") == [path]


def test_what_nobody_here_can_do_is_refused_by_name() -> None:
    switch = open_switch(ANNA, BEN)
    ben = switch.phone("ben")
    ben.register(fields=(("require", "gruu, teleport"),))
    assert ben.statuses["REGISTER"][-1] == 420
    assert ben.replies[-1].tokens("unsupported") == ["teleport"]


def test_a_service_route_is_told_when_wanted_and_calls_may_follow_it() -> None:
    settings = shipped_config()
    registration = settings.registration.model_copy(update={"service_route": True})
    switch = VirtualSwitch(
        Town((ANNA, BEN), (NORTH,)),
        settings=settings.model_copy(update={"registration": registration}),
    )
    anna, ben = switch.phone("anna"), switch.phone("ben")
    anna.register()
    ben.register()
    route = anna.replies[-1].required("service-route")
    assert route == "<sip:192.0.2.1:5060;lr>"
    caller = anna.call("ben", fields=(("route", route),))
    ben.answer(ben.sides[0])
    assert caller.finals == [200]
    anna.ask("MESSAGE", "sip:ben@example.org", fields=(("route", route),), body=b"hello")
    assert anna.statuses["MESSAGE"] == [200]


def test_no_service_route_is_told_as_shipped() -> None:
    switch = open_switch(ANNA)
    assert not switch.phone("anna").replies[-1].has("service-route")
