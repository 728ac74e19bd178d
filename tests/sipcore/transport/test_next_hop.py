"""Where requests go."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message import Request, parse_uri
from sipcore.transport.flow import Listener, Transport
from sipcore.transport.next_hop import NextHop, choose_listener, next_hop, target_uri

UDP4 = Listener("udp4", Transport.UDP, ("192.0.2.1", 5060))
UDP6 = Listener("udp6", Transport.UDP, ("2001:db8::1", 5060))
TCP4 = Listener("tcp4", Transport.TCP, ("0.0.0.0", 5060), ("192.0.2.1", 5060))  # noqa: S104 - not bound


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:bob@192.0.2.9", NextHop("192.0.2.9", 5060, Transport.UDP)),
        ("sip:bob@192.0.2.9:5080;transport=TCP", NextHop("192.0.2.9", 5080, Transport.TCP)),
        ("sip:carrier.example;transport=udp", NextHop("carrier.example", 5060, Transport.UDP)),
        ("sip:[2001:DB8:0::9]:5061", NextHop("2001:db8::9", 5061, Transport.UDP)),
        ("sip:bob@h;maddr=192.0.2.5;lr", NextHop("192.0.2.5", 5060, Transport.UDP)),
    ],
)
def test_next_hop_of_a_uri(uri: str, hop: NextHop) -> None:
    assert next_hop(parse_uri(uri)) == hop
    assert hash(next_hop(parse_uri(uri))) == hash(hop)


def test_numeric_hosts_need_no_resolver() -> None:
    assert NextHop("192.0.2.9", 5060, Transport.UDP).is_numeric
    assert NextHop("2001:db8::9", 5060, Transport.UDP).is_numeric
    assert not NextHop("carrier.example", 5060, Transport.UDP).is_numeric


@pytest.mark.parametrize(
    "uri",
    ["sips:bob@h", "sips:bob@h;transport=tcp", "sip:bob@h;transport=tls", "sips:h;transport=TLS"],
)
def test_tls_has_a_port_of_its_own(uri: str) -> None:
    assert next_hop(parse_uri(uri)) == NextHop("h", 5061, Transport.TLS)


@pytest.mark.parametrize(
    "uri",
    ["sips:bob@h;transport=udp", "tel:+4930123", "urn:service:sos", "sip:h;transport=ws"],
)
def test_what_cannot_be_reached_is_refused(uri: str) -> None:
    with pytest.raises(RemoteError) as caught:
        next_hop(parse_uri(uri))
    assert caught.value.status_hint == 416


def test_the_top_route_decides_before_the_request_uri() -> None:
    request = Request("BYE", "sip:bob@h")
    assert str(target_uri(request)) == "sip:bob@h"
    request.add("route", "<sip:first;lr>, <sip:second;lr>")
    assert str(target_uri(request)) == "sip:first;lr"


def test_the_listener_fits_transport_and_ip_version() -> None:
    listeners = (UDP4, UDP6, TCP4)
    assert choose_listener(listeners, Transport.UDP, "198.51.100.7") is UDP4
    assert choose_listener(listeners, Transport.UDP, "2001:db8::7") is UDP6
    assert choose_listener(listeners, Transport.UDP, "fe80::1%eth0") is UDP6
    assert choose_listener(listeners, Transport.TCP, "198.51.100.7") is TCP4
    assert choose_listener(listeners, Transport.TCP, "2001:db8::7") is None
