"""The entries that keep us on the way of a dialog, and nobody else's requests off it."""

from __future__ import annotations

import pytest

from sipcore.errors import LocalError
from sipcore.message.address import NameAddress
from sipcore.message.message import Request
from sipcore.message.uri import SipUri
from sipcore.proxy import RecordRoutes, Side
from sipcore.transport.flow import Flow, Listener
from tests.sipcore.proxy.builders import FIRST, KEY, SENDER, TCP, TLS, UDP, message

ROUTES = RecordRoutes(KEY, {"udp": UDP, "tcp": TCP})
DEVICE = Side(Flow(TCP, ("2001:db8::7", 40_000), 1_795_338_639_837))
NETWORK = Side(network="east")


def uri_of(entry: str) -> SipUri:
    uri = NameAddress.parse(entry).uri
    assert isinstance(uri, SipUri)
    return uri


def entry(side: Side, listener: Listener = UDP, *, is_secure: bool = False) -> SipUri:
    return uri_of(ROUTES.entry(side, listener, message(method="INVITE"), is_secure=is_secure))


def in_dialog(*, call_id: str = "a", from_tag: str = "1", to_tag: str = ";tag=2") -> Request:
    request = Request("BYE", "sip:ben@203.0.113.1")
    request.add("from", f"<sip:anna@example.org>;tag={from_tag}")
    request.add("to", f"<sip:ben@example.org>{to_tag}")
    request.add("call-id", call_id)
    return request


@pytest.mark.parametrize("side", [DEVICE, NETWORK])
def test_both_sides_of_the_dialog_bring_it_back(side: Side) -> None:
    for request in (in_dialog(), in_dialog(from_tag="2", to_tag=";tag=1")):
        assert ROUTES.side_of(entry(side), request) == side


@pytest.mark.parametrize(
    "other",
    [
        in_dialog(call_id="b"),
        in_dialog(from_tag="3"),
        in_dialog(to_tag=""),
        in_dialog(from_tag="2", to_tag=";tag=3"),
    ],
)
def test_another_dialog_has_no_use_for_it(other: Request) -> None:
    assert ROUTES.side_of(entry(NETWORK), other) is None


def test_every_octet_counts() -> None:
    user = entry(DEVICE).escaped_user or ""
    for place, was in enumerate(user[:-1]):
        changed = user[:place] + ("A" if was != "A" else "B") + user[place + 1 :]
        assert ROUTES.side_of(SipUri(UDP.sent_by, user=changed), in_dialog()) is None


@pytest.mark.parametrize("user", [None, "anna", "%FF", "é", "A" * 300, "AAAA", "A"])
def test_what_is_no_entry(user: str | None) -> None:
    assert ROUTES.side_of(SipUri(UDP.sent_by, user=user), in_dialog()) is None


def test_an_entry_of_another_key_is_not_ours() -> None:
    others = RecordRoutes(b"another key of 16", {"udp": UDP, "tcp": TCP})
    assert others.side_of(entry(NETWORK), in_dialog()) is None


def test_a_listener_that_is_gone_leads_nowhere() -> None:
    assert RecordRoutes(KEY, {"udp": UDP}).side_of(entry(DEVICE), in_dialog()) is None


def test_the_uri_says_how_to_reach_the_listener() -> None:
    assert entry(NETWORK).is_loose_router
    assert (entry(NETWORK).host_port, entry(NETWORK).transport) == ("192.0.2.1:5060", None)
    assert entry(NETWORK, TCP).transport == "tcp"
    assert entry(NETWORK, TLS).transport == "tls"
    secure = entry(NETWORK, TLS, is_secure=True)
    assert (secure.scheme, secure.host_port, secure.transport) == ("sips", "192.0.2.1:5061", None)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(LocalError):
        RecordRoutes(b"short", {})


def test_sides_are_values() -> None:
    assert Side(SENDER) == Side(SENDER) != Side(FIRST.flow)
    assert len({Side(SENDER), Side(SENDER), NETWORK}) == 2
