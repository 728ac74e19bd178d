"""A layer on a bench top: requests go in by hand, time is turned by hand, outputs are read."""

from __future__ import annotations

from collections.abc import Callable

from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message import Request, Response, parse_message, serialize
from sipcore.message.derive import respond
from sipcore.transaction.events import RequestReceived, TransactionEvent, TransactionId
from sipcore.transaction.layer import TransactionLayer
from sipcore.transaction.timers import Timers
from sipcore.transport.flow import Address, Flow, Listener, Transport

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TCP = Listener("tcp", Transport.TCP, ("192.0.2.1", 5060))
PEER: Address = ("198.51.100.7", 5070)


class CountingIdentifiers:
    """Identifiers that count, so that the same inputs give the same bytes."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._count = 0

    def branch(self) -> str:
        return f"z9hG4bK{self._next()}"

    def tag(self) -> str:
        return f"tag{self._next()}"

    def call_id(self) -> str:
        return f"call{self._next()}"

    def token(self, bits: int = 128) -> str:
        return f"token{self._next()}"

    def spread(self, low: float, high: float) -> float:
        return (low + high) / 2

    def _next(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"


def udp(remote: Address = PEER) -> Flow:
    return Flow(UDP, remote)


def tcp(connection: int = 1, remote: Address = PEER) -> Flow:
    return Flow(TCP, remote, connection)


class BenchTop:
    """One layer, its clock, and what it put out."""

    def __init__(
        self,
        flow: Flow | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        is_emergency: Callable[[Request], bool] | None = None,
        timers: Timers | None = None,
    ) -> None:
        self.flow = udp() if flow is None else flow
        self.now = 1000.0
        self.layer = TransactionLayer(
            identifiers=CountingIdentifiers(),
            limits=limits,
            is_emergency=is_emergency,
            timers=timers,
        )

    def receive(self, message: Request | Response | str, flow: Flow | None = None) -> None:
        """Hand in a message as it came from the wire."""
        if isinstance(message, str):
            message = parsed(message)
        self.layer.receive(message, self.flow if flow is None else flow, now=self.now)

    def sent(self) -> list[Request | Response]:
        """Take what was sent, parsed."""
        return [parse_message(outgoing.data) for outgoing in self.layer.outgoing()]

    def sent_names(self) -> list[str]:
        """Take what was sent, as methods and statuses."""
        return [
            message.method if isinstance(message, Request) else str(message.status)
            for message in self.sent()
        ]

    def flows(self) -> list[Flow]:
        """Take what was sent, as where it went."""
        return [outgoing.flow for outgoing in self.layer.outgoing()]

    def events(self) -> list[TransactionEvent]:
        """Take what the user is told."""
        return self.layer.events()

    def event_names(self) -> list[str]:
        """Take what the user is told, as names of events."""
        return [type(event).__name__ for event in self.layer.events()]

    def wait(self, seconds: float) -> list[float]:
        """Let time pass from deadline to deadline; return after how long something was sent."""
        start = self.now
        end = start + seconds
        moments: list[float] = []
        while (due := self.layer.next_deadline()) is not None and due <= end:
            self.now = due
            before = len(self.layer._outputs.outgoing)
            self.layer.handle_deadlines(now=due)
            sent = len(self.layer._outputs.outgoing) - before
            moments += [round(due - start, 6)] * sent
        self.now = end
        self.layer.handle_deadlines(now=end)
        return moments

    def open_server(self, method: str = "INVITE", **changes: str) -> TransactionId:
        """Receive a request and take the event that it makes."""
        self.receive(request_text(method, **changes))
        (event,) = self.layer.events()
        assert isinstance(event, RequestReceived)
        self.request = event.request
        return event.transaction

    def answer(self, transaction: TransactionId, status: int) -> None:
        """Let the user respond to the request that ``open_server`` received."""
        self.layer.respond(transaction, respond(self.request, status, to_tag="ours"), now=self.now)

    def open_client(self, method: str = "INVITE", owner: str = "owner") -> Request:
        """Start a client transaction and return the request as it was sent."""
        request = Request(
            method,
            "sip:bob@198.51.100.7",
            [
                ("max-forwards", "70"),
                ("from", "<sip:alice@192.0.2.1>;tag=ours"),
                ("to", "<sip:bob@198.51.100.7>"),
                ("call-id", "call"),
                ("cseq", f"7 {method}"),
                ("route", "<sip:edge.example;lr>"),
            ],
        )
        self.layer.request(request, self.flow, owner=(owner,), now=self.now)
        sent = self.sent()[-1]
        assert isinstance(sent, Request)
        return sent

    def receive_answer(self, request: Request, status: int, *, to_tag: str = "theirs") -> None:
        """Receive the peer's response to a request of ours."""
        self.receive(parse_message(serialize(respond(request, status, to_tag=to_tag))))


def parsed(text: str) -> Request | Response:
    """Parse a message written with plain line ends."""
    return parse_message(text.replace("\n", "\r\n").encode())


def request_text(
    method: str = "INVITE",
    *,
    branch: str = "z9hG4bKpeer",
    sent_by: str = "198.51.100.7:5070",
    via_parameters: str = "",
    transport: str = "UDP",
    to: str = "<sip:alice@192.0.2.1>",
    cseq_method: str | None = None,
    extra: str = "",
) -> str:
    """Write a request of a peer."""
    return (
        f"{method} sip:alice@192.0.2.1 SIP/2.0\n"
        f"Via: SIP/2.0/{transport} {sent_by};branch={branch}{via_parameters}\n"
        f"{extra}"
        "Max-Forwards: 70\n"
        "From: <sip:bob@198.51.100.7>;tag=theirs\n"
        f"To: {to}\n"
        "Call-ID: call-of-peer\n"
        f"CSeq: 3 {cseq_method or method}\n"
        "Content-Length: 0\n"
        "\n"
    )
