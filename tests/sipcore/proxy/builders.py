"""Requests, targets and answers for the tests of the proxy."""

from __future__ import annotations

from collections.abc import Sequence

from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.derive import respond
from sipcore.message.message import Request, Response
from sipcore.message.uri import SipUri
from sipcore.proxy import (
    Proxy,
    ProxyCommand,
    RecordRoutes,
    Redirected,
    Routed,
    Side,
    Target,
)
from sipcore.transaction.commands import SendCancel, SendRequest, SendResponse
from sipcore.transaction.events import RequestReceived, ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import CountingIdentifiers

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TCP = Listener("tcp", Transport.TCP, ("192.0.2.1", 5060))
TLS = Listener("tls", Transport.TLS, ("192.0.2.1", 5061))
KEY = b"sixteen octets!!"
SENDER = Flow(UDP, ("198.51.100.7", 5060))
FIRST = Target("sip:ben@203.0.113.1:5062;ob", Flow(UDP, ("203.0.113.1", 40000)))
FOURTH = Target("sip:ben@203.0.113.4", Flow(UDP, ("203.0.113.4", 5060)))
THIRD = Target("sip:ben@203.0.113.3", Flow(UDP, ("203.0.113.3", 5060)))
SECOND = Target("sip:ben@203.0.113.2", Flow(UDP, ("203.0.113.2", 5060)))


def is_own_uri(uri: SipUri) -> bool:
    return uri.host in {"example.org", "192.0.2.1"}


def proxy(limits: Limits = DEFAULT_LIMITS) -> Proxy:
    return Proxy(
        identifiers=CountingIdentifiers(""),
        is_own_uri=is_own_uri,
        is_own_realm="example.org".__eq__,
        sent_bys=frozenset({"192.0.2.1:5060"}),
        record_routes=RecordRoutes(KEY, {"udp": UDP, "tcp": TCP}),
        limits=limits,
    )


def admitted(core: Proxy, request: Request) -> Routed:
    routed = core.admit(request)
    assert isinstance(routed, Routed)
    return routed


def forward(
    core: Proxy,
    request: Request,
    targets: Sequence[Target],
    *,
    sender: Side | None = None,
    fields: tuple[tuple[str, str], ...] = (),
    follows_redirects: bool = False,
    now: float = 0.0,
) -> list[ProxyCommand]:
    return core.forward(
        received(request),
        admitted(core, request),
        targets,
        sender=sender,
        fields=fields,
        follows_redirects=follows_redirects,
        now=now,
    )


def take(
    core: Proxy, event: ResponseReceived | TransactionFailed, *, now: float = 0.0
) -> list[ProxyCommand]:
    """Hand over an event that is no redirection to be followed."""
    commands = []
    for one in core.receive(event, now=now):
        assert not isinstance(one, Redirected)
        commands.append(one)
    return commands


def message(
    *,
    method: str = "MESSAGE",
    uri: str = "sip:ben@example.org",
    fields: tuple[tuple[str, str], ...] = (),
) -> Request:
    request = Request(method, uri, body=b"Hallo")
    request.add("via", "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1;received=198.51.100.7")
    request.add("via", "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0")
    request.add("from", '"Anna" <sip:anna@example.org>;tag=1')
    request.add("to", "<sip:ben@example.org>")
    request.add("call-id", "a")
    request.add("cseq", f"7 {method}")
    if "max-forwards" not in dict(fields):
        request.add("max-forwards", "20")
    for key, value in fields:
        request.add(key, value)
    return request


def received(request: Request) -> RequestReceived:
    return RequestReceived(("transaction",), request, SENDER)


def sent(commands: Sequence[ProxyCommand]) -> list[SendRequest]:
    requests = [command for command in commands if isinstance(command, SendRequest)]
    assert len(requests) == len(commands)
    return requests


def cancelled(commands: Sequence[ProxyCommand]) -> list[SendCancel]:
    return [command for command in commands if isinstance(command, SendCancel)]


def answers(commands: Sequence[ProxyCommand]) -> list[Response]:
    return [command.response for command in commands if isinstance(command, SendResponse)]


def answer(commands: Sequence[ProxyCommand]) -> Response:
    (command,) = commands
    assert isinstance(command, SendResponse)
    assert command.transaction == ("transaction",)
    return command.response


def response(
    command: SendRequest, status: int, *, fields: tuple[tuple[str, str], ...] = ()
) -> ResponseReceived:
    reply = respond(command.request, status, to_tag=f"t{status}", fields=list(fields))
    reply.add_first("via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK99")
    return ResponseReceived(("client",), command.owner, command.request, reply, command.flow)


def failure(command: SendRequest, *, is_transport_failure: bool = False) -> TransactionFailed:
    return TransactionFailed(
        ("client",), command.owner, command.request, is_transport_failure=is_transport_failure
    )
