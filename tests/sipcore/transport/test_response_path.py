"""Where responses go (RFC 3261 §18.2, RFC 3581 §4)."""

from __future__ import annotations

import pytest

from sipcore.message import Request
from sipcore.transport.flow import Address, Flow, Listener, Transport
from sipcore.transport.response_path import note_source, reopened_flow, response_flow

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TCP = Listener("tcp", Transport.TCP, ("192.0.2.1", 5060))
SOURCE: Address = ("198.51.100.7", 40000)


def request(via: str) -> Request:
    return Request("OPTIONS", "sip:h", [("to", "<sip:a@h>"), ("via", via)])


@pytest.mark.parametrize(
    ("via", "noted"),
    [
        # RFC 3581 §4: both, even when the address is the same.
        ("h;rport;branch=1", "h;rport=40000;branch=1;received=198.51.100.7"),
        ("198.51.100.7:9;rport", "198.51.100.7:9;rport=40000;received=198.51.100.7"),
        # §18.2.1: a name, or another address.
        ("Phone.Example", "Phone.Example;received=198.51.100.7"),
        ("10.0.0.1:5070;branch=1", "10.0.0.1:5070;branch=1;received=198.51.100.7"),
        ("198.51.100.7;branch=1", "198.51.100.7;branch=1"),
        # What the sender claims to have received is replaced or taken out.
        ("h;received=203.0.113.66", "h;received=198.51.100.7"),
        ("198.51.100.7;received=203.0.113.66;branch=1", "198.51.100.7;branch=1"),
        ("h;rport=1;received=203.0.113.66", "h;rport=40000;received=198.51.100.7"),
    ],
)
def test_the_source_is_noted(via: str, noted: str) -> None:
    received = request(f"SIP/2.0/UDP {via}")
    note_source(received, Flow(UDP, SOURCE))
    assert received.value("via") == f"SIP/2.0/UDP {noted}"
    assert str(received.via).lower() == f"SIP/2.0/UDP {noted}".lower()


def test_the_vias_below_and_the_other_fields_stay() -> None:
    received = request('SIP/2.0/UDP h;rport;x="a,b;c" , SIP/2.0/TCP below;branch=2')
    received.add("via", "SIP/2.0/UDP last")
    note_source(received, Flow(UDP, SOURCE))
    assert received.fields == [
        ("to", "<sip:a@h>"),
        (
            "via",
            'SIP/2.0/UDP h;rport=40000;x="a,b;c";received=198.51.100.7, SIP/2.0/TCP below;branch=2',
        ),
        ("via", "SIP/2.0/UDP last"),
    ]
    assert [via.host for via in received.vias] == ["h", "below", "last"]


def test_ipv6() -> None:
    flow = Flow(UDP, ("2001:db8::7", 40000))
    same = request("SIP/2.0/UDP [2001:db8::7]:5070")
    note_source(same, flow)
    assert same.via.received is None
    assert response_flow(same, flow).remote == ("2001:db8::7", 5070)
    link_local = Flow(UDP, ("fe80::1%eth0", 40000))
    other = request("SIP/2.0/UDP h;rport")
    note_source(other, link_local)
    assert other.via.parameters["received"] == "fe80::1"
    assert response_flow(other, link_local).remote == ("fe80::1%eth0", 40000)


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("h;rport", 40000),
        ("h:5070;rport", 40000),
        ("h:5070", 5070),
        ("h", 5060),
        ("h:40000", 40000),
    ],
)
def test_udp_goes_to_the_source_address(via: str, port: int) -> None:
    received = request(f"SIP/2.0/UDP {via};maddr=203.0.113.66;received=203.0.113.66")
    flow = Flow(UDP, SOURCE)
    note_source(received, flow)
    assert response_flow(received, flow) == Flow(UDP, ("198.51.100.7", port))


def test_tcp_goes_over_the_connection_and_else_to_sent_by() -> None:
    flow = Flow(TCP, SOURCE, 17)
    received = request("SIP/2.0/TCP 10.0.0.1:5070;rport")
    note_source(received, flow)
    assert response_flow(received, flow) is flow
    assert reopened_flow(received, flow) == Flow(TCP, ("198.51.100.7", 5070))
    assert reopened_flow(request("SIP/2.0/TCP h"), flow) == Flow(TCP, ("198.51.100.7", 5060))
