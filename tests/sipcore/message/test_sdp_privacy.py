"""A session description without the names of people, and otherwise octet for octet the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.message.sdp_privacy import without_names

NAMED = (
    b"v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=Alice calling\r\ni=Alice\r\nu=http://alice.example\r\n"
    b"e=alice@example.org (Alice)\r\np=+49 30 111 (Alice)\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"a=tool:x\r\nm=audio 4000 RTP/AVP 8\r\ni=Alice's microphone\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=ssrc:7 cname:sip:alice@example.org\r\na=ssrc:7 label:1\r\n"
)
UNNAMED = (
    b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"a=tool:x\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=ssrc:7 cname:-\r\na=ssrc:7 label:1\r\n"
)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_names_go_and_the_rest_stays(end: bytes) -> None:
    assert without_names(NAMED.replace(b"\r\n", end)) == UNNAMED.replace(b"\r\n", end)


def test_what_names_nobody_is_not_touched() -> None:
    assert without_names(UNNAMED) == UNNAMED


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"o=alice 1 2 IN IP4 192.0.2.1", b"o=- 1 2 IN IP4 192.0.2.1"),
        (b"o=Alice B. 1 2 IN IP4 192.0.2.1 \r\n", b"o=- 1 2 IN IP4 192.0.2.1 \r\n"),
        (b"o=alice\n", b"o=-\n"),
        (b"o=alice 1 2", b"o=- 1 2"),
        (b"o=\r\n", b"o=-\r\n"),
        (b"o=", b"o=-"),
        (b"s=", b"s=-"),
        (b"s=Alice", b"s=-"),
        (b"s=Alice \r\n", b"s=-\r\n"),
        (b"e=alice", b""),
        (b"t=0 0\r\np=1", b"t=0 0\r\n"),
        (b"v=0\ns=Alice\r\ni=Alice\rt=0 0", b"v=0\ns=-\r\nt=0 0"),
        (b"", b""),
        (b"\r\n\n", b"\r\n\n"),
        (b"a=s=Alice\r\n", b"a=s=Alice\r\n"),
        (b"s=\xff\xfe\x00Alice\r\n", b"s=-\r\n"),
    ],
)
def test_lines_that_are_odd(line: bytes, expected: bytes) -> None:
    assert without_names(line) == expected


def test_a_huge_one_is_read_once() -> None:
    assert without_names(b"i=Alice\r\n" * 100_000) == b""
    assert without_names(b"o=" + b" " * 1_000_000) == b"o=-" + b" " * 1_000_000
    long = b"a=" + b"x" * 1_000_000
    assert without_names(long) == long


@given(st.lists(st.sampled_from([*NAMED.splitlines(keepends=True), b"\r", b"\n", b" ", b"="])))
def test_nobody_is_named_whatever_the_order(lines: list[bytes]) -> None:
    concealed = without_names(b"".join(lines))
    assert without_names(concealed) == concealed
    for line in concealed.splitlines():
        assert line[:2] not in (b"i=", b"u=", b"e=", b"p=")
        assert not (line[:2] in (b"o=", b"s=") and b"lice" in line)
