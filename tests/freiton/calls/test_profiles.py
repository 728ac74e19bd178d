"""What leaves over a trunk of each shipped profile, octet by octet where carriers look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freiton.config.trunk_profiles import read_trunk_presets
from freiton.routing.directory import Trunk, TrunkKind
from freiton.routing.trunk_profile import EmergencyForm
from sipcore.message import Request
from sipcore.message.message import serialize
from tests.freiton.calls.scene import ANNA, BEN
from tests.support.scripted_phones import Fields, ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, Town, trunk

OWN = "493023125001"
CALLED = "493023125900"


def of_profile(name: str, **changes: object) -> Trunk:
    """Make a trunk as `freiton trunk add --profile` does; over UDP, which the test's wire is."""
    preset = read_trunk_presets()[name]
    made = trunk(
        1,
        "north",
        profile=preset.profile,
        number_format=preset.number_format,
        sends_asserted_identity=preset.is_trusted,
        expires_s=preset.expires_s,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def registering(name: str) -> Trunk:
    return of_profile(
        name, kind=TrunkKind.REGISTRATION, username="+4930231250", secret="trunk-password"
    )


class Carrier:
    """A carrier's registrar that takes every REGISTER, with further fields in its answer."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self.fields = fields

    def __call__(self, request: Request) -> tuple[int, Fields]:
        if request.method != "REGISTER":
            return 200, ()
        contact = f"{request.required('contact')};expires=300"
        return 200, (("contact", contact), *self.fields)


def open_switch(behind: Trunk, *fields: tuple[str, str]) -> tuple[VirtualSwitch, ScriptedPhone]:
    switch = VirtualSwitch(Town((ANNA, BEN), ()))
    switch.phone("anna").register()
    switch.town = Town((ANNA, BEN), (behind,))
    north = switch.carrier("north")
    north.registrar = Carrier(*fields)
    switch.reload(switch.town)
    switch.wire.settle()
    return switch, north


def invite_over(behind: Trunk, dialled: str = GERMANY, *fields: tuple[str, str]) -> Request:
    switch, north = open_switch(behind)
    phone = switch.phone("anna")
    phone.call("nobody")  # its next INVITE is signed at once
    phone.call(dialled, fields=fields)
    return north.sides[0].received[0]


def head_of(message: Request) -> list[str]:
    """The lines of a message's head as they stand on the wire."""
    return serialize(message).partition(b"\r\n\r\n")[0].decode().split("\r\n")


def without_tag(value: str) -> str:
    return value.partition(";tag=")[0]


DIVERSION: Fields = (("diversion", f"<sip:+{OWN}@example.org>;reason=no-answer"),)

EXPECTED = {
    "plain": {
        "line": f"INVITE sip:+{CALLED}@north.example SIP/2.0",
        "from": f"<sip:+{OWN}@north.example>",
        "p-asserted-identity": None,
        "p-preferred-identity": None,
        "diversion": None,
        "history-info": None,
        "p-early-media": None,
    },
    "sipconnect-2.0": {
        "line": f"INVITE sip:+{CALLED}@north.example;user=phone SIP/2.0",
        "from": f"<sip:+{OWN}@north.example;user=phone>",
        "p-asserted-identity": f"<sip:+{OWN}@north.example;user=phone>",
        "p-preferred-identity": None,
        "diversion": None,
        "history-info": (
            f"<sip:+{OWN}@north.example>;index=1,"
            f" <sip:+{CALLED}@north.example;user=phone;cause=408>;index=1.1;mp=1"
        ),
        "p-early-media": None,
    },
    "telekom-1tr118": {
        "line": f"INVITE sip:+{CALLED}@north.example;user=phone SIP/2.0",
        "from": f"<sip:+{OWN}@north.example;user=phone>",
        "p-asserted-identity": None,
        "p-preferred-identity": f"<sip:+{OWN}@north.example;user=phone>",
        "diversion": None,
        "history-info": (
            f"<sip:+{OWN}@north.example>;index=1,"
            f" <sip:+{CALLED}@north.example;user=phone;cause=408>;index=1.1;mp=1"
        ),
        "p-early-media": "supported",
    },
    "plusnet": {
        "line": f"INVITE sip:00{CALLED}@north.example;user=phone SIP/2.0",
        "from": f"<sip:00{OWN}@north.example;user=phone>",
        "p-asserted-identity": f"<sip:00{OWN}@north.example;user=phone>",
        "p-preferred-identity": None,
        "diversion": f"<sip:00{OWN}@north.example>;reason=no-answer",
        "history-info": None,
        "p-early-media": None,
    },
}
EXPECTED["telekom-1tr119"] = EXPECTED["telekom-1tr118"]


@pytest.mark.parametrize("name", sorted(read_trunk_presets()))
def test_an_invite_of_a_diverted_call_is_written_as_the_profile_says(name: str) -> None:
    invite = invite_over(of_profile(name), GERMANY, *DIVERSION)
    expected = EXPECTED[name]
    lines = head_of(invite)
    assert lines[0] == expected["line"]
    assert without_tag(invite.required("from")) == expected["from"]
    assert f"To: <{lines[0].split()[1]}>" in lines
    for key in ("p-asserted-identity", "p-preferred-identity", "diversion", "history-info"):
        assert invite.value(key) == expected[key], key
    assert invite.value("p-early-media") == expected["p-early-media"]
    assert not invite.has("privacy")


@pytest.mark.parametrize("name", sorted(read_trunk_presets()))
def test_a_hidden_caller_is_told_to_those_alone_who_keep_it(name: str) -> None:
    behind = of_profile(name)
    invite = invite_over(behind, f"*31#{GERMANY}")
    assert without_tag(invite.required("from")) == ('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert invite.required("privacy") == "id"
    told = [key for key, value in invite.fields if OWN[2:] in value]
    header = str(behind.profile.identity_header)
    assert told == ([header] if behind.sends_asserted_identity else [])


@pytest.mark.parametrize("name", sorted(read_trunk_presets()))
@pytest.mark.parametrize("dialled", ["110", "112"])
def test_help_is_called_in_digits_with_the_callers_number(name: str, dialled: str) -> None:
    invite = invite_over(of_profile(name, is_emergency=True), dialled)
    assert invite.uri_text == f"sip:{dialled}@north.example"
    assert OWN in invite.required("from")
    assert invite.required("priority") == "emergency"


def test_the_session_interval_asked_for_is_the_profiles() -> None:
    """RFC 4028 §7.1."""
    behind = of_profile("plain")
    assert invite_over(behind).required("session-expires").startswith("1800")
    slower = replace(behind, profile=replace(behind.profile, session_expires_s=5400))
    assert invite_over(slower).required("session-expires").startswith("5400")


def test_110_and_112_are_written_as_service_names_where_a_carrier_reads_those() -> None:
    """RFC 5031 §4.2."""
    behind = of_profile("plain", is_emergency=True)
    named = replace(behind, profile=replace(behind.profile, emergency=EmergencyForm.URN))
    for dialled, urn in (("112", "urn:service:sos"), ("110", "urn:service:sos.police")):
        invite = invite_over(named, dialled)
        assert head_of(invite)[0] == f"INVITE {urn} SIP/2.0"
        assert f"To: <{urn}>" in head_of(invite)


def test_110_may_be_written_with_the_country_code() -> None:
    behind = of_profile("plain", is_emergency=True)
    with_code = replace(behind, profile=replace(behind.profile, emergency=EmergencyForm.E164))
    assert invite_over(with_code, "110").uri_text == "sip:+49110@north.example"


def test_a_carrier_that_cannot_do_100rel_is_not_offered_it() -> None:
    """RFC 3262 §4."""
    behind = of_profile("plain")
    assert "100rel" in invite_over(behind).tokens("supported")
    without = replace(behind, profile=replace(behind.profile, offers_reliable=False))
    offered = invite_over(without).tokens("supported")
    assert "100rel" not in offered
    assert "timer" in offered


REGISTERS = {
    "plain": ("<sip:+4930231250@192.0.2.1:5060>", None, 600),
    "sipconnect-2.0": ("<sip:192.0.2.1:5060;bnc>", "gin", 3600),
    "telekom-1tr118": ("<sip:+4930231250@192.0.2.1:5060>", None, 480),
    "telekom-1tr119": ("<sip:192.0.2.1:5060;bnc>", "gin", 600),
    "plusnet": ("<sip:+4930231250@192.0.2.1:5060>", None, 600),
}


@pytest.mark.parametrize("name", sorted(read_trunk_presets()))
def test_a_register_is_written_as_the_profile_says(name: str) -> None:
    """RFC 6140 §5 where it is the profile's form: one Contact, no user, and nobody may not know."""
    switch, north = open_switch(registering(name))
    contact, option, expires_s = REGISTERS[name]
    register = next(one for one in north.heard if one.method == "REGISTER")
    lines = head_of(register)
    assert lines[0] == "REGISTER sip:north.example SIP/2.0"
    assert f"Contact: {contact}" in lines
    assert f"Expires: {expires_s}" in lines
    assert "To: <sip:+4930231250@north.example>" in lines
    for key in ("require", "proxy-require"):
        assert register.value(key) == option
    assert register.value("supported") == (None if option is None else "path")
    assert switch.parts.carriers.is_registered(1, now=switch.wire.now)
    switch.wire.advance(254)
    count = len([one for one in north.heard if one.method == "REGISTER"])
    switch.wire.advance(2)
    assert len([one for one in north.heard if one.method == "REGISTER"]) == count + 1, (
        "the interval granted for our contact counts"
    )


def test_calls_go_over_the_proxies_that_the_registrar_names() -> None:
    """RFC 3608 §5: the Service-Route of the registration, preloaded in its order."""
    route = ("service-route", "<sip:p1.north.example;lr>, <sip:p2.north.example;lr>")
    switch, north = open_switch(registering("sipconnect-2.0"), route)
    switch.phone("anna").call(GERMANY)
    invite = north.sides[0].received[0]
    assert invite.values("route") == ["<sip:p1.north.example;lr>", "<sip:p2.north.example;lr>"]


@pytest.mark.parametrize(
    "value",
    [
        "<sip:p1.north.example>",
        "<tel:+49301;lr>",
        "<sip:p1.north.example;lr",
        ", ".join(["<sip:p@x.example;lr>"] * 9),
    ],
)
def test_a_service_route_that_cannot_be_used_is_none(value: str) -> None:
    switch, north = open_switch(registering("plain"), ("service-route", value))
    switch.phone("anna").call(GERMANY)
    assert not north.sides[0].received[0].has("route")


# Whether a carrier is there.


def pings(north: ScriptedPhone) -> list[Request]:
    return [one for one in north.heard if one.method == "OPTIONS"]


def test_a_carrier_is_asked_at_the_pace_of_its_profile() -> None:
    switch, north = open_switch(of_profile("plusnet"))
    switch.wire.advance(0.1)
    assert len(pings(north)) == 1
    assert head_of(pings(north)[0])[0] == "OPTIONS sip:north.example SIP/2.0"
    switch.wire.advance(59)
    assert len(pings(north)) == 1
    switch.wire.advance(2)
    assert len(pings(north)) == 2
    quiet, silent = open_switch(of_profile("plain"))
    quiet.wire.advance(600)
    assert pings(silent) == []


def test_a_carrier_that_does_not_answer_comes_last_until_it_does() -> None:
    first, second = of_profile("plusnet"), trunk(2, "south")
    switch = VirtualSwitch(Town((ANNA, BEN), (first, second)))
    north, south = switch.carrier("north"), switch.carrier("south")
    switch.phone("anna").register()
    north.is_dead = True
    switch.wire.advance(33)
    assert not switch.parts.carriers.is_answering(1)
    switch.phone("anna").call(GERMANY)
    assert (len(north.sides), len(south.sides)) == (0, 1)
    north.is_dead = False
    switch.wire.advance(16)
    assert switch.parts.carriers.is_answering(1)
    switch.phone("anna").call(GERMANY)
    assert len(north.sides) == 1


@pytest.mark.parametrize(("status", "is_there"), [(404, True), (501, True), (503, False)])
def test_any_answer_but_out_of_order_says_that_somebody_is_there(
    status: int, *, is_there: bool
) -> None:
    switch = VirtualSwitch(Town((ANNA, BEN), (of_profile("plusnet"),)))
    north = switch.carrier("north")
    north.answers["OPTIONS"] = status
    north.registrar = lambda _request: (status, ())
    switch.wire.advance(1)
    assert switch.parts.carriers.is_answering(1) is is_there


def test_a_trunk_out_of_service_is_asked_no_more() -> None:
    switch, north = open_switch(of_profile("plusnet"))
    switch.wire.advance(1)
    switch.reload(Town((ANNA, BEN), ()))
    count = len(pings(north))
    switch.wire.advance(300)
    assert len(pings(north)) == count
    switch.assert_quiet()


def test_the_test_speaks_of_every_shipped_profile() -> None:
    assert set(EXPECTED) == set(REGISTERS) == set(read_trunk_presets())
