"""The examples of RFC 3261 §19.1.4 and RFC 3966 §4, and what they leave open."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.uri import parse_uri
from sipcore.message.uri_comparison import is_same_uri, uri_equals


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]"),
        ("sip:a%3bb@h", "sip:a%3Bb@h"),
        ("sip:a%2fb@h", "sip:a%2Fb@h"),
        ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com"),
        ("sip:M%C3%BCller@h", "sip:M%c3%bcller@h"),
        ("tel:+49-30-12345", "tel:+4930.12345"),
        ("tel:7042;phone-context=+1-212", "TEL:7042;Phone-Context=+1212"),
        ("tel:12a;isub=1;ext=2", "tel:12A;ext=2;isub=1"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_equal(a: str, b: str) -> None:
    assert uri_equals(parse_uri(a), parse_uri(b))
    assert uri_equals(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:h"),
        ("sip:a@h", "sip:a:pw@h"),
        ("sip:a:PW@h", "sip:a:pw@h"),
        ("sip:a@h;user=phone", "sip:a@h"),
        ("sip:a@h", "sip:a@h;maddr=10.0.0.1"),
        ("sip:a@h;ttl=1", "sip:a@h"),
        ("sip:a;b@h", "sip:a%3Bb@h"),
        ("sip:a%2Fb@h", "sip:a/b@h"),
        ("sip:%25@h", "sip:%2525@h"),
        ("sip:a@h?x=1", "sip:a@h?x=2"),
        ("tel:+4930", "tel:4930"),
        ("tel:+4930;isub=1", "tel:+4930"),
        ("tel:+4930", "sip:+4930@h"),
        ("urn:service:sos", "urn:service:sos.fire"),
    ],
)
def test_different(a: str, b: str) -> None:
    assert not uri_equals(parse_uri(a), parse_uri(b))
    assert not uri_equals(parse_uri(b), parse_uri(a))


def test_texts() -> None:
    assert is_same_uri("sip:%61@H", "sip:a@h")
    assert not is_same_uri("sip:a@h", "sip:b@h")
    with pytest.raises(RemoteError):
        is_same_uri("sip:a@h", "nonsense")
