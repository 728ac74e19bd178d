"""What leaves towards a target: RFC 3261 §16.6, built from an allow-list."""

from __future__ import annotations

import pytest

from sipcore.errors import LocalError, RemoteError
from sipcore.limits import Limits
from sipcore.message.message import Request
from sipcore.proxy import Target
from sipcore.proxy.forward import REQUEST_HEADERS
from sipcore.transport.flow import Flow
from tests.sipcore.proxy.builders import (
    FIRST,
    SECOND,
    THIRD,
    TLS,
    answer,
    forward,
    message,
    proxy,
    response,
    sent,
    take,
)


def forwarded(request: Request, target: Target = FIRST) -> Request:
    (command,) = sent(forward(proxy(), request, [target]))
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
        "x-anything",
    ],
)
def test_what_is_not_listed_does_not_pass(key: str) -> None:
    assert key not in REQUEST_HEADERS
    assert not forwarded(message(fields=((key, "<sip:example.org;lr>"),))).has(key)


def test_fields_of_ours_are_added() -> None:
    asserted = ("p-asserted-identity", "<sip:+4930123@example.org>")
    (command,) = sent(forward(proxy(), message(), [FIRST], fields=(asserted,)))
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
    three = [FIRST, SECOND, THIRD]
    commands = sent(forward(proxy(), message(fields=(("max-breadth", "7"),)), three))
    assert [command.request.value("max-breadth") for command in commands] == ["3", "2", "2"]
    assert len({command.owner for command in commands}) == 3


@pytest.mark.parametrize(("said", "passed"), [((), "60"), (("61",), "60"), (("60",), "60")])
def test_breadth_is_at_most_what_we_allow(said: tuple[str, ...], passed: str) -> None:
    request = message(fields=tuple(("max-breadth", value) for value in said))
    assert forwarded(request).values("max-breadth") == [passed]


def test_a_breadth_that_cannot_be_read() -> None:
    core = proxy()
    with pytest.raises(RemoteError):
        forward(core, message(fields=(("max-breadth", "wide"),)), [FIRST])
    assert core.context_count == 0


def test_without_breadth_nothing_goes_out() -> None:
    result = answer(forward(proxy(), message(fields=(("max-breadth", "0"),)), [FIRST]))
    assert (result.status, result.reason) == (440, "Max-Breadth Exceeded")


def test_a_breadth_that_does_not_suffice_makes_the_fork_serial() -> None:
    core = proxy()
    (first,) = sent(forward(core, message(fields=(("max-breadth", "1"),)), [FIRST, SECOND, THIRD]))
    (second,) = sent(take(core, response(first, 404)))
    assert second.request.uri_text == SECOND.request_uri
    assert second.request.value("max-breadth") == "1"
    assert answer(take(core, response(second, 200))).status == 200
    assert core.context_count == 0


def test_without_a_target_nobody_is_there() -> None:
    result = answer(forward(proxy(), message(), []))
    assert (result.status, result.to.tag) == (480, "tag1")


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "REGISTER"])
def test_what_is_for_the_switch_alone_is_never_proxied(method: str) -> None:
    with pytest.raises(LocalError):
        forward(proxy(), message(method=method), [FIRST])


def test_a_method_that_nobody_knows_is_forwarded() -> None:
    assert forwarded(message(method="FOO")).method == "FOO"


def test_requests_under_way_are_bounded() -> None:
    core = proxy(Limits(proxy_contexts_max=1))
    forward(core, message(), [FIRST])
    assert answer(forward(core, message(), [FIRST])).status == 503


def test_the_same_place_is_tried_once() -> None:
    assert len(sent(forward(proxy(), message(), [FIRST, SECOND, FIRST]))) == 2


def test_branches_of_one_request_are_bounded() -> None:
    many = [Target(f"sip:ben@203.0.113.1:{5000 + n}", FIRST.flow) for n in range(100)]
    assert len(sent(forward(proxy(), message(), many))) == 60


def test_a_device_with_a_broken_path_does_not_hold_up_the_others() -> None:
    broken = Target("sip:ben@203.0.113.9", FIRST.flow, ("<tel:+4930>",))
    (command,) = sent(forward(proxy(), message(), [broken, SECOND]))
    assert command.request.uri_text == SECOND.request_uri
    core = proxy()
    assert answer(forward(core, message(), [broken])).status == 480
    assert core.context_count == 0


def test_a_secure_request_goes_over_secure_ways_alone() -> None:
    secure = Target("sips:ben@203.0.113.3", Flow(TLS, ("203.0.113.3", 5061)))
    request = message(uri="sips:ben@example.org")
    (command,) = sent(forward(proxy(), request, [FIRST, secure]))
    assert command.flow is secure.flow
    assert answer(forward(proxy(), request, [FIRST])).status == 480


def test_credentials_for_somebody_behind_us_pass() -> None:
    ours = 'Digest username="anna", realm="example.org", nonce="n", uri="u", response="r"'
    theirs = 'Digest username="anna", realm="east.example", nonce="n", uri="u", response="r"'
    fields = tuple(
        (key, value) for key in ("authorization", "proxy-authorization") for value in (ours, theirs)
    )
    result = forwarded(message(fields=fields))
    assert result.values("authorization") == [theirs]
    assert result.values("proxy-authorization") == [theirs]


def test_the_branch_carries_the_mark_of_the_request() -> None:
    (one,) = sent(forward(proxy(), message(), [FIRST]))
    (again,) = sent(forward(proxy(), message(), [FIRST]))
    (other,) = sent(forward(proxy(), message(uri="sip:anna@example.org"), [FIRST]))
    assert one.mark == again.mark != other.mark
    assert len(one.mark) == 20
