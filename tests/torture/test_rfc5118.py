"""RFC 5118, every message with a verdict.

Three messages of the RFC state a Content-Length that their body, counted with CRLF, does not have;
here they have the right one, and `test_a_length_as_printed` says what becomes of the printed ones.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from pathlib import Path

import pytest

from sipcore.errors import RemoteError
from sipcore.message.check import check_request
from sipcore.message.message import Request, serialize
from sipcore.message.parse import parse_message
from sipcore.message.uri import SipUri
from sipcore.transport.flow import Flow, Listener, Transport
from sipcore.transport.next_hop import next_hop
from sipcore.transport.response_path import note_source, response_flow

MESSAGES = Path(__file__).parent / "rfc5118"
ACCEPTED = 0

VERDICTS = {
    "ipv6-good": ACCEPTED,  # 4.1
    "ipv6-bad": 400,  # 4.2: without brackets nobody knows where the address ends
    "port-ambiguous": ACCEPTED,  # 4.3: well-formed; the port became a part of the address
    "port-unambiguous": ACCEPTED,  # 4.4
    "via-received-param-with-delim": ACCEPTED,  # 4.5: brackets that should not be there
    "via-received-param-no-delim": ACCEPTED,  # 4.5
    "ipv6-in-sdp": ACCEPTED,  # 4.6
    "mult-ip-in-header": ACCEPTED,  # 4.7
    "mult-ip-in-sdp": ACCEPTED,  # 4.8
    "ipv4-mapped-ipv6": ACCEPTED,  # 4.9
    "ipv6-bug-abnf-3-colons": ACCEPTED,  # 4.10: one colon too many by the ABNF of RFC 3261
    "ipv6-correct-abnf-2-colons": ACCEPTED,  # 4.10
}

PRINTED_LENGTHS = {"ipv6-in-sdp": 268, "mult-ip-in-sdp": 181, "ipv4-mapped-ipv6": 236}


def load(name: str) -> bytes:
    return (MESSAGES / f"{name}.sip").read_bytes()


def request(name: str) -> Request:
    message = parse_message(load(name))
    assert isinstance(message, Request)
    return message


def verdict(data: bytes) -> int:
    try:
        message = parse_message(data)
        assert isinstance(message, Request)
        check_request(message)
        assert message.vias
        assert message.contacts is not None
    except RemoteError as error:
        return error.status_hint
    return ACCEPTED


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert verdict(load(name)) == VERDICTS[name]


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in MESSAGES.glob("*.sip")} == set(VERDICTS)


@pytest.mark.parametrize("name", [name for name, status in VERDICTS.items() if status == ACCEPTED])
def test_what_is_accepted_is_written_so_that_it_reads_the_same(name: str) -> None:
    message = request(name)
    again = parse_message(serialize(message))
    assert again.body == message.body
    assert str(again.from_) == str(message.from_)
    assert [str(via) for via in again.vias] == [str(via) for via in message.vias]


def uri_of(name: str) -> SipUri:
    uri = request(name).uri
    assert isinstance(uri, SipUri)
    return uri


def test_a_port_within_the_brackets_is_a_part_of_the_address() -> None:
    ambiguous = next_hop(uri_of("port-ambiguous"))
    assert IPv6Address(ambiguous.host) == IPv6Address("2001:db8::10:5070")
    assert ambiguous.port == 5060
    unambiguous = next_hop(uri_of("port-unambiguous"))
    assert IPv6Address(unambiguous.host) == IPv6Address("2001:db8::10")
    assert unambiguous.port == 5070


@pytest.mark.parametrize(
    "name", ["via-received-param-with-delim", "via-received-param-no-delim", "ipv6-good"]
)
def test_responses_go_where_the_request_came_from_and_received_has_no_brackets(name: str) -> None:
    listener = Listener("v6", Transport.UDP, ("::", 5060), ("2001:db8::10", 5060))
    came_over = Flow(listener, ("2001:db8::9:77", 40_000))
    message = request(name)
    note_source(message, came_over)
    assert message.via.parameters["received"] == "2001:db8::9:77"
    assert response_flow(message, came_over).remote == ("2001:db8::9:77", 5060)


def test_both_versions_stand_side_by_side() -> None:
    assert [(via.transport, via.host, via.port) for via in request("mult-ip-in-header").vias] == [
        ("UDP", "[2001:db8::9:1]", 6050),
        ("UDP", "192.0.2.1", None),
        ("TCP", "[2001:db8::9:255]", None),
    ]
    assert request("mult-ip-in-header").vias[2].parameters["received"] == "192.0.2.200"
    assert b"c=IN IP4 192.0.2.1\r\n" in request("mult-ip-in-sdp").body
    assert b"c=IN IP6 2001:db8::1\r\n" in request("mult-ip-in-sdp").body


def test_a_mapped_address_is_one_address() -> None:
    assert [via.sent_by for via in request("ipv4-mapped-ipv6").vias] == [
        "[::ffff:192.0.2.10]:19823",
        "[::ffff:192.0.2.2]",
    ]


def test_the_colon_too_many_is_not_passed_on() -> None:
    with_bug, correct = uri_of("ipv6-bug-abnf-3-colons"), uri_of("ipv6-correct-abnf-2-colons")
    assert with_bug.host == correct.host == "[2001:db8::192.0.2.1]"
    assert next_hop(with_bug) == next_hop(correct)


@pytest.mark.parametrize(
    "host", ["[2001:db8:::1]", "[:::]", "[2001:::db8::192.0.2.1]", "[2001:db8::::192.0.2.1]"]
)
def test_no_other_colon_is_forgiven(host: str) -> None:
    data = load("ipv6-good").replace(
        b"REGISTER sip:[2001:db8::10]", f"REGISTER sip:{host}".encode()
    )
    assert verdict(data) == 400


@pytest.mark.parametrize(("name", "printed"), PRINTED_LENGTHS.items())
def test_a_length_as_printed(name: str, printed: int) -> None:
    body = request(name).body
    right = f"Content-Length: {len(body)}\r\n".encode()
    data = load(name).replace(right, f"Content-Length: {printed}\r\n".encode())
    assert data != load(name)
    if printed > len(body):
        assert verdict(data) == 400
    else:
        assert parse_message(data).body == body[:printed]
