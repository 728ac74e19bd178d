"""A small telephone network on virtual time: phones, a switch that joins calls, a lossy wire.

Each phone and the switch have a real TransactionLayer; the switch has real Calls and, in place of
call control, a few lines that dial what the test says. Packets arrive at the instant they are
sent unless ``World.loses`` says otherwise; time passes only in ``World.advance``. Phones watch
what they are sent: a request of the switch with a wrong CSeq fails the test, one with a wrong tag
is kept in ``Phone.unknown``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import (
    Answered,
    Append,
    Appended,
    CallCommand,
    CallEvent,
    DeadlineReached,
    Dial,
    Ended,
    Exhausted,
    Refuse,
    Released,
    SendAck,
    SendCancel,
    SendRequest,
    SendResponse,
    Target,
)
from sipcore.b2bua.late_answer import end_late_answer
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import DialogId
from sipcore.message import Request, Response, parse_message
from sipcore.message.derive import respond
from sipcore.message.parameters import format_parameters
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionFailed,
    TransactionId,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Address, Flow, Listener, Outgoing, Transport

T = TypeVar("T")
Fields = tuple[tuple[str, str], ...]
SWITCH: Address = ("192.0.2.1", 5060)
EPOCH = 1000.0


class CountingIdentifiers:
    """Identifiers that count, and a spread that is always the middle."""

    def __init__(self, prefix: str) -> None:
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


def sdp(owner: str, version: int = 1, direction: str = "sendrecv") -> bytes:
    lines = (
        "v=0",
        f"o={owner} 1 {version} IN IP4 198.51.100.9",
        "s=-",
        "c=IN IP4 198.51.100.9",
        "t=0 0",
        "m=audio 4000 RTP/AVP 8",
        f"a={direction}",
    )
    return "\r\n".join((*lines, "")).encode("utf-8", "surrogateescape")


class World:
    """The wire and the clock."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.ends: dict[Address, End] = {}
        self.packets: list[tuple[Address, Address, bytes]] = []
        self.loses: Callable[[Address, Address, bytes], bool] | None = None
        self.log: list[tuple[float, str, str, str]] = []

    def settle(self) -> None:
        """Deliver everything that can arrive without time passing."""
        for _ in range(10_000):
            for end in list(self.ends.values()):
                end.flush()
            if not self.packets:
                return
            source, target, data = self.packets.pop(0)
            receiver = self.ends.get(target)
            if receiver is None or (self.loses is not None and self.loses(source, target, data)):
                continue
            message = parse_message(data)
            what = message.method if isinstance(message, Request) else str(message.status)
            self.log.append((self.now, self._name(source), self._name(target), what))
            receiver.receive(message, source)
        raise AssertionError("the wire never falls silent")

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline on the way."""
        until = self.now + seconds
        self.settle()
        for _ in range(10_000):
            deadlines = [end.next_deadline() for end in self.ends.values()]
            due = min((at for at in deadlines if at is not None), default=None)
            if due is None or due > until:
                self.now = until
                return
            self.now = max(self.now, due)
            for end in list(self.ends.values()):
                end.fire()
            self.settle()
        raise AssertionError("time does not pass: a deadline stays in the past")

    def _name(self, address: Address) -> str:
        end = self.ends.get(address)
        return "?" if end is None else end.name


class End:
    """Anything on the wire that has a transaction layer."""

    def __init__(self, world: World, name: str, address: Address) -> None:
        self.world = world
        self.name = name
        self.address = address
        self.identifiers = CountingIdentifiers(f"{name}-")
        self.listener = Listener("udp", Transport.UDP, address)
        self.layer = TransactionLayer(identifiers=self.identifiers)
        world.ends[address] = self

    @property
    def now(self) -> float:
        return self.world.now

    def flow(self, remote: Address) -> Flow:
        return Flow(self.listener, remote)

    def receive(self, message: Request | Response, source: Address) -> None:
        self.layer.receive(message, self.flow(source), now=self.now)
        self.flush()

    def flush(self) -> None:
        """Take the events of the layer until there are none, then put its bytes on the wire."""
        while events := self.layer.events():
            for event in events:
                self.take(event)
        packets: list[Outgoing] = self.layer.outgoing()
        for packet in packets:
            self.world.packets.append((self.address, packet.flow.remote, packet.data))

    def next_deadline(self) -> float | None:
        return self.layer.next_deadline()

    def fire(self) -> None:
        self.layer.handle_deadlines(now=self.now)

    def take(self, event: TransactionEvent) -> None:
        raise NotImplementedError


class Repeated(NamedTuple):
    """A response that is sent again, when and after which interval, until it is acknowledged."""

    due: float
    interval: float
    event: RequestReceived
    response: Response


class Line:
    """A dialog as a phone keeps it, written apart from ``sipcore.dialog`` so that it can judge."""

    def __init__(
        self, call_id: str, local: str, remote: str, target: str, *, remote_cseq: int = 0
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        self.cseq = 100
        self.remote_cseq = remote_cseq
        self.is_over = False

    def request(self, method: str) -> Request:
        self.cseq += 1
        return self.build(method, self.cseq)

    def build(self, method: str, cseq: int) -> Request:
        request = Request(method, self.target)
        request.add("max-forwards", "70")
        request.add("from", self.local)
        request.add("to", self.remote)
        request.add("call-id", self.call_id)
        request.add("cseq", f"{cseq} {method}")
        return request


class Phone(End):
    """A user agent that does what the test says and, unasked, what every phone does.

    ``answers`` maps a method to the status of its in-dialog requests; None leaves them open.
    A phone whose ``supports`` names 100rel acknowledges reliable provisional responses, unless
    ``pracks`` is off; ``prack_body`` goes along with that.
    """

    def __init__(self, world: World, name: str, address: Address) -> None:
        super().__init__(world, name, address)
        self.lines: list[Line] = []
        self.received: list[Request] = []
        self.responses: list[Response] = []
        self.acks: list[Request] = []
        self.failed: list[TransactionFailed] = []
        self.cancels: list[Request] = []
        self.incoming: RequestReceived | None = None
        self.held: list[RequestReceived] = []
        self.answers: dict[str, int | None] = {}
        self.acknowledges = True
        self.supports = "timer"
        self.allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, MESSAGE"
        self.session_expires: str | None = None
        self.refresher = "uas"
        self.version = 1
        self.tag = f"{name}-tag"
        self.local = ""
        self.repeated: list[Repeated] = []
        self.ack_body: bytes | None = None
        self.closed: dict[TransactionId, int] = {}
        self.byes: list[Request] = []
        self.unknown: list[Request] = []
        self.pracks = True
        self.prack_body: bytes | None = None
        self.rseq = 0
        self.unpracked: list[Repeated] = []
        self.heard_rseqs: list[tuple[str, int]] = []
        self.asked: list[tuple[str, int]] = []
        """Call-ID and CSeq of what we asked within a dialog; those with a final response below."""
        self.answered: set[tuple[str, int]] = set()

    # What a user does.

    def open_early_line(self, tag: str | None = None) -> None:
        """Take the dialog of a 18x of ours for one to speak in."""
        invite = self.call_offered().request
        self.lines.append(
            Line(
                invite.call_id,
                f"{invite.required('to')};tag={tag or self.tag}",
                invite.required("from"),
                str(invite.contacts[0].uri),
                remote_cseq=invite.cseq.number,
            )
        )

    @property
    def line(self) -> Line:
        return self.lines[-1]

    @property
    def sdp(self) -> bytes:
        return sdp(self.name, self.version)

    @property
    def contact(self) -> str:
        return f"<sip:{self.name}@{self.listener.sent_by}>"

    def call(
        self, uri: str = "sip:bob@example.org", *, body: bytes | None = None, fields: Fields = ()
    ) -> None:
        invite = Request("INVITE", uri)
        self.local = f'"{self.name}" <sip:{self.name}@example.org>;tag={self.tag}'
        invite.add("max-forwards", "70")
        invite.add("from", self.local)
        invite.add("to", f"<{uri}>")
        invite.add("call-id", f"{self.name}-call")
        invite.add("cseq", "100 INVITE")
        self.dress(invite, self.sdp if body is None else body)
        for key, value in fields:
            invite.add(key, value)
        self.send(invite)

    def cancel(self, fields: Fields = ()) -> None:
        self.layer.cancel(("INVITE", "", 100), fields=list(fields), now=self.now)
        self.world.settle()

    def ring(self, status: int = 180, *, body: bytes = b"", tag: str | None = None) -> None:
        self.respond(self.call_offered(), status, body=body, tag=tag)
        self.world.settle()

    def ring_reliably(
        self,
        status: int = 180,
        *,
        body: bytes = b"",
        tag: str | None = None,
        rseq: int | None = None,
    ) -> None:
        """Send a provisional response that is repeated until its PRACK (RFC 3262 §3)."""
        self.rseq = self.rseq + 1 if rseq is None else rseq
        if not any(line.local.endswith(f";tag={tag or self.tag}") for line in self.lines):
            self.open_early_line(tag)
        fields = (("require", "100rel"), ("rseq", str(self.rseq)))
        offered = self.call_offered()
        response = self.respond(offered, status, body=body, tag=tag, fields=fields)
        self.unpracked.append(Repeated(self.now + 0.5, 0.5, offered, response))
        self.world.settle()

    def answer(self, *, body: bytes | None = None, tag: str | None = None) -> None:
        invite = self.call_offered()
        request = invite.request
        local = f"{request.required('to')};tag={tag or self.tag}"
        if not any(line.local == local for line in self.lines):
            self.lines.append(
                Line(
                    request.call_id,
                    local,
                    request.required("from"),
                    str(request.contacts[0].uri),
                    remote_cseq=request.cseq.number,
                )
            )
        self.accept(invite, self.sdp if body is None else body, tag=tag)
        self.world.settle()

    def refuse(self, status: int, fields: Fields = ()) -> None:
        self.respond(self.call_offered(), status, fields=fields)
        self.world.settle()

    def say(
        self,
        method: str,
        *,
        body: bytes = b"",
        fields: Fields = (),
        content_type: str = "application/sdp",
        line: Line | None = None,
    ) -> None:
        """Send a request within the dialog."""
        request = (line or self.line).request(method)
        if method in ("INVITE", "UPDATE"):
            self.dress(request, body)
        elif body:
            request.add("content-type", content_type)
            request.body = body
        for key, value in fields:
            request.add(key, value)
        self.send(request)
        if method == "BYE":
            (line or self.line).is_over = True
            self.byes.append(request)
        self.world.settle()

    def cancel_reinvite(self, fields: Fields = ()) -> None:
        invite = self.line.build("INVITE", self.line.cseq)
        self.layer.cancel(self.owner(invite), fields=list(fields), now=self.now)
        self.world.settle()

    # What has come.

    def may_answer(self, status: int) -> bool:
        """Whether the call can still get this status from us; a fork below may answer twice."""
        if self.incoming is None:
            return False
        closed = self.closed.get(self.incoming.transaction)
        return closed is None or (closed == 200 == status)

    def call_offered(self) -> RequestReceived:
        assert self.incoming is not None, f"{self.name} has no call"
        return self.incoming

    def statuses(self, method: str) -> list[int]:
        return [r.status for r in self.responses if r.cseq.method == method]

    def finals(self, method: str = "INVITE") -> list[int]:
        return [status for status in self.statuses(method) if status >= 200]

    def last_response(self, method: str = "INVITE") -> Response:
        return [r for r in self.responses if r.cseq.method == method][-1]

    def requests(self, method: str) -> list[Request]:
        return [r for r in self.received if r.method == method]

    # What a phone does by itself.

    def dress(self, request: Request, body: bytes) -> None:
        request.add("contact", self.contact)
        request.add("allow", self.allow)
        if self.supports:
            request.add("supported", self.supports)
        if self.session_expires is not None and not request.has("session-expires"):
            request.add("session-expires", self.session_expires)
        if body:
            request.add("content-type", "application/sdp")
            request.body = body

    def owner(self, request: Request) -> tuple[str | int, ...]:
        """Name a transaction of ours; a phone may have several lines of one call."""
        return (request.method, request.to.tag or "", request.cseq.number)

    def send(self, request: Request) -> None:
        owner = self.owner(request)
        if request.to.tag is not None:
            self.asked.append((request.call_id, request.cseq.number))
        self.layer.request(request, self.flow(SWITCH), owner=owner, now=self.now)
        self.flush()
        self.world.settle()

    def respond(
        self,
        event: RequestReceived,
        status: int,
        *,
        body: bytes = b"",
        fields: Fields = (),
        tag: str | None = None,
    ) -> Response:
        extra = list(fields)
        if event.request.method in ("INVITE", "UPDATE") and status < 300:
            extra += [("contact", self.contact), ("allow", self.allow)]
            asked = event.request.value("session-expires")
            if asked is not None and status >= 200 and "timer" in self.supports:
                named = "refresher" in asked
                chosen = f"{asked};refresher={self.refresher}"
                extra.append(("session-expires", asked if named else chosen))
        if body:
            extra.append(("content-type", "application/sdp"))
        response = respond(event.request, status, to_tag=tag or self.tag, fields=extra, body=body)
        if status >= 200:
            self.closed.setdefault(event.transaction, status)
        self.layer.respond(event.transaction, response, now=self.now)
        self.flush()
        return response

    def accept(self, event: RequestReceived, body: bytes, *, tag: str | None = None) -> None:
        response = self.respond(event, 200, body=body, tag=tag)
        self.repeated.append(Repeated(self.now + 0.5, 0.5, event, response))

    def next_deadline(self) -> float | None:
        ours = [at for at, _, _, _ in (*self.repeated, *self.unpracked)]
        layer = super().next_deadline()
        return min([*ours, *([] if layer is None else [layer])], default=None)

    def fire(self) -> None:
        super().fire()
        for entry in [e for e in self.repeated if e[0] <= self.now]:
            _, interval, event, response = entry
            self.repeated.remove(entry)
            self.layer.respond(event.transaction, response, now=self.now)
            if interval < 16:
                longer = min(2 * interval, 4.0)
                self.repeated.append(Repeated(self.now + longer, longer, event, response))

        for entry in [e for e in self.unpracked if e[0] <= self.now]:
            _, interval, event, response = entry
            self.unpracked.remove(entry)
            if event.transaction not in self.closed:
                self.layer.respond(event.transaction, response, now=self.now)
                if interval < 16:
                    again = self.now + 2 * interval
                    self.unpracked.append(Repeated(again, 2 * interval, event, response))

    def take(self, event: TransactionEvent) -> None:
        match event:
            case RequestReceived():
                self.received.append(event.request)
                self.take_request(event)
            case ResponseReceived():
                self.responses.append(event.response)
                if event.response.status >= 200:
                    self.answered.add((event.request.call_id, event.request.cseq.number))
                self.take_response(event)
            case AckReceived():
                self.acks.append(event.request)
                number = event.request.cseq.number
                self.repeated = [
                    e
                    for e in self.repeated
                    if e[3].cseq.number != number
                    or e[3].to.tag != event.request.to.tag
                    or e[3].call_id != event.request.call_id
                ]
            case CancelReceived():
                self.cancels.append(event.request)
                for invite in (*self.held, *([self.incoming] if self.incoming else [])):
                    if (
                        invite.transaction == event.transaction
                        and self.answers.get("CANCEL", 487) is not None
                    ):
                        self.respond(invite, 487)
            case TransactionFailed():
                self.failed.append(event)

    def take_request(self, event: RequestReceived) -> None:
        request = event.request
        if request.to.tag is None:
            self.incoming = event
            return
        line = next(
            (
                one
                for one in self.lines
                if one.call_id == request.call_id
                and one.remote.endswith(f";tag={request.from_.tag}")
                and one.local.endswith(f";tag={request.to.tag}")
            ),
            None,
        )
        if line is None:
            self.unknown.append(request)
            self.respond(event, 481)
            return
        assert request.cseq.number > line.remote_cseq, f"{self.name} got an old CSeq"
        line.remote_cseq = request.cseq.number
        status = self.answers.get(request.method, 200)
        if request.method == "BYE":
            line.is_over = True
            self.repeated = [e for e in self.repeated if e.response.to.tag != request.to.tag]
        if status is None:
            self.held.append(event)
        elif request.method == "INVITE" and status == 200:
            self.accept(event, self.sdp)
        elif request.method == "PRACK" and status == 200:
            self.take_prack(event)
        elif request.method == "UPDATE" and status == 200:
            self.respond(event, 200, body=self.sdp if request.body else b"")
        else:
            self.respond(event, status)

    def take_prack(self, event: RequestReceived) -> None:
        """Take a PRACK: it must be for a response of ours that waits for it (RFC 3262 §3)."""
        number = int(event.request.required("rack").split()[0])
        waiting = [e for e in self.unpracked if int(e[3].required("rseq")) == number]
        assert waiting, f"{self.name} got a PRACK for {number}"
        self.unpracked.remove(waiting[0])
        has_offer = bool(event.request.body) and bool(waiting[0][2].request.body)
        self.respond(event, 200, body=sdp(self.name, 7) if has_offer else b"")

    def acknowledge_provisional(self, line: Line, request: Request, response: Response) -> None:
        """Send the PRACK for a reliable provisional response, once for each RSeq and dialog."""
        number = response.value("rseq")
        if number is None or not self.pracks or "100rel" not in self.supports:
            return
        heard = (line.remote, int(number))
        if heard in self.heard_rseqs:
            return
        self.heard_rseqs.append(heard)
        prack = line.request("PRACK")
        prack.add("rack", f"{number} {request.cseq.number} INVITE")
        body = self.prack_body
        if body is None and response.body and not request.body:
            body = self.sdp
        if body:
            prack.add("content-type", "application/sdp")
            prack.body = body
        self.send(prack)

    def take_response(self, event: ResponseReceived) -> None:
        response = event.response
        if event.request.method != "INVITE" or response.status == 100:
            return
        if response.status >= 300:
            return
        line = self.line_for(event.request, response)
        if response.is_provisional:
            self.acknowledge_provisional(line, event.request, response)
        if response.is_success and self.acknowledges:
            ack = line.build("ACK", response.cseq.number)
            body = self.ack_body
            if body is None and response.body and not event.request.body:
                body = self.sdp
            if body:
                ack.add("content-type", "application/sdp")
                ack.body = body
            self.layer.send_ack(ack, self.flow(SWITCH), now=self.now)

    def line_for(self, request: Request, response: Response) -> Line:
        for line in self.lines:
            if line.call_id == response.call_id and line.remote == response.required("to"):
                return line
        line = Line(
            response.call_id,
            request.required("from"),
            response.required("to"),
            str(response.contacts[0].uri),
        )
        self.lines.append(line)
        return line


class Switch(End):
    """The switch: real calls, and in place of call control what the test says.

    ``groups`` are dialled one after the other; ``appends`` answers every Append at once.
    """

    def __init__(self, world: World, *, settings: CallSettings | None = None) -> None:
        super().__init__(world, "switch", SWITCH)
        self.settings = settings or CallSettings()
        self.calls: dict[str, Call] = {}
        self.invites: list[RequestReceived] = []
        self.groups: list[tuple[Target, ...]] = []
        self.confirm = True
        self.appends = True
        self.commands: list[CallCommand] = []
        self.history: list[CallEvent] = []
        self.sent: list[CallCommand] = []
        self.orphans: list[TransactionEvent] = []

    @property
    def call(self) -> Call:
        assert len(self.calls) == 1
        return next(iter(self.calls.values()))

    def said(self, kind: type[T]) -> list[T]:
        return [command for command in self.commands if isinstance(command, kind)]

    def tell(self, event: CallEvent) -> None:
        """Say something to the one call, and deliver what follows."""
        self.step(self.call, event)
        self.world.settle()

    def step(self, call: Call, event: CallEvent) -> None:
        self.history.append(event)
        for command in call.step(event, now=self.now):
            self.perform(call, command)
        self.flush()

    def perform(self, call: Call, command: CallCommand) -> None:
        if not self.send_command(command):
            self.commands.append(command)
            self.decide(call, command)

    def send_command(self, command: CallCommand) -> bool:
        """Do what a command wants of the wire; False when it is none of that kind."""
        layer, now = self.layer, self.now
        match command:
            case SendRequest():
                layer.request(command.request, command.flow, owner=command.owner, now=now)
            case SendAck():
                layer.send_ack(command.request, command.flow, now=now)
            case SendCancel():
                layer.cancel(command.owner, fields=list(command.fields), now=now)
            case SendResponse():
                layer.respond(command.transaction, command.response, now=now)
            case _:
                return False
        self.sent.append(command)
        return True

    def decide(self, call: Call, command: CallCommand) -> None:
        if isinstance(command, Append) and self.appends:
            self.step(call, Appended())
        elif isinstance(command, Exhausted):
            if self.groups:
                self.step(call, Dial(self.groups.pop(0), confirm=self.confirm))
            else:
                self.step(call, Refuse(command.status))
        elif isinstance(command, Ended):
            del self.calls[call.call_id]

    def take(self, event: TransactionEvent) -> None:
        match event:
            case RequestReceived() if event.request.to.tag is None:
                self.invite(event)
            case RequestReceived() | AckReceived():
                dialog_id = DialogId.of_request(event.request)
                call = next((c for c in self.calls.values() if dialog_id in c.dialog_ids()), None)
                if call is not None:
                    self.step(call, event)
                elif isinstance(event, RequestReceived):
                    self.layer.respond(event.transaction, respond(event.request, 481), now=self.now)
            case ResponseReceived() | TransactionFailed():
                self.pass_on(str(event.owner[0]), event)
            case CancelReceived() | AckMissing():
                for call_id in list(self.calls):
                    self.pass_on(call_id, event)

    def invite(self, event: RequestReceived) -> None:
        self.invites.append(event)
        call = Call.begin(
            self.identifiers.call_id(),
            event.request,
            event.transaction,
            event.flow,
            identifiers=self.identifiers,
            settings=self.settings,
        )
        self.calls[call.call_id] = call
        if self.groups:
            self.step(call, Dial(self.groups.pop(0), confirm=self.confirm))

    def pass_on(self, call_id: str, event: TransactionEvent) -> None:
        call = self.calls.get(call_id)
        if call is None:
            self.orphans.append(event)
            if isinstance(event, ResponseReceived):
                for command in end_late_answer(event):
                    self.send_command(command)
        else:
            self.step(call, event)

    def next_deadline(self) -> float | None:
        deadlines = [call.next_deadline() for call in self.calls.values()]
        deadlines.append(super().next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def fire(self) -> None:
        super().fire()
        for call in list(self.calls.values()):
            due = call.next_deadline()
            if due is not None and due <= self.now:
                self.step(call, DeadlineReached())

    def restart(self, *, settings: CallSettings | None = None) -> None:
        """Lose everything but the last record of each call, and take the calls up again."""
        resume = self.said(Append)[-1].resume
        call_id = self.call.call_id
        self.layer = TransactionLayer(identifiers=self.identifiers)
        self.calls = {
            call_id: Call.resume(
                call_id,
                resume,
                {self.listener.name: self.listener},
                identifiers=self.identifiers,
                settings=settings or self.settings,
            )
        }


class Network(World):
    """A switch, a caller and some callees; ``target`` makes the target of a callee."""

    def __init__(self, *callees: str, settings: CallSettings | None = None) -> None:
        super().__init__()
        self.switch = Switch(self, settings=settings)
        self.alice = Phone(self, "alice", ("198.51.100.1", 5061))
        self.callees = {
            name: Phone(self, name, ("198.51.100.2", 5062 + place))
            for place, name in enumerate(callees or ("bob",))
        }

    @property
    def bob(self) -> Phone:
        return self.callees["bob"]

    def target(self, name: str, *, ring_s: float = 30.0, fields: Fields = (), **uri: str) -> Target:
        phone = self.callees[name]
        return Target(
            name,
            f"sip:{name}@{phone.listener.sent_by}{format_parameters(dict(uri))}",
            self.switch.flow(phone.address),
            from_value='"Alice" <sip:+4930111@freiton.test>',
            to_value=f"<sip:{name}@freiton.test>",
            fields=fields,
            ring_s=ring_s,
        )

    def dial(self, *, ring_s: float = 30.0, body: bytes | None = None) -> None:
        """Let alice call all callees at once."""
        self.switch.groups.append(tuple(self.target(name, ring_s=ring_s) for name in self.callees))
        self.alice.call(body=body)

    def connect(self) -> None:
        """Bring alice and bob into conversation."""
        self.dial()
        self.bob.ring()
        self.bob.answer()
        assert self.alice.finals() == [200]

    def assert_over(self, *, within: float = 200.0) -> None:
        """Let time pass and see that the call has ended and left nothing."""
        self.advance(within)
        assert self.switch.calls == {}
        assert len(self.switch.said(Ended)) == 1
        assert len(self.switch.said(Released)) == len(self.switch.said(Answered))
        assert self.switch.layer.client_transactions == 0
        assert self.switch.layer.server_transactions == 0
        assert [
            phone.unknown for phone in (self.alice, *self.callees.values()) if phone.unknown
        ] == []
