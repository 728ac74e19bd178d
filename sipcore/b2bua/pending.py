"""What a leg waits for: responses to requests of ours, the ACK of a 2xx of ours."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import CallCommand, Fields, SendResponse
from sipcore.message import derive
from sipcore.message.message import Request, Response
from sipcore.transaction.events import RequestReceived, TransactionId

CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization"})
_NOT_RENEWED: Final = frozenset({"via", "cseq"}) | CREDENTIALS


class Kind(IntEnum):
    """Why a request of ours is on its way."""

    RELAY = 1
    """The other leg's peer asked for it, and waits for the response."""
    REFRESH = 2
    BYE = 3
    PROBE = 4
    ACKNOWLEDGEMENT = 5
    """A PRACK that nobody on the other leg waits for."""
    NOTIFY = 6
    """Tells a transferor how its transfer goes."""
    JOIN = 7
    """Lets two legs hear each other that were of different calls."""


class Pending:
    """A request of ours within the dialog that has no final response yet.

    ``origin`` is the request on the other leg that it answers, None when nobody waits any more.
    """

    __slots__ = ("body", "deadline", "is_cancelled", "kind", "origin", "request", "resent")

    def __init__(
        self,
        kind: Kind,
        request: Request,
        *,
        body: Body,
        origin: RequestReceived | None,
        deadline: float,
    ) -> None:
        self.kind = kind
        self.request = request
        self.body = body
        self.origin = origin
        self.deadline = deadline
        self.is_cancelled = False
        self.resent = 0

    @property
    def has_offer(self) -> bool:
        """Whether its response settles an offer; SDP in a mere acknowledgement is an answer."""
        return self.body.has_sdp and self.kind is not Kind.ACKNOWLEDGEMENT


class Accepted:
    """A 2xx to an INVITE of the peer, repeated until its ACK (RFC 3261 §13.3.1.4)."""

    __slots__ = ("interval", "repeat_at", "response", "sequence", "transaction", "until")

    def __init__(
        self, transaction: TransactionId, response: Response, *, t1: float, now: float
    ) -> None:
        self.transaction = transaction
        self.response = response
        self.sequence = response.cseq.number
        self.interval = t1
        self.repeat_at = now + t1
        self.until = now + 64 * t1


def renew(request: Request, sequence: int, fields: Fields) -> Request:
    """Copy a request for another try: no Via, another CSeq, ``fields`` instead of the same keys."""
    replaced = _NOT_RENEWED | {key for key, _ in fields}
    copy = Request(request.method, request.uri_text, body=request.body)
    for key, value in request.fields:
        if key not in replaced:
            copy.add(key, value)
    copy.add("cseq", f"{sequence} {request.method}")
    for key, value in fields:
        copy.add(key, value)
    return copy


def respond_outside(event: RequestReceived, status: int, *, fields: Fields = ()) -> SendResponse:
    """Answer a request that belongs to no leg, under the To tag that it came with."""
    return SendResponse(event.transaction, derive.respond(event.request, status, fields=[*fields]))


def is_answered(event: RequestReceived, out: list[CallCommand]) -> bool:
    """Tell whether the commands answer a request."""
    return any(
        isinstance(command, SendResponse) and command.transaction == event.transaction
        for command in out
    )
