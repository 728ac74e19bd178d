"""What the carrier is told of a caller: what we built, and nothing that the phone wrote."""

from __future__ import annotations

from sipcore.message import Request
from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.support.scripted_phones import Fields
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE

NUMBER = "+493023125001"


def invite_at_the_carrier(*fields: tuple[str, str]) -> Request:
    switch: VirtualSwitch = open_switch(ANNA, BEN)
    phone = switch.phone("anna")
    phone.call("nobody")  # its next INVITE is signed at once, fields and all
    phone.call(MOBILE, fields=fields)
    return switch.carrier("north").sides[0].received[0]


def test_from_is_the_assigned_number_whatever_the_phone_shows() -> None:
    invite = invite_at_the_carrier()
    assert NUMBER in invite.required("from")
    assert "anna" not in invite.required("from")


def test_a_number_of_somebody_else_becomes_the_callers_own() -> None:
    switch = open_switch(ANNA, BEN)
    phone = switch.phone("anna")
    phone.shown_as = "+4915799999999"
    preferred = ("p-preferred-identity", "<sip:+493023125002@example.org>")
    phone.call(MOBILE, fields=(preferred,))
    invite = switch.carrier("north").sides[0].received[0]
    assert f"sip:{NUMBER}@" in invite.required("from")


def test_only_listed_headers_cross() -> None:
    smuggled: Fields = (
        ("p-asserted-identity", "<sip:+4915799999999@example.org>"),
        ("remote-party-id", "<sip:+4915799999999@example.org>"),
        ("diversion", "<sip:+4915799999999@example.org>"),
        ("x-account", "someone-else"),
        ("subject", "secret"),
        ("user-agent", "Phone/1.0"),
        ("route", "<sip:192.0.2.66;lr>"),
    )
    invite = invite_at_the_carrier(*smuggled)
    for key, value in smuggled:
        assert value not in invite.values(key), key
    assert not invite.has("authorization")
    allowed = {
        "via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "allow", "supported",
        "session-expires", "min-se", "content-type", "content-length", "p-asserted-identity",
        "privacy",
    }  # fmt: skip
    assert {key for key, _ in invite.fields} <= allowed


def test_who_hides_is_hidden_in_every_header() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("anna").call(f"*31#{MOBILE}")
    invite = switch.carrier("north").sides[0].received[0]
    assert invite.required("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert invite.required("privacy") == "id"
    shown = [key for key, value in invite.fields if NUMBER[3:] in value]
    assert shown in ([], ["p-asserted-identity"])
