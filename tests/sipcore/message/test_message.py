from __future__ import annotations

import pytest

from sipcore.errors import LocalError, RemoteError
from sipcore.message.message import Request, Response, parse_delta_seconds, serialize
from sipcore.message.parse import parse_message
from tests.sipcore.message.samples import REGISTER, request_of, with_lines


def test_typed_headers() -> None:
    request = request_of()
    assert request.via.branch == "z9hG4bKabc"
    assert request.from_.tag == "f1"
    assert request.to.tag is None
    assert request.call_id == "c1@192.0.2.10"
    assert request.cseq.number == 7
    assert request.max_forwards == 70
    assert str(request.contacts[0].uri) == "sip:anna@192.0.2.10:5060"
    assert str(request.uri) == "sip:example.org"
    assert request.expires is None


def test_what_is_missing_is_said_when_it_is_needed() -> None:
    request = Request("OPTIONS", "sip:h")
    for name in ("via", "from_", "to", "call_id", "cseq"):
        with pytest.raises(RemoteError):
            getattr(request, name)
    assert request.max_forwards is None
    assert request.contacts == []
    assert request.content_type == ""


@pytest.mark.parametrize(
    "line",
    [b"From: <sip:evil@h>;tag=2", b"t: <sip:evil@h>", b"i: other", b"CSEQ : 8 REGISTER",
     b"Max-Forwards: 1"],
)  # fmt: skip
def test_a_second_one_of_a_single_header_is_refused(line: bytes) -> None:
    request = request_of(with_lines(line))
    with pytest.raises(RemoteError):
        _ = (request.from_, request.to, request.call_id, request.cseq, request.max_forwards)


def test_lists_over_fields_and_commas() -> None:
    request = request_of(
        with_lines(
            b"Via: SIP/2.0/TCP b;branch=2 , SIP/2.0/TCP c;branch=3",
            b"Supported: path, TIMER",
            b"k: gruu",
            b'Contact: sip:b@h;expires=1, "x, y" <sip:c@h;lr>',
        )
    )
    assert [via.branch for via in request.vias] == ["z9hG4bKabc", "2", "3"]
    assert request.tokens("supported") == ["path", "timer", "gruu"]
    assert [str(contact.uri) for contact in request.contacts] == [
        "sip:anna@192.0.2.10:5060", "sip:b@h", "sip:c@h;lr"
    ]  # fmt: skip
    assert request.values("via")[1] == "SIP/2.0/TCP b;branch=2 , SIP/2.0/TCP c;branch=3"


def test_the_top_via_of_a_list() -> None:
    request = request_of(
        with_lines(b"Via: SIP/2.0/UDP a;branch=1,SIP/2.0/UDP b;branch=2", without=b"Via")
    )
    assert request.via.branch == "1"


def test_a_list_is_bounded() -> None:
    request = request_of(with_lines(b"Route: " + b",".join([b"<sip:a@h>"] * 65)))
    with pytest.raises(RemoteError):
        _ = request.routes


def test_star_contact() -> None:
    request = request_of(with_lines(b"m: *", without=b"Contact"))
    assert request.has_star_contact
    assert request.contacts == []
    assert not request_of().has_star_contact


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), (" 3600 ", 3600), ("0060", 60), ("4294967296", 2**32 - 1), ("9" * 64, 2**32 - 1),
        ("", None), ("-1", None), ("1.5", None), ("x", None), ("9" * 65, None), ("١", None),
    ],
)  # fmt: skip
def test_delta_seconds(text: str, seconds: int | None) -> None:
    assert parse_delta_seconds(text) == seconds


def test_seconds_with_something_behind() -> None:
    response = Response(503, "No", [("retry-after", "120 (I'm in a meeting);duration=60")])
    assert response.delta_seconds("retry-after") == 120
    assert (
        Response(503, "No", [("retry-after", "60;duration=9")]).delta_seconds("retry-after") == 60
    )


def test_building() -> None:
    fields = [("to", "<sip:a@h>")]
    request = Request("INVITE", "sip:a@h", fields, b"v=0")
    request.add("via", "SIP/2.0/UDP b;branch=2")
    assert request.via.branch == "2"
    request.add_first("via", "SIP/2.0/UDP a;branch=1")
    assert request.via.branch == "1"
    top = request.via
    top.parameters["branch"] = "9"
    request.replace_via(top)
    assert request.via.branch == "9"
    assert [via.branch for via in request.vias] == ["9", "2"]
    assert fields == [("to", "<sip:a@h>")]
    assert serialize(request) == (
        b"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=9\r\nTo: <sip:a@h>\r\n"
        b"Via: SIP/2.0/UDP b;branch=2\r\nContent-Length: 3\r\n\r\nv=0"
    )


def test_what_a_server_notes_in_the_top_via() -> None:
    top = "sip/2.0/udp A:5060;rport;branch=z"
    request = request_of(
        with_lines(f"v: {top}, SIP/2.0/TCP b".encode(), b"v: SIP/2.0/TCP c", without=b"Via")
    )
    via = request.via
    via.parameters |= {"rport": "5070", "received": "192.0.2.1"}
    request.replace_via(via)
    assert request.values("via") == [
        "sip/2.0/udp A:5060;rport=5070;branch=z;received=192.0.2.1, SIP/2.0/TCP b",
        "SIP/2.0/TCP c",
    ]
    assert request.via.rport == 5070
    assert request.vias[0].received == "192.0.2.1"


def test_content_length_is_always_ours() -> None:
    message = Response(200, "OK", [("content-length", "99"), ("x-a", "b")], b"ab")
    assert serialize(message) == b"SIP/2.0 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nab"


@pytest.mark.parametrize(
    "value", ["a\r\nVia: x", "a\nb", "a\rb", "a\r\n", "\0", "a\x0bb", "\x7f", "\x1b[31m", "\ud800"]
)
def test_no_value_can_end_its_line(value: str) -> None:
    for message in (
        Request("INVITE", "sip:a@h", [("x-a", value)]),
        Request(value, "sip:a@h"),
        Request("INVITE", value),
        Response(200, value),
    ):
        with pytest.raises(LocalError):
            serialize(message)


def test_no_request_uri_can_end_early() -> None:
    with pytest.raises(LocalError):
        serialize(Request("INVITE", "sip:a@h SIP/2.0"))
    with pytest.raises(LocalError):
        serialize(Request("IN VITE", "sip:a@h"))


def test_round_trip() -> None:
    written = serialize(parse_message(REGISTER))
    assert written == REGISTER
    assert serialize(parse_message(written)) == written
