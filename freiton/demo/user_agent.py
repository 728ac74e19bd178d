"""What a simulated phone and a simulated carrier have in common: a SIP user agent on real sockets.

It stands on the same libraries as the switch (transactions, dialogs, UDP endpoint) and adds what a
user agent needs: requests that can be awaited, and lines, each one end of a call. It has no media.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message import Request, Response
from sipcore.message.derive import respond
from sipcore.net.endpoint import Endpoint
from sipcore.transaction.events import (
    AckReceived,
    CancelReceived,
    Owner,
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionFailed,
    TransactionId,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Address, Flow, Listener, Outgoing, Transport

HOST: Final = "127.0.0.1"
ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS"
T1_S: Final = 0.5
T2_S: Final = 4.0


class Line:
    """One end of a call, from its answer on; ``ended`` tells who hung up: ``us`` or ``peer``."""

    def __init__(self, dialog: Dialog, flow: Flow, *, now: float) -> None:
        self.dialog = dialog
        self.flow = flow
        self.answered_at = now
        self.ended_at: float | None = None
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ack: Request | None = None
        self.is_acknowledged = False

    def end(self, by: str, *, now: float) -> None:
        """Note the first BYE."""
        if not self.ended.done():
            self.ended_at = now
            self.ended.set_result(by)


class UserAgent:
    """A user agent at one UDP socket of the loopback interface; also the core of its endpoint."""

    def __init__(self, name: str, identifiers: Identifiers) -> None:
        self.name = name
        self.received: list[Request] = []
        self.faults: list[Exception] = []
        self._loop = asyncio.get_running_loop()
        self._identifiers = identifiers
        self._layer = TransactionLayer(identifiers=identifiers)
        self._endpoint = Endpoint(self, loop=self._loop, on_error=self.faults.append)
        self._listener: Listener | None = None
        self._answers: dict[Owner, asyncio.Future[Response | None]] = {}
        self._lines: dict[DialogId, Line] = {}
        self._tags: dict[TransactionId, str] = {}

    async def open(self) -> None:
        """Take a free port."""
        self._listener = await self._endpoint.listen("udp", Transport.UDP, (HOST, 0))

    async def close(self) -> None:
        """Close the socket."""
        await self._endpoint.close()

    @property
    def listener(self) -> Listener:
        """The socket; it must be open."""
        if self._listener is None:
            raise RuntimeError(f"{self.name} has no socket yet")
        return self._listener

    @property
    def contact(self) -> str:
        """Where this user agent is reached."""
        return f"<sip:{self.name}@{self.listener.sent_by}>"

    @property
    def sdp(self) -> bytes:
        """An audio description; the demo's phones exchange no sound."""
        lines = (
            "v=0",
            f"o={self.name} 1 1 IN IP4 {HOST}",
            "s=-",
            f"c=IN IP4 {HOST}",
            "t=0 0",
            f"m=audio {self.listener.bound[1]} RTP/AVP 8",
            "a=rtpmap:8 PCMA/8000",
            "",
        )
        return "\r\n".join(lines).encode()

    async def ask(self, request: Request, flow: Flow) -> Response | None:
        """Send a request and return its final response; None when none came."""
        owner = (request.call_id, request.cseq.number)
        answer: asyncio.Future[Response | None] = self._loop.create_future()
        self._answers[owner] = answer
        self._layer.request(request, flow, owner=owner, now=time.monotonic())
        self._endpoint.settle()
        try:
            return await answer
        finally:
            del self._answers[owner]

    def take_up(self, invite: Request, response: Response, flow: Flow) -> Line:
        """Acknowledge the answer to our INVITE; the call stands."""
        dialog = Dialog.from_response(invite, response)
        now = time.monotonic()
        line = self._lines[dialog.id] = Line(dialog, flow, now=now)
        line.ack = dialog.ack(invite.cseq.number)
        line.ack.add("max-forwards", "70")
        line.is_acknowledged = True
        self._acknowledge(line)
        self._endpoint.settle()
        return line

    async def hang_up(self, line: Line) -> None:
        """Send BYE and wait for its answer."""
        line.end("us", now=time.monotonic())
        bye = line.dialog.request("BYE")
        bye.add("max-forwards", "70")
        response = await self.ask(bye, line.flow)
        if response is None or not response.is_success:
            raise RuntimeError(f"{self.name}: the BYE was answered with {response}")

    # Core: what the endpoint drives.

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message."""
        self._layer.receive(message, flow, now=now)

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that what is sent over ``flow`` does not arrive."""
        self._layer.flow_failed(flow, now=now)

    def handle_deadlines(self, *, now: float) -> None:
        """Fire every timer that is due."""
        self._layer.handle_deadlines(now=now)

    def outgoing(self) -> list[Outgoing]:
        """Give the bytes to be sent."""
        return self._layer.outgoing()

    def events(self) -> list[TransactionEvent]:
        """Give what happened."""
        return self._layer.events()

    def next_deadline(self) -> float | None:
        """Tell when ``handle_deadlines`` is to be called next."""
        return self._layer.next_deadline()

    def act(self, event: TransactionEvent, *, now: float) -> None:
        """Act on one event."""
        match event:
            case RequestReceived():
                self.received.append(event.request)
                self._request(event, now=now)
            case ResponseReceived():
                self._response(event, now=now)
            case TransactionFailed():
                self._settle_answer(event.owner, None)
            case AckReceived():
                line = self._lines.get(DialogId.of_request(event.request))
                if line is not None:
                    line.is_acknowledged = True
            case CancelReceived():
                self.cancelled(event.transaction, now=now)

    # What a phone and a carrier do differently.

    def invited(self, invite: RequestReceived, *, now: float) -> None:
        """Take an incoming call; whoever does not say how is busy."""
        self.answer(invite, 486, now=now)

    def cancelled(self, transaction: TransactionId, *, now: float) -> None:
        """Learn that the caller of an open INVITE gave up."""

    def answer(self, invite: RequestReceived, status: int, *, now: float) -> Response:
        """Answer an INVITE; 200 makes a line of it, repeated until its ACK (§13.3.1.4)."""
        request = invite.request
        tag = self._tags.setdefault(invite.transaction, self._identifiers.tag())
        fields = [("contact", self.contact), ("allow", ALLOW)] if status < 300 else []
        if status != 200:
            response = respond(request, status, to_tag=tag, fields=fields)
            self._layer.respond(invite.transaction, response, now=now)
            return response
        fields.append(("content-type", "application/sdp"))
        response = respond(request, 200, to_tag=tag, fields=fields, body=self.sdp)
        dialog = Dialog.from_request(request, local_tag=tag)
        line = self._lines[dialog.id] = Line(dialog, invite.flow, now=now)
        self._layer.respond(invite.transaction, response, now=now)
        self._loop.call_later(T1_S, self._repeat, line, invite.transaction, response, T1_S)
        return response

    def settle(self) -> None:
        """Send what was made outside of a packet's arrival."""
        self._endpoint.settle()

    @property
    def lines(self) -> list[Line]:
        """Every line since the start, oldest first."""
        return list(self._lines.values())

    def _flow(self, remote: Address) -> Flow:
        return Flow(self.listener, remote)

    def _repeat(
        self, line: Line, transaction: TransactionId, response: Response, interval: float
    ) -> None:
        if line.is_acknowledged or line.ended.done() or interval > 32 * T1_S:
            return
        self._layer.respond(transaction, response, now=time.monotonic())
        self._endpoint.settle()
        longer = 2 * interval
        wait = min(longer, T2_S)
        self._loop.call_later(wait, self._repeat, line, transaction, response, longer)

    def _request(self, event: RequestReceived, *, now: float) -> None:
        request = event.request
        if request.method == "INVITE" and request.to.tag is None:
            self.invited(event, now=now)
            return
        status = self._status_for(request, now=now)
        fields = [("allow", ALLOW)] if status == 405 or request.method == "OPTIONS" else []
        response = respond(request, status, to_tag=self._identifiers.tag(), fields=fields)
        self._layer.respond(event.transaction, response, now=now)

    def _status_for(self, request: Request, *, now: float) -> int:
        line = self._lines.get(DialogId.of_request(request))
        if request.method == "BYE":
            if line is None:
                return 481
            line.end("peer", now=now)
            return 200
        if request.method == "OPTIONS":
            return 200 if line is not None or request.to.tag is None else 481
        return 405

    def _response(self, event: ResponseReceived, *, now: float) -> None:
        response = event.response
        if response.is_provisional:
            return
        if event.request.method == "INVITE" and response.is_success:
            self._repeat_ack(event, now=now)
        self._settle_answer(event.owner, response)

    def _repeat_ack(self, event: ResponseReceived, *, now: float) -> None:
        """Acknowledge an answer that came again because its ACK was lost."""
        request, response = event.request, event.response
        try:
            tags = request.from_.tag or "", response.to.tag or ""
        except RemoteError:
            return
        line = self._lines.get(DialogId(request.call_id, *tags))
        if line is not None:
            self._acknowledge(line, now=now)

    def _acknowledge(self, line: Line, *, now: float | None = None) -> None:
        if line.ack is None:
            return
        ack = Request("ACK", line.ack.uri_text, line.ack.fields)
        moment = time.monotonic() if now is None else now
        self._layer.send_ack(ack, line.flow, now=moment)

    def _settle_answer(self, owner: Owner, response: Response | None) -> None:
        answer = self._answers.get(owner)
        if answer is not None and not answer.done():
            answer.set_result(response)
