"""RFC 4475, bit for bit from the archive of its appendix A: every message has a verdict.

A verdict is what parsing, the mandatory check and reading of every header of the message room
make of it. ``ACCEPTED`` or the status that the sender deserves; for a response a status means
that it is dropped. Where the RFC leaves a choice, the line says what it allows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sipcore.errors import RemoteError
from sipcore.message.check import check_request, check_response
from sipcore.message.message import Request, Response, serialize
from sipcore.message.parse import parse_message
from sipcore.message.uri import SipUri, parse_uri
from sipcore.message.uri_comparison import uri_equals

MESSAGES = Path(__file__).parent / "rfc4475"
ACCEPTED = 0

VERDICTS = {
    # 3.1.1 valid
    "wsinv": ACCEPTED,
    "intmeth": ACCEPTED,
    "esc01": ACCEPTED,
    "escnull": ACCEPTED,
    "esc02": ACCEPTED,
    "lwsdisp": ACCEPTED,
    "longreq": ACCEPTED,
    "dblreq": ACCEPTED,
    "semiuri": ACCEPTED,
    "transports": ACCEPTED,
    "mpart01": ACCEPTED,
    "unreason": ACCEPTED,
    "noreason": ACCEPTED,
    # 3.1.2 invalid
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": 400,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": ACCEPTED,  # or 400; the headers of the Request-URI are not used
    "baddate": ACCEPTED,  # nobody needs the Date
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,  # or 501
    "bigcode": 400,
    # 3.2 transaction layer
    "badbranch": ACCEPTED,  # falls back to the matching of RFC 2543
    # 3.3 application layer
    "insuf": 400,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": ACCEPTED,  # a registrar refuses its To
    "bext01": ACCEPTED,  # 420 is the answer of who reads Require
    "invut": ACCEPTED,
    "regaut01": ACCEPTED,
    "multi01": 400,
    "mcl01": 400,
    "bcast": ACCEPTED,
    "zeromf": ACCEPTED,
    "cparam01": ACCEPTED,
    "cparam02": ACCEPTED,
    "regescrt": ACCEPTED,
    "sdp01": ACCEPTED,
    # 3.4 backward compatibility
    "inv2543": ACCEPTED,
}

GAPS = {
    "intmeth": "a quoted NUL, BEL and DEL in To: control characters are refused in every head, "
    "because the C programs behind us would cut the value there",
}


def load(name: str) -> bytes:
    return (MESSAGES / f"{name}.sip").read_bytes()


def parse(name: str) -> Request | Response:
    return parse_message(load(name))


def request(name: str) -> Request:
    message = parse(name)
    assert isinstance(message, Request)
    return message


def verdict(data: bytes) -> int:
    try:
        message = parse_message(data)
        if isinstance(message, Request):
            check_request(message)
            assert message.routes is not None
        else:
            check_response(message)
        assert message.vias
        assert message.contacts is not None
        assert message.record_routes is not None
        assert message.expires is None or message.expires >= 0
    except RemoteError as error:
        return error.status_hint
    return ACCEPTED


def cases() -> list[object]:
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=GAPS[name])] if name in GAPS else [],
        )
        for name in VERDICTS
    ]


@pytest.mark.parametrize("name", cases())
def test_verdict(name: str) -> None:
    assert verdict(load(name)) == VERDICTS[name]


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in MESSAGES.glob("*.sip")} == set(VERDICTS)


@pytest.mark.parametrize(
    "name", [name for name, status in VERDICTS.items() if status == ACCEPTED and name not in GAPS]
)
def test_what_is_accepted_is_written_so_that_it_reads_the_same(name: str) -> None:
    message = parse(name)
    again = parse_message(serialize(message))
    without_length = [field for field in message.fields if field[0] != "content-length"]
    assert again.fields[:-1] == without_length
    assert again.body == message.body
    assert str(again.from_) == str(message.from_)
    assert [str(via) for via in again.vias] == [str(via) for via in message.vias]


def test_short_tortuous_invite() -> None:
    invite = request("wsinv")
    assert invite.max_forwards == 68
    assert (invite.cseq.number, invite.cseq.method) == (9, "INVITE")
    assert invite.from_.display_name == 'J Rosenberg \\"'
    assert invite.from_.tag == "98asjd8"
    assert invite.to.tag == "1918181833n"
    assert invite.call_id == "wsinv.ndaksdj@192.0.2.1"
    assert invite.value("subject") == ""
    assert invite.value("newfangledheader") == "newfangled value continued newfangled value"
    assert [(via.transport, via.host, via.branch) for via in invite.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    contact = invite.contacts[0]
    assert contact.display_name == 'Quoted string ""'
    assert contact.parameters == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert str(invite.routes[0].uri) == (
        "sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    )
    assert invite.content_type == "application/sdp"
    assert len(invite.body) == 150


def test_escapes_are_decoded_once() -> None:
    invite = request("esc01")
    assert isinstance(invite.uri, SipUri)
    assert invite.uri.user == "sips:user@example.com"
    assert uri_equals(invite.to.uri, parse_uri("sip:user@example.com"))
    sender = invite.from_.uri
    assert isinstance(sender, SipUri)
    assert sender.user == "I have spaces"
    contact = invite.contacts[0].uri
    assert isinstance(contact, SipUri)
    assert contact.user == "caller"
    assert contact.is_loose_router
    assert contact.parameters["name"] == "value%2541"


def test_null_does_not_shorten_a_user() -> None:
    register = request("escnull")
    users = [contact.uri.user for contact in register.contacts if isinstance(contact.uri, SipUri)]
    assert users == ["\0", "\0\0"]
    assert not uri_equals(register.contacts[0].uri, register.contacts[1].uri)
    assert b"sip:null-%00-null@example.com" in serialize(register)


def test_percent_is_no_escape_in_method_display_name_and_header_name() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert [str(contact) for contact in message.contacts] == [
        "<sip:alias1@host1.example.com>",
        "<sip:alias3@host3.example.com>",
    ]


def test_octets_behind_the_message_are_dropped() -> None:
    message = request("dblreq")
    assert message.method == "REGISTER"
    assert message.body == b""


def test_user_part_holds_a_parameter() -> None:
    uri = request("semiuri").uri
    assert isinstance(uri, SipUri)
    assert uri.user == "user;par=u@example.net"
    assert uri.host == "example.com"


def test_a_strange_transport_is_no_trouble() -> None:
    assert [via.transport for via in request("transports").vias] == [
        "UDP", "SCTP", "TLS", "UNKNOWN", "TCP"
    ]  # fmt: skip


def test_binary_body_keeps_every_octet() -> None:
    message = request("mpart01")
    assert message.content_type == "multipart/mixed"
    assert len(message.body) == 553
    assert serialize(message).endswith(message.body)


def test_reason_phrases() -> None:
    odd, empty = parse("unreason"), parse("noreason")
    assert isinstance(odd, Response)
    assert odd.reason.startswith("= 2**3 * 5**2 но сто")
    assert isinstance(empty, Response)
    assert empty.reason == ""


def test_long_values_stay_whole() -> None:
    invite = request("longreq")
    assert len(invite.vias) == 34
    assert invite.to.display_name.endswith(" proportion")


def test_header_parameters_and_uri_parameters_stay_apart() -> None:
    assert request("cparam01").contacts[0].parameters == {"unknownparam": None}
    assert request("cparam02").contacts[0].parameters == {}


def test_zero_hops_are_read() -> None:
    assert request("zeromf").max_forwards == 0


def test_a_request_of_rfc_2543() -> None:
    invite = request("inv2543")
    assert invite.max_forwards is None
    assert invite.via.branch is None
    assert invite.from_.tag is None
    assert invite.body.startswith(b"v=0")
