"""What leaves towards a target: RFC 3261 §16.6, built from an allow-list."""

from __future__ import annotations

import pytest

from sipcore.errors import LocalError, RemoteError
from sipcore.message.message import Request
from sipcore.proxy import Target
from sipcore.proxy.forward import REQUEST_HEADERS
from tests.sipcore.proxy.builders import (
    FIRST,
    SECOND,
    answer,
    message,
    proxy,
    received,
    sent,
)


def forwarded(request: Request, target: Target = FIRST) -> Request:
    (command,) = sent(proxy().forward(received(request), [target]))
    assert command.flow is target.flow
    return command.request


def test_the_request_line_is_the_targets_and_the_rest_the_senders() -> None:
    result = forwarded(message(fields=(("content-type", "text/plain"), ("priority", "urgent"))))
    assert (result.method, result.uri_text) == ("MESSAGE", "sip:ben@203.0.113.1:5062;ob")
    assert result.body == b"Hallo"
    assert result.fields == [
        ("via", "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1;received=198.51.100.7"),
        ("via", "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0"),
        ("max-forwards", "19"),
        ("max-breadth", "60"),
        ("from", '"Anna" <sip:anna@example.org>;tag=1'),
        ("to", "<sip:ben@example.org>"),
        ("call-id", "a"),
        ("cseq", "7 MESSAGE"),
        ("content-type", "text/plain"),
        ("priority", "urgent"),
    ]


def test_without_max_forwards_it_gets_70() -> None:
    request = message()
    request.fields = [field for field in request.fields if field[0] != "max-forwards"]
    request = Request(request.method, request.uri_text, request.fields)
    assert forwarded(request).max_forwards == 70


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "proxy-authorization",
        "p-asserted-identity",
        "p-preferred-identity",
        "remote-party-id",
        "diversion",
        "history-info",
        "p-charging-vector",
        "identity",
        "route",
        "proxy-require",
        "x-anything",
    ],
)
def test_what_is_not_listed_does_not_pass(key: str) -> None:
    assert key not in REQUEST_HEADERS
    assert not forwarded(message(fields=((key, "<sip:example.org;lr>"),))).has(key)


def test_fields_of_ours_are_added() -> None:
    asserted = ("p-asserted-identity", "<sip:+4930123@example.org>")
    (command,) = sent(proxy().forward(received(message()), [FIRST], fields=(asserted,)))
    assert command.request.fields[-1] == asserted


def test_a_path_becomes_a_route() -> None:
    route = ("<sip:edge.example.org;lr>", "<sip:inner.example.org;lr>")
    result = forwarded(message(), Target(FIRST.request_uri, FIRST.flow, route))
    assert (result.uri_text, result.values("route")) == (FIRST.request_uri, list(route))


def test_a_strict_router_finds_itself_in_the_request_uri() -> None:
    route = ("<sip:edge.example.org>", "<sip:inner.example.org;lr>")
    result = forwarded(message(), Target("sip:ben@203.0.113.1", FIRST.flow, route))
    assert result.uri_text == "sip:edge.example.org"
    assert result.values("route") == ["<sip:inner.example.org;lr>", "<sip:ben@203.0.113.1>"]


def test_breadth_is_shared_among_the_targets() -> None:
    core = proxy()
    three = [FIRST, SECOND, FIRST]
    commands = sent(core.forward(received(message(fields=(("max-breadth", "7"),))), three))
    assert [command.request.value("max-breadth") for command in commands] == ["3", "2", "2"]
    assert len({command.owner for command in commands}) == 3
    narrow = core.forward(received(message(fields=(("max-breadth", "1"),))), three)
    assert answer(narrow).status == 440
    with pytest.raises(RemoteError):
        core.forward(received(message(fields=(("max-breadth", "wide"),))), three)
    assert core.context_count == 1


def test_without_a_target_nobody_is_there() -> None:
    result = answer(proxy().forward(received(message()), []))
    assert (result.status, result.to.tag) == (480, "tag1")


@pytest.mark.parametrize("method", ["INVITE", "ACK", "CANCEL", "REGISTER"])
def test_calls_and_registrations_are_never_proxied(method: str) -> None:
    with pytest.raises(LocalError):
        proxy().forward(received(message(method=method)), [FIRST])


def test_requests_under_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipcore.proxy.proxy.CONTEXTS_MAX", 1)
    core = proxy()
    core.forward(received(message()), [FIRST])
    assert answer(core.forward(received(message()), [FIRST])).status == 503
