"""The cheap 503: what it echoes, and how its ACK is known."""

from __future__ import annotations

from sipcore.defence.refusals import Refusals
from sipcore.message import Request, Response, parse_message
from sipcore.message.derive import acknowledge
from sipcore.message.message import serialize
from sipcore.transport.flow import Flow, Listener, Transport
from sipcore.transport.response_path import note_source
from sipcore.transport.stateless import answer
from tests.support.phones import CountingIdentifiers

FLOW = Flow(Listener("udp", Transport.UDP, ("192.0.2.1", 5060)), ("198.51.100.7", 40_000))
INVITE = (
    b"INVITE sip:ben@example.org SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKtop;rport\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKbelow, SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKlast\r\n"
    b'f: "Anna \xc3\x84 \xff" <sip:anna@example.org>;tag=1\r\n'
    b"t: Ben <sip:ben@example.org>\r\n"
    b"i: abc@10.0.0.9\r\nCSeq: 7 INVITE\r\nSubject: no echo\r\nl: 0\r\n\r\n"
)


def refusals(name: str = "r") -> Refusals:
    return Refusals(CountingIdentifiers(name))


def invite(data: bytes = INVITE) -> Request:
    request = parse_message(data)
    assert isinstance(request, Request)
    return request


def refused(made: Refusals, data: bytes = INVITE) -> Response:
    outgoing = made.refuse(invite(data), FLOW)
    assert outgoing.flow == FLOW
    response = parse_message(outgoing.data)
    assert isinstance(response, Response)
    return response


def ack_of(response: Response) -> bytes:
    return serialize(acknowledge(invite(), response))


def test_it_says_what_the_general_way_would_say() -> None:
    response = refused(refusals())
    request = invite()
    note_source(request, FLOW)
    wait = int(response.required("retry-after"))
    expected = answer(request, 503, to_tag=response.to.tag, retry_after_s=wait)
    assert (response.status, response.reason) == (503, expected.reason)
    assert 5 <= wait <= 30
    fields = [one for one in response.fields if one[0] != "content-length"]
    assert sorted(fields) == sorted(expected.fields)
    assert response.via.rport == FLOW.remote[1]
    assert [one for one in fields if one[0] == "via"] == [
        one for one in expected.fields if one[0] == "via"
    ]


def test_octets_that_are_no_text_come_back_as_they_were() -> None:
    assert b'"Anna \xc3\x84 \xff"' in refusals().refuse(invite(), FLOW).data


def test_the_tag_is_the_same_for_a_repeat_and_another_for_another_request() -> None:
    made = refusals()
    tag = refused(made).to.tag
    assert refused(made).to.tag == tag
    assert refused(made, INVITE.replace(b"abc@", b"abd@")).to.tag != tag
    assert refused(refusals("s")).to.tag != tag


def test_a_tag_of_a_dialog_is_kept() -> None:
    response = refused(
        refusals(), INVITE.replace(b"ben@example.org>\r", b"ben@example.org>;tag=9\r")
    )
    assert response.to.tag == "9"


def test_the_ack_is_known_and_nothing_else_is_taken_for_it() -> None:
    made = refusals()
    ack = ack_of(refused(made))
    assert made.is_acknowledged(ack)
    assert not made.is_acknowledged(ack.replace(b"ACK ", b"BYE ").replace(b" ACK", b" BYE"))
    assert not made.is_acknowledged(ack_of(refused(refusals("s"))))
    assert not made.is_acknowledged(ack_of(answer(invite(), 503)))


def test_who_has_refused_nothing_waits_for_no_ack() -> None:
    assert not refusals().is_acknowledged(ack_of(answer(invite(), 503)))
