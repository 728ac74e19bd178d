from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.check import check_request, check_response
from sipcore.message.derive import respond
from tests.sipcore.message.samples import REGISTER, request_of, with_lines


def refused(data: bytes) -> int:
    with pytest.raises(RemoteError) as error:
        check_request(request_of(data))
    return error.value.status_hint


def test_a_whole_request() -> None:
    check_request(request_of())
    check_request(request_of(with_lines(without=b"Max-Forwards")))
    check_request(request_of(REGISTER.replace(b"sip:example.org SIP", b"urn:service:sos SIP")))
    check_request(request_of(REGISTER.replace(b"sip:example.org SIP", b"tel:110 SIP")))


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_each_mandatory_header(name: bytes) -> None:
    line = next(line for line in REGISTER.split(b"\r\n") if line.startswith(name + b":"))
    assert refused(with_lines(without=name + b":")) == 400
    assert refused(with_lines(name + b": ", without=name + b":")) == 400
    if name != b"Call-ID":
        assert refused(with_lines(name + b": ;;", without=name + b":")) == 400
    if name != b"Via":
        assert refused(with_lines(line)) == 400


@pytest.mark.parametrize(
    "line", [b"Max-Forwards: x", b"Max-Forwards: 256", b"Max-Forwards: -1", b"Max-Forwards:"]
)
def test_max_forwards(line: bytes) -> None:
    assert refused(with_lines(line, without=b"Max")) == 400


def test_the_method_of_cseq() -> None:
    assert refused(with_lines(b"CSeq: 7 register", without=b"CSeq")) == 400


def test_request_uris() -> None:
    assert refused(REGISTER.replace(b"sip:example.org SIP", b"mailto:a@h SIP")) == 416
    assert refused(REGISTER.replace(b"sip:example.org SIP", b"<sip:h> SIP")) == 400
    with pytest.raises(RemoteError) as error:
        check_request(request_of(), schemes=frozenset({"tel"}))
    assert error.value.status_hint == 416


def test_responses() -> None:
    response = respond(request_of(), 200, to_tag="t")
    check_response(response)
    response.add("call-id", "second")
    with pytest.raises(RemoteError):
        check_response(response)
