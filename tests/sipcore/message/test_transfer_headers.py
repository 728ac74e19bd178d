"""Refer-To, Replaces, Referred-By and message/sipfrag: read, written, read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.message import Request
from sipcore.message.refer_to import ReferTo
from sipcore.message.referred_by import ReferredBy
from sipcore.message.replaces import Replaces
from sipcore.message.sipfrag import read_status, write_status

TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=20)


@given(TOKENS, TOKENS, TOKENS, st.booleans())
def test_replaces_is_read_as_it_was_written(
    call_id: str, to_tag: str, from_tag: str, is_early_only: bool
) -> None:
    replaces = Replaces(call_id, to_tag, from_tag, is_early_only=is_early_only)
    again = Replaces.parse(str(replaces))
    assert again == replaces
    assert (again.call_id, again.to_tag, again.from_tag) == (call_id, to_tag, from_tag)
    assert again.is_early_only is is_early_only


@pytest.mark.parametrize(
    "value",
    ["", "a@b", "a@b;to-tag=1", "a@b;from-tag=1", ";to-tag=1;from-tag=2",
     "a@b;to-tag=1;to-tag=1;from-tag=2", "a b;to-tag=1;from-tag=2", "a@b;to-tag;from-tag=2"],
)  # fmt: skip
def test_a_replaces_that_is_none(value: str) -> None:
    with pytest.raises(RemoteError):
        Replaces.parse(value)


def test_two_replaces_are_refused() -> None:
    request = Request("INVITE", "sip:a@example.org")
    assert Replaces.of(request) is None
    request.add("replaces", "x;to-tag=1;from-tag=2")
    assert Replaces.of(request) == Replaces("x", "1", "2")
    request.add("replaces", "x;to-tag=1;from-tag=2")
    with pytest.raises(RemoteError):
        Replaces.of(request)


@pytest.mark.parametrize(
    ("value", "uri", "method"),
    [
        ("<sip:0301@example.org>", "sip:0301@example.org", "INVITE"),
        ("sip:0301@example.org", "sip:0301@example.org", "INVITE"),
        ('"C" <sip:c@example.org;transport=tcp;method=invite>;x=1',
         "sip:c@example.org;transport=tcp", "INVITE"),
        ("<sip:c@example.org;method=BYE>", "sip:c@example.org", "BYE"),
        ("<tel:+4930123456>", "tel:+4930123456", "INVITE"),
        ("<sip:c@example.org?Subject=hello&Contact=x>", "sip:c@example.org", "INVITE"),
    ],
)  # fmt: skip
def test_refer_to(value: str, uri: str, method: str) -> None:
    refer_to = ReferTo.parse(value)
    assert (str(refer_to.uri), refer_to.method, refer_to.replaces) == (uri, method, None)
    again = ReferTo.parse(str(refer_to))
    assert (str(again.uri), again.method) == (uri, method)


def test_the_dialog_to_be_replaced_stands_escaped_in_the_uri() -> None:
    refer_to = ReferTo.parse(
        "<sip:c@example.org?Replaces=7%40h%3Bto-tag%3Da%3Bfrom-tag%3Db%3Bearly-only"
        "&Require=replaces>"
    )
    assert refer_to.replaces == Replaces("7@h", "a", "b", is_early_only=True)
    assert str(refer_to.uri) == "sip:c@example.org"


@given(TOKENS, TOKENS, TOKENS)
def test_refer_to_with_replaces_is_read_as_it_was_written(
    call_id: str, to_tag: str, from_tag: str
) -> None:
    replaces = Replaces(f"{call_id}@host", to_tag, from_tag)
    written = ReferTo(ReferTo.parse("sip:c@example.org").uri, replaces=replaces)
    assert ReferTo.parse(str(written)).replaces == replaces


@pytest.mark.parametrize(
    "value",
    ["", "nobody", "<sip:>", "sip:c@example.org?Replaces=x",
     "<sip:c@example.org?Replaces=x>",
     "<sip:c@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"],
)  # fmt: skip
def test_a_refer_to_that_is_none(value: str) -> None:
    with pytest.raises(RemoteError):
        ReferTo.parse(value)


@pytest.mark.parametrize("values", [[], ["<sip:a@h>", "<sip:b@h>"]])
def test_a_refer_needs_exactly_one_target(values: list[str]) -> None:
    request = Request("REFER", "sip:a@example.org")
    for value in values:
        request.add("refer-to", value)
    with pytest.raises(RemoteError):
        ReferTo.of(request)


@pytest.mark.parametrize(
    "value",
    ["<sip:a@example.org>", '"A" <sip:a@example.org>', "<sip:a@example.org>;cid=2@h"],
)
def test_referred_by(value: str) -> None:
    request = Request("INVITE", "sip:c@example.org")
    assert ReferredBy.of(request) is None
    request.add("referred-by", value)
    assert str(ReferredBy.of(request)) == value


@pytest.mark.parametrize("status", [100, 180, 200, 404, 603])
def test_a_fragment_of_a_response(status: int) -> None:
    fragment = write_status(status)
    assert fragment.startswith(b"SIP/2.0 %d " % status)
    assert fragment.endswith(b"\r\n")
    assert read_status(fragment) == status


@pytest.mark.parametrize("fragment", [b"", b"SIP/2.0 20 OK", b"INVITE sip:a@b SIP/2.0\r\n"])
def test_a_fragment_without_a_status(fragment: bytes) -> None:
    with pytest.raises(RemoteError):
        read_status(fragment)
