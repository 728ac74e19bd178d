from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.derive import acknowledge, cancel, respond
from sipcore.message.message import Request, Response
from tests.sipcore.message.samples import request_of, with_lines


def invite() -> Request:
    return Request(
        "INVITE",
        "sip:b@h;x=1",
        [
            ("via", "SIP/2.0/UDP a:5060;rport;branch=z9hG4bK1, SIP/2.0/UDP z;branch=0"),
            ("max-forwards", "12"),
            ("from", "<sip:a@h>;tag=f"),
            ("to", "sip:b@h"),
            ("call-id", "c"),
            ("cseq", "5 INVITE"),
            ("route", "<sip:p1;lr>, <sip:p2;lr>"),
            ("timestamp", "54"),
        ],
    )


def test_a_response_echoes_what_it_must() -> None:
    request = request_of(with_lines(b"v: SIP/2.0/TCP second;branch=2"))
    response = respond(request, 404, to_tag="t1", fields=[("allow", "INVITE")], body=b"x")
    assert (response.status, response.reason) == (404, "Not Found")
    assert response.values("via") == request.values("via")
    assert response.value("from") == request.value("from")
    assert response.value("to") == "<sip:anna@example.org>;tag=t1"
    assert response.call_id == request.call_id
    assert response.cseq == request.cseq
    assert response.value("allow") == "INVITE"
    assert response.body == b"x"


def test_the_to_tag() -> None:
    tagged = request_of(with_lines(b"To: <sip:a@h>;tag=x", without=b"To"))
    assert respond(tagged, 200, to_tag="t1").to.tag == "x"
    assert respond(invite(), 180, to_tag="t1").to.tag == "t1"
    assert respond(invite(), 100, to_tag="t1").to.tag is None
    assert respond(invite(), 200).to.tag is None


def test_only_a_100_echoes_the_timestamp() -> None:
    assert respond(invite(), 100).value("timestamp") == "54"
    assert respond(invite(), 180).value("timestamp") is None


def test_a_malformed_to_can_still_be_answered() -> None:
    request = request_of(with_lines(b"To: <sip:a b@h>", without=b"To"))
    assert respond(request, 400, to_tag="t").value("to") == "<sip:a b@h>"


def test_who_cannot_be_answered() -> None:
    with pytest.raises(RemoteError):
        respond(request_of(with_lines(without=b"Call-ID")), 400)


def test_an_unknown_status_has_a_phrase() -> None:
    assert respond(invite(), 499).reason == "Unknown"
    assert respond(invite(), 499, "Because").reason == "Because"


def test_ack() -> None:
    request = invite()
    ack = acknowledge(request, respond(request, 486, to_tag="t"))
    assert (ack.method, ack.uri_text) == ("ACK", "sip:b@h;x=1")
    assert [via.branch for via in ack.vias] == ["z9hG4bK1"]
    assert ack.to.tag == "t"
    assert ack.from_.tag == "f"
    assert str(ack.cseq) == "5 ACK"
    assert ack.values("route") == request.values("route")


def test_cancel() -> None:
    request = invite()
    message = cancel(request, fields=[("reason", "SIP;cause=200")])
    assert (message.method, message.uri_text) == ("CANCEL", "sip:b@h;x=1")
    assert [via.branch for via in message.vias] == ["z9hG4bK1"]
    assert message.value("to") == "sip:b@h"
    assert str(message.cseq) == "5 CANCEL"
    assert message.value("reason") == "SIP;cause=200"
    assert message.values("route") == request.values("route")


def test_a_response_is_made_for_its_request_alone() -> None:
    request = invite()
    respond(request, 200, to_tag="t")
    assert isinstance(respond(request, 200), Response)
    assert request.to.tag is None
