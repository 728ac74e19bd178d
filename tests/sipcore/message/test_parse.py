from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.limits import Limits
from sipcore.message.message import Request, Response, serialize
from sipcore.message.parse import parse_message
from tests.sipcore.message.samples import REGISTER, request_of, with_lines


def refused(data: bytes, **limits: int) -> int:
    with pytest.raises(RemoteError) as error:
        parse_message(data, limits=Limits(**limits))
    return error.value.status_hint


def test_a_request() -> None:
    request = request_of()
    assert (request.method, request.uri_text) == ("REGISTER", "sip:example.org")
    assert request.fields[0] == ("via", "SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bKabc")
    assert request.body == b""


def test_a_response() -> None:
    response = parse_message(b"SIP/2.0 180 Ringing here\r\nl: 0\r\n\r\n")
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (180, "Ringing here")
    assert response.is_provisional
    assert not response.is_success


@pytest.mark.parametrize(
    "line", [b"SIP/2.0 200 ", b"SIP/2.0 200", b"sip/2.0 200 OK", "SIP/2.0 200 schön".encode()]
)
def test_status_lines(line: bytes) -> None:
    response = parse_message(line + b"\r\n\r\n")
    assert isinstance(response, Response)
    assert response.is_success


@pytest.mark.parametrize(
    "line",
    [
        b"", b"SIP/2.0", b"SIP/2.0 ", b"SIP/2.0 20 OK", b"SIP/2.0 2000 OK", b"SIP/2.0 099 OK",
        b"SIP/2.0 700 OK", b"SIP/2.0 2x0 OK", b"SIP/2.0  200 OK", b"SIP/2.0\t200 OK",
        "SIP/2.0 ٢٠٠ OK".encode(), b"INVITE sip:a@h", b"INVITE  sip:a@h SIP/2.0",
        b"INVITE sip:a@h SIP/2.0 ", b"INVITE sip:a b@h SIP/2.0", b" INVITE sip:a@h SIP/2.0",
        b"IN@VITE sip:a@h SIP/2.0", b"GET / HTTP/1.1", b"INVITE  SIP/2.0", b"SIP/3.0 200 OK",
        b"INVITE sip:a@h\r\n SIP/2.0",
    ],
)  # fmt: skip
def test_start_lines_that_are_none(line: bytes) -> None:
    assert refused(line + b"\r\nl: 0\r\n\r\n") == 400


def test_another_version() -> None:
    assert refused(b"INVITE sip:a@h SIP/3.0\r\n\r\n") == 505
    assert refused(b"INVITE sip:a@h sip/2.1\r\n\r\n") == 505


def test_version_in_any_case() -> None:
    assert isinstance(parse_message(b"INVITE sip:a@h sip/2.0\r\n\r\n"), Request)


def test_line_ends_before_a_message_are_skipped() -> None:
    assert request_of(b"\r\n\r\n" + REGISTER).method == "REGISTER"


def test_folded_lines_are_one_value() -> None:
    request = request_of(with_lines(b"Subject: one", b"  two", b"\tthree  ", b" ", b"X-A:", b" b"))
    assert request.value("subject") == "one two three"
    assert request.value("x-a") == "b"


def test_a_folded_line_is_no_header_of_its_own() -> None:
    request = request_of(with_lines(b"Subject: x", b" P-Asserted-Identity: <sip:evil@h>"))
    assert not request.has("p-asserted-identity")
    assert request.value("subject") == "x P-Asserted-Identity: <sip:evil@h>"


def test_a_blank_before_the_colon_is_the_same_header() -> None:
    for line in (b"P-Asserted-Identity : <sip:evil@h>", b"p-ASSERTED-identity\t: <sip:evil@h>"):
        assert request_of(with_lines(line)).value("p-asserted-identity") == "<sip:evil@h>"


@pytest.mark.parametrize(
    "line",
    [
        b"NoColon", b": x", b"Two Words: x", b"A: x\nB: y", b"A: x\rB: y", b"A: x\n\rB: y",
        b"A: \0", b"A: \x07", b"A: \x7f", b"A\0: x", b'A: "\\\0"', b"\xc3\x84: x", b"A\x0b: x",
        b"A: x\r",
    ],
)  # fmt: skip
def test_lines_that_two_readers_could_read_in_two_ways(line: bytes) -> None:
    assert refused(with_lines(line)) == 400


def test_bare_line_feeds_do_not_end_the_head() -> None:
    assert refused(REGISTER.replace(b"\r\n", b"\n")) == 400
    assert refused(REGISTER[:-4]) == 400


@pytest.mark.parametrize(
    ("lines", "body", "left"),
    [
        ([], b"abc", b"abc"),
        ([b"Content-Length: 2"], b"abc", b"ab"),
        ([b"l:3"], b"abc", b"abc"),
        ([b"Content-Length: 0"], b"INVITE sip:a@h SIP/2.0\r\n\r\n", b""),
        ([b"Content-Length: 003"], b"a\0\n", b"a\0\n"),
    ],
)
def test_content_length_bounds_the_body(lines: list[bytes], body: bytes, left: bytes) -> None:
    assert request_of(with_lines(*lines, without=b"Content-L", body=body)).body == left


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 4"], [b"Content-Length: -1"], [b"Content-Length: +3"],
        [b"Content-Length: 3, 3"], [b"Content-Length: 3", b"l: 3"], [b"Content-Length:"],
        [b"Content-Length: 3 3"], [b"Content-Length: 0x3"], [b"Content-Length: 99999999999"],
        ["Content-Length: ３".encode()], [b"Content-Length: 1", b"Content-Length : 3"],
    ],
)  # fmt: skip
def test_content_lengths_that_lie(lines: list[bytes]) -> None:
    assert refused(with_lines(*lines, without=b"Content-L", body=b"abc")) == 400


def test_limits() -> None:
    many = [b"A: b"] * 200
    assert refused(with_lines(*many)) == 513
    assert refused(with_lines(*many), header_lines_max=100) == 513
    assert refused(with_lines(b"A: " + b"b" * 5000)) == 513
    assert refused(with_lines(b"A: " + b"b" * 3000, b" " + b"c" * 3000)) == 513
    assert refused(with_lines(b"A: b" * 9), head_bytes_max=100) == 513
    assert refused(REGISTER + b"x" * 70_000) == 513
    assert request_of(with_lines(b"X-A: " + b"b" * 4000)).value("x-a") == "b" * 4000


def test_octets_that_are_no_utf8_pass_through() -> None:
    request = request_of(with_lines(b"Subject: \xff\xfe J\xfcrgen"))
    assert b"Subject: \xff\xfe J\xfcrgen\r\n" in serialize(request)


@given(st.binary(max_size=300))
def test_no_octets_break_the_parser(data: bytes) -> None:
    for candidate in (data, with_lines(data), b"INVITE sip:a@h SIP/2.0\r\n" + data + b"\r\n\r\n"):
        try:
            message = parse_message(candidate)
        except RemoteError:
            continue
        assert parse_message(serialize(message)).body == message.body


@given(st.integers(0, len(REGISTER) - 1), st.binary(min_size=1, max_size=4))
def test_no_change_in_a_message_breaks_reading(position: int, octets: bytes) -> None:
    data = REGISTER[:position] + octets + REGISTER[position + 1 :]
    try:
        message = parse_message(data)
        for read in ("via", "vias", "from_", "to", "call_id", "cseq", "contacts", "expires"):
            getattr(message, read)
    except RemoteError:
        return
    again = parse_message(serialize(message))
    assert [field for field in again.fields if field[0] != "content-length"] == [
        field for field in message.fields if field[0] != "content-length"
    ]


def test_the_bare_line_feed_that_libre_writes_behind_rack_is_mended() -> None:
    head = b"PRACK sip:a@192.0.2.1 SIP/2.0\r\nCSeq: 3 PRACK\r\nRAck: 7 2 INVITE\n"
    mended = parse_message(head + b"Content-Length: 0\r\n\r\n")
    assert (mended.value("rack"), mended.value("content-length")) == ("7 2 INVITE", "0")


@pytest.mark.parametrize(
    "data",
    [
        b"PRACK sip:a@192.0.2.1 SIP/2.0\r\nRAck: 7 2 INVITE\nRoute: <sip:x>\r\n\r\n",
        b"PRACK sip:a@192.0.2.1 SIP/2.0\r\nRAck: 7 2 INVITE\nContent-Length: 0\nX: y\r\n\r\n",
        b"PRACK sip:a@192.0.2.1 SIP/2.0\r\nSubject: 7 2 INVITE\nContent-Length: 0\r\n\r\n",
        b"INFO sip:a@192.0.2.1 SIP/2.0\r\nRAck: 7 2 INVITE\nContent-Length: 0\r\n\r\n",
    ],
)
def test_no_other_bare_line_feed_is(data: bytes) -> None:
    with pytest.raises(RemoteError):
        parse_message(data)
