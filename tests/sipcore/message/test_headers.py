from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.headers import SINGLE, WIRE_NAMES, header_key, wire_name


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Via", "via"), ("v", "via"), ("V", "via"), ("vIa", "via"), ("CALL-ID", "call-id"),
        ("i", "call-id"), ("I", "call-id"), ("l", "content-length"), ("K", "supported"),
        ("x", "session-expires"), ("o", "event"), ("U", "allow-events"), ("r", "refer-to"),
        ("From ", "from"), ("P-Asserted-Identity \t", "p-asserted-identity"),
        ("p-asserted-identity", "p-asserted-identity"), ("X-Foo", "x-foo"), ("z", "z"),
    ],
)  # fmt: skip
def test_every_spelling_leads_to_one_key(name: str, key: str) -> None:
    assert header_key(name) == key


@pytest.mark.parametrize("name", ["", " ", "From:", "Fr om", "From\u00a0", "Ünder", "a/b", '"a"'])
def test_no_header_names(name: str) -> None:
    with pytest.raises(RemoteError):
        header_key(name)


def test_wire_names() -> None:
    assert wire_name("cseq") == "CSeq"
    assert wire_name("www-authenticate") == "WWW-Authenticate"
    assert wire_name("x-my-header") == "X-My-Header"
    for key, name in WIRE_NAMES.items():
        assert header_key(name) == key
        assert header_key(name.upper()) == key


def test_what_may_stand_once_is_known() -> None:
    assert set(WIRE_NAMES) >= SINGLE
