"""What is answered to a request that cannot be parsed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message import Response, parse_message
from sipcore.transport.flow import Flow, Listener, Transport
from sipcore.transport.malformed import refuse_malformed, salvage_request

FLOW = Flow(Listener("udp", Transport.UDP, ("192.0.2.1", 5060)), ("198.51.100.7", 40000))
GOOD = (
    b"OPTIONS sip:a@h SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport\r\n"
    b"Via: SIP/2.0/UDP below;branch=z9hG4bK0\r\n"
    b"f: <sip:b@h>;tag=1\r\n"
    b"T: <sip:a@h>\r\n"
    b"Call-ID: c\r\n"
    b"CSeq: 1 OPTIONS\r\n"
)
ERROR = RemoteError('bad "thing"\r\nX: <y> in \N{PILE OF POO} it', status_hint=400)


@pytest.mark.parametrize(
    "data",
    [
        GOOD + b"no colon\r\n\r\n",
        GOOD + b"X: \x01\r\n\r\n",
        GOOD + b"Content-Length: x\r\n\r\n",
        GOOD.replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1) + b"\r\n",
        GOOD.replace(b" sip:a@h ", b"  sip:a@h  ") + b"\r\n",
        GOOD + b"\xff\xfe: \xff\r\n\r\n",
        b"\r\n" + GOOD + b"bare\nline: x\r\n\r\n",
        GOOD.replace(b"f: <", b"f:\r\n <"),
    ],
)
def test_it_is_answered_when_the_five_fields_can_be_read(data: bytes) -> None:
    request = salvage_request(data)
    assert request is not None
    refusal = refuse_malformed(request, ERROR, FLOW)
    assert refusal is not None
    assert refusal.flow == FLOW
    response = parse_message(refusal.data)
    assert isinstance(response, Response)
    assert response.status == 400
    assert response.reason == "bad thingX: y in  it"
    assert response.via.received == "198.51.100.7"
    assert [via.branch for via in response.vias] == ["z9hG4bK1", "z9hG4bK0"]
    assert response.to.tag is not None
    assert response.from_.tag == "1"
    assert response.call_id == "c"
    assert str(response.cseq) == "1 OPTIONS"


@pytest.mark.parametrize("field", [b"v: ", b"f: ", b"T: ", b"Call-ID: ", b"CSeq: "])
def test_without_one_of_the_fields_there_is_no_answer(field: bytes) -> None:
    data = GOOD.replace(b"Via: SIP/2.0/UDP below;branch=z9hG4bK0\r\n", b"")
    lines = [line for line in data.split(b"\r\n") if not line.startswith(field)]
    assert salvage_request(b"\r\n".join(lines)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 40,
        b"SIP/2.0 200 OK\r\n" + GOOD.split(b"\r\n", 1)[1],
        GOOD.replace(b"1 OPTIONS", b"1 INVITE"),
        GOOD.replace(b"10.0.0.1", b"<>"),
        GOOD + b"Call-ID: another\r\n",
        GOOD.replace(b"Call-ID: c", b"Call-ID: c\x07"),
    ],
)
def test_what_is_no_request_gets_no_answer(data: bytes) -> None:
    assert salvage_request(data) is None


def test_an_ack_gets_no_answer() -> None:
    request = salvage_request(GOOD.replace(b"OPTIONS", b"ACK"))
    assert request is not None
    assert refuse_malformed(request, ERROR, FLOW) is None


def test_a_repeat_gets_the_same_answer() -> None:
    answers = set()
    for _ in range(2):
        request = salvage_request(GOOD)
        assert request is not None
        refusal = refuse_malformed(request, ERROR, FLOW)
        assert refusal is not None
        answers.add(refusal.data)
    assert len(answers) == 1


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_nothing_breaks_it(noise: bytes, position: int) -> None:
    request = salvage_request(GOOD[:position] + noise + GOOD[position:])
    if request is not None:
        refusal = refuse_malformed(request, ERROR, FLOW)
        if refusal is not None:
            assert isinstance(parse_message(refusal.data), Response)
