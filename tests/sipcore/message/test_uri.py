from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.uri import OtherUri, SipUri, TelUri, parse_uri


def sip(text: str) -> SipUri:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    return uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:[2001:db8::10]:5070",
        "sip:a@[2001:db8::192.0.2.1];transport=udp;lr",
        "sip:*31#030123@host",
        "sip:M%c3%bcller@host",
        "sip:under_score.example:5060;x=",
        "tel:+493012345",
        "tel:110;phone-context=+4930",
        "urn:service:sos.police",
        "mailto:a@b.example",
    ],
)
def test_round_trip_is_exact(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_parts() -> None:
    uri = sip("SIPS:al%69ce:pw@Example.ORG:5070;Transport=TCP;lr?a=b")
    assert (uri.scheme, uri.user, uri.password) == ("sips", "alice", "pw")
    assert (uri.host, uri.port, uri.transport) == ("example.org", 5070, "tcp")
    assert uri.is_loose_router
    assert uri.headers == "a=b"
    assert uri.escaped_user == "al%69ce"
    assert uri.host_port == "example.org:5070"


def test_ipv6() -> None:
    uri = sip("sip:a@[2001:DB8::1]:5070")
    assert (uri.host, uri.port) == ("[2001:db8::1]", 5070)


def test_a_user_that_is_set_is_escaped() -> None:
    assert str(SipUri("h", user="j@s0n:x")) == "sip:j%40s0n%3Ax@h"
    assert str(SipUri("h", user="b b")) == "sip:b%20b@h"


@given(
    st.text(min_size=1, max_size=30).filter(
        lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text)
    )
)
def test_no_user_can_break_out_of_its_uri(user: str) -> None:
    text = str(SipUri("example.org", user=user, port=5060))
    uri = sip(text)
    assert (uri.user, uri.host, uri.port) == (user, "example.org", 5060)
    assert text.isascii()
    assert not set(text) & set(' <>"\r\n\0')


@pytest.mark.parametrize(
    "text",
    [
        "", "sip", "sip:", "sip:@h", "sip::pw@h", "sip:a@", "sip:a@b@c", "sip:a@h:", "sip:a@h:x",
        "sip:a@h:0", "sip:a@h:65536", "sip:a@h:٣", "sip:a@h;", "sip:a@h;lr;lr", "sip:a@h?x@y",
        "sip:a@h;x=@y@z", "sip:a b@h", "sip:a@h ", " sip:a@h", "<sip:a@h>", 'sip:"a"@h',
        "sip:a@h\n", "sip:a\r\nVia: x@h", "sip:\0@h", "sip:a@-h", "sip:a@h%41", "sip:a@h/x",
        "sip:a@ä",
        "sip:[::1", "sip:[::1]x", "sip:[1:2]", "sip:[::::]", "sip:[fe80::1%25eth0]", "sip:::1",
        "tel:", "tel:+", "tel:+1x", "tel:x", "tel:12 34", "tel:-", "tel:+1;a;a",
        ":x", "1x:y", "urn:", "urn:a b",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(RemoteError) as error:
        parse_uri(text)
    assert error.value.status_hint == 400


def test_a_host_is_bounded() -> None:
    assert sip("sip:" + "a" * 255).host == "a" * 255
    with pytest.raises(RemoteError):
        parse_uri("sip:" + "a" * 256)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("tel:+49-(30).12345", "+493012345"),
        ("TEL:110", "110"),
        ("tel:*31#030;phone-context=example.org", "*31#030"),
        ("tel:7042;phone-context=example.com", "7042"),
    ],
)
def test_tel_numbers(text: str, number: str) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, TelUri)
    assert uri.number == number


def test_tel_parameters() -> None:
    uri = parse_uri("tel:+358-555-1234567;postd=pp22;Isub=1411")
    assert isinstance(uri, TelUri)
    assert uri.parameters == {"postd": "pp22", "isub": "1411"}
    assert str(uri) == "tel:+3585551234567;postd=pp22;isub=1411"


def test_other_schemes_stay_text() -> None:
    uri = parse_uri("URN:service:SOS")
    assert isinstance(uri, OtherUri)
    assert (uri.scheme, str(uri)) == ("urn", "URN:service:SOS")


def test_a_sip_uri_is_wanted() -> None:
    with pytest.raises(RemoteError) as error:
        SipUri.parse("tel:+49")
    assert error.value.status_hint == 416


@pytest.mark.parametrize(
    "text", ["sip:b;%2D3g%6%63", "sip:b;p=%%36%33", "sip:b;p=%6%31%", "sip:b;p=%"]
)
def test_half_an_escape_is_completed_by_nobody(text: str) -> None:
    once = str(parse_uri(text))
    assert str(parse_uri(once)) == once
