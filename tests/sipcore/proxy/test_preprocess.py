"""What is left of a request once the Routes through us are off: RFC 3261 §16.4, §16.12.1."""

from __future__ import annotations

import pytest

from sipcore.message.message import Request
from sipcore.proxy import Refusal, Routed, Side
from sipcore.transaction.commands import SendRequest
from sipcore.transport.flow import Flow
from tests.sipcore.proxy.builders import (
    FIRST,
    SENDER,
    TCP,
    admitted,
    forward,
    message,
    proxy,
    sent,
)

CONTACT = "sip:ben@203.0.113.1:5062"


def invited() -> SendRequest:
    """Begin a dialog that we record."""
    request = message(method="INVITE")
    (command,) = sent(forward(proxy(), request, [FIRST], sender=Side(SENDER)))
    return command


def in_dialog(uri: str, routes: list[str], *, from_tag: str = "1", to_tag: str = "2") -> Request:
    request = Request("BYE", uri)
    request.add("via", "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK2")
    request.add("from", f"<sip:anna@example.org>;tag={from_tag}")
    request.add("to", f"<sip:ben@example.org>;tag={to_tag}")
    request.add("call-id", "a")
    request.add("cseq", "8 BYE")
    for route in routes:
        request.add("route", route)
    return request


def test_two_entries_stand_on_top_one_for_each_side() -> None:
    request = message(method="INVITE", fields=(("record-route", "<sip:edge.example;lr>"),))
    tcp = Flow(TCP, ("203.0.113.9", 5060), 3)
    target = type(FIRST)("sip:ben@203.0.113.9", tcp)
    (command,) = sent(forward(proxy(), request, [target], sender=Side(SENDER)))
    out, back, theirs = command.request.values("record-route")
    assert out.endswith("@192.0.2.1:5060;transport=tcp;lr>")
    assert back.endswith("@192.0.2.1:5060;lr>")
    assert theirs == "<sip:edge.example;lr>"


def test_a_request_without_sender_is_not_recorded() -> None:
    (command,) = sent(forward(proxy(), message(), [FIRST]))
    assert not command.request.has("record-route")


def test_the_caller_is_led_to_the_callee_and_back() -> None:
    recorded = invited().request.values("record-route")
    to_callee = admitted(proxy(), in_dialog(CONTACT, recorded[::-1]))
    assert to_callee.side == FIRST.side
    to_caller = admitted(proxy(), in_dialog(CONTACT, recorded, from_tag="2", to_tag="1"))
    assert to_caller.side == Side(SENDER)
    assert not to_caller.request.has("route")
    assert to_caller.passed == tuple(recorded)


def test_routes_behind_us_stay() -> None:
    recorded = invited().request.values("record-route")
    routes = [*recorded[::-1], "<sip:p2.example;lr>", "<sip:p3.example;lr>"]
    routed = admitted(proxy(), in_dialog(CONTACT, routes))
    assert routed.request.values("route") == routes[2:]
    assert routed.request.uri_text == CONTACT


def test_a_strict_router_before_us_is_repaired() -> None:
    """It put our entry into the Request-URI, and the Request-URI last (§16.12.1.2)."""
    out, back = invited().request.values("record-route")
    strict = in_dialog(back[1:-1], [out, "<sip:p2.example;lr>", f"<{CONTACT}>"])
    routed = admitted(proxy(), strict)
    assert routed.request.uri_text == CONTACT
    assert routed.request.values("route") == ["<sip:p2.example;lr>"]
    assert routed.side == FIRST.side
    assert routed.passed == (back, out)


def test_a_strict_router_behind_us_finds_itself_in_the_request_uri() -> None:
    recorded = invited().request.values("record-route")
    bye = in_dialog(CONTACT, [*recorded[::-1], "<sip:p3.middle.example>", "<sip:p2.example;lr>"])
    (command,) = sent(forward(proxy(), bye, [type(FIRST)(CONTACT, FIRST.flow)]))
    assert command.request.uri_text == "sip:p3.middle.example"
    assert command.request.values("route") == ["<sip:p2.example;lr>", f"<{CONTACT}>"]


def test_within_a_dialog_our_entries_stand_as_they_did() -> None:
    recorded = invited().request.values("record-route")
    bye = in_dialog(CONTACT, recorded[::-1])
    (command,) = sent(forward(proxy(), bye, [type(FIRST)(CONTACT, FIRST.flow)]))
    assert command.request.values("record-route") == recorded
    assert not command.request.has("route")


def test_our_name_alone_is_no_sign_of_a_dialog() -> None:
    routed = admitted(proxy(), in_dialog(CONTACT, ["<sip:example.org;lr>"]))
    assert routed.side is None


@pytest.mark.parametrize(
    "routes",
    [
        ["<sip:evil.example;lr>"],
        ["<sip:example.org;lr>", "<sip:evil.example;lr>"],
        ["<sip:example.org:5999;lr;foo>", "<sip:evil.example>"],
    ],
)
def test_an_invented_to_tag_opens_nothing(routes: list[str]) -> None:
    refusal = proxy().admit(in_dialog(CONTACT, routes))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.reason) == (403, "Relaying Denied")


def test_an_entry_from_a_dialog_opens_no_other_and_no_new_one() -> None:
    recorded = invited().request.values("record-route")
    evil = [*recorded[::-1], "<sip:evil.example;lr>"]
    other = in_dialog(CONTACT, evil, from_tag="7", to_tag="8")
    new = message(method="INVITE", fields=tuple(("route", one) for one in evil))
    for request in (other, new):
        refusal = proxy().admit(request)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 403


def test_an_own_maddr_is_stripped_with_what_leads_here() -> None:
    uri = "sip:ben:secret@example.org:5060;transport=udp;maddr=192.0.2.1;user=phone"
    routed = admitted(proxy(), message(uri=uri))
    assert routed.request.uri_text == "sip:ben:secret@example.org;user=phone"
    assert routed.passed == ()


def test_what_has_no_route_is_passed_on_as_it_is() -> None:
    request = message()
    routed = proxy().admit(request)
    assert isinstance(routed, Routed)
    assert routed.request is request
