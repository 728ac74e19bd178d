"""The examples of RFC 3261 §19.1.4, and the corners beside them."""

from __future__ import annotations

import pytest

from sipcore.registrar.uri_comparison import is_same_uri

SAME = (
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com"),
    ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com"),
    ("sip:a%2fb@h.org", "sip:a%2Fb@h.org"),
)

DIFFERENT = (
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:carol@chicago.com", "sips:carol@chicago.com"),
    ("sip:carol@chicago.com", "sip:chicago.com"),
    ("sip:carol:secret@chicago.com", "sip:carol@chicago.com"),
    ("sip:carol:secret@chicago.com", "sip:carol:Secret@chicago.com"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;user=phone"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;maddr=192.0.2.1"),
    ("sip:carol@chicago.com;ttl=1", "sip:carol@chicago.com"),
    ("sip:a%2Fb@h.org", "sip:a/b@h.org"),
)


@pytest.mark.parametrize(("first", "second"), SAME)
def test_same(first: str, second: str) -> None:
    assert is_same_uri(first, second)
    assert is_same_uri(second, first)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_different(first: str, second: str) -> None:
    assert not is_same_uri(first, second)
    assert not is_same_uri(second, first)
