from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.via import Via


def test_parts() -> None:
    via = Via.parse("SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK87A;received=192.0.2.9")
    assert (via.transport, via.host, via.port) == ("UDP", "192.0.2.1", 5070)
    assert (via.branch, via.received, via.rport) == ("z9hG4bK87A", "192.0.2.9", None)
    assert via.sent_by == "192.0.2.1:5070"
    assert Via.parse("SIP/2.0/UDP h;rport=5061").rport == 5061


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("SIP/2.0/UDP h", "SIP/2.0/UDP h"),
        ("sip / 2.0 /\ttcp\t h : 5060 ; branch = x", "SIP/2.0/TCP h:5060;branch=x"),
        ("SIP/2.0/WSS abc.invalid;branch=z", "SIP/2.0/WSS abc.invalid;branch=z"),
        ("SIP/2.0/UDP [2001:DB8::9:1];branch=z", "SIP/2.0/UDP [2001:db8::9:1];branch=z"),
        ("SIP/2.0/UDP [::1]:5070;received=::1", "SIP/2.0/UDP [::1]:5070;received=::1"),
    ],
)
def test_round_trip(value: str, written: str) -> None:
    assert str(Via.parse(value)) == written
    assert str(Via.parse(written)) == written


def test_received_ipv6_with_and_without_brackets() -> None:
    for text in ("2001:db8::9:255", "[2001:db8::9:255]"):
        assert Via.parse(f"SIP/2.0/UDP [2001:db8::1];received={text}").received == "2001:db8::9:255"


@pytest.mark.parametrize(
    "value",
    [
        "", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 h", "SIP/3.0/UDP h", "HTTP/2.0/UDP h",
        "SIP/2.0/UDP h h", "SIP/2.0/U DP h", "SIP/2.0/UDP ::1", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h;branch=a;branch=b", "SIP/2.0/UDP h,SIP/2.0/UDP i", "SIP/2.0/UDP h;;x",
    ],
)  # fmt: skip
def test_malformed(value: str) -> None:
    with pytest.raises(RemoteError):
        Via.parse(value)


def test_a_bad_rport_is_found_when_it_is_read() -> None:
    via = Via.parse("SIP/2.0/UDP h;rport=x")
    with pytest.raises(RemoteError):
        _ = via.rport
