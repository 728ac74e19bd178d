from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.grammar import (
    escape_user,
    is_token,
    parse_uint,
    quote,
    split_list,
    unescape,
    unescape_unreserved,
    unquote,
)


@pytest.mark.parametrize("text", ["INVITE", "a-.!%*_+`'~9", "0"])
def test_tokens(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a/b", 'a"', "ä", "a\n", "a@b", "[::1]"])
def test_no_tokens(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b" <sip:x>, c', ['"a, b" <sip:x>', "c"]),
        (r'"a\", b", c', [r'"a\", b"', "c"]),
        ("<sip:a,b@h>;q=1,<sip:c@h>", ["<sip:a,b@h>;q=1", "<sip:c@h>"]),
        ('<sip:a@h>;x="1,2", b', ['<sip:a@h>;x="1,2"', "b"]),
        (",", ["", ""]),
        ("", [""]),
    ],
)
def test_split_list(value: str, entries: list[str]) -> None:
    assert split_list(value) == entries


@pytest.mark.parametrize("value", ['"a, b', 'a, "b\\"', "<sip:a, b"])
def test_split_list_refuses_what_has_no_end(value: str) -> None:
    with pytest.raises(RemoteError):
        split_list(value)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1.0", "٣", "１", "²", "1_0", "0x1", "99999999999"]
)
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(RemoteError):
        parse_uint(text, "number", maximum=2**31)


def test_numbers() -> None:
    assert parse_uint("0068", "number", maximum=255) == 68
    assert parse_uint("255", "number", maximum=255) == 255
    with pytest.raises(RemoteError):
        parse_uint("256", "number", maximum=255)


def test_escapes() -> None:
    assert unescape("j%40s0n") == "j@s0n"
    assert unescape("M%C3%BCller") == "Müller"
    assert unescape("Müller%20") == "Müller "
    assert unescape("100%") == "100%"
    assert unescape("%2541") == "%41"
    assert unescape("%FF") != unescape("%FE")
    assert escape_user("j@s0n") == "j%40s0n"
    assert escape_user("*31#030") == "*31%23030"
    assert escape_user("Müller") == "M%C3%BCller"
    assert unescape_unreserved("%6C%72%3B%25%41") == "lr%3B%25A"


@given(st.binary(max_size=40))
def test_any_octets_survive_a_user_part(octets: bytes) -> None:
    text = octets.decode("utf-8", "surrogateescape")
    escaped = escape_user(text)
    assert escaped.isascii()
    assert unescape(escaped) == text


@given(st.text(max_size=40))
def test_any_text_survives_quoting(text: str) -> None:
    assert unquote(quote(text)) == text


def test_unquote_leaves_what_is_not_quoted() -> None:
    assert unquote("abc") == "abc"
    assert unquote('"') == '"'
