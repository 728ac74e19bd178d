"""The OPTIONS that makes a phone open its own NAT."""

from __future__ import annotations

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.derive import respond
from sipcore.message.message import Request, Response
from sipcore.message.parse import parse_message
from sipcore.registrar.keep_alive import is_keep_alive_answer, keep_alive
from tests.sipcore.registrar.builders import PHONE, changes, register
from tests.support.phones import CountingIdentifiers


def test_an_options_that_any_phone_answers() -> None:
    (binding,) = changes(register("<sip:anna@192.168.1.5;ob?Route=x>")).bindings
    outgoing = keep_alive(binding, CountingIdentifiers(""))
    assert outgoing.flow is PHONE
    request = parse_message(outgoing.data, limits=DEFAULT_LIMITS)
    assert isinstance(request, Request)
    assert (request.method, request.uri_text) == ("OPTIONS", "sip:anna@192.168.1.5;ob")
    assert (request.via.host, request.via.branch) == ("192.0.2.1", "z9hG4bK1")
    assert request.from_.tag
    assert request.to.tag is None
    assert request.cseq.method == "OPTIONS"
    assert request.max_forwards == 70
    answer = respond(request, 200, to_tag="x")
    assert is_keep_alive_answer(answer)
    assert not is_keep_alive_answer(request)


def test_other_responses_are_none() -> None:
    assert not is_keep_alive_answer(Response(200, "OK", [("call-id", "call1")]))
    assert not is_keep_alive_answer(Response(200, "OK"))
