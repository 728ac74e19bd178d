"""What the transaction layer tells its user; pulled with ``TransactionLayer.events()``.

``transaction`` is the id that ``respond`` or ``cancel`` take; ``owner`` is what the user gave to
``request`` for a client transaction, an id and never an object that could be kept alive.
"""

from __future__ import annotations

from sipcore.message.message import Request, Response
from sipcore.transport.flow import Flow

TransactionId = tuple[str, ...]
Owner = tuple[str | int, ...]


class RequestReceived:
    """A new request with a server transaction of its own; retransmissions end below."""

    __slots__ = ("flow", "request", "transaction")

    def __init__(self, transaction: TransactionId, request: Request, flow: Flow) -> None:
        self.transaction = transaction
        self.request = request
        self.flow = flow


class AckReceived:
    """An ACK for a 2xx: it belongs to no transaction (§13.3.1.4), to a dialog at best."""

    __slots__ = ("flow", "request")

    def __init__(self, request: Request, flow: Flow) -> None:
        self.request = request
        self.flow = flow


class CancelReceived:
    """A CANCEL for an INVITE that has no final response yet.

    The layer has answered the CANCEL itself with 200; the INVITE is the user's to answer (487).
    """

    __slots__ = ("request", "transaction")

    def __init__(self, transaction: TransactionId, request: Request) -> None:
        self.transaction = transaction
        self.request = request


class ResponseReceived:
    """A response for a client transaction.

    Each provisional, the first final, and every 2xx to an INVITE, since forked and repeated 2xx
    must reach the user (RFC 6026 §7.2).
    """

    __slots__ = ("flow", "owner", "request", "response", "transaction")

    def __init__(
        self,
        transaction: TransactionId,
        owner: Owner,
        request: Request,
        response: Response,
        flow: Flow,
    ) -> None:
        self.transaction = transaction
        self.owner = owner
        self.request = request
        self.response = response
        self.flow = flow


class TransactionFailed:
    """A client transaction ended without a final response: timer B or F, or the transport died.

    To be treated as a 408, or as a 503 when ``is_transport_failure`` (§8.1.3.1).
    """

    __slots__ = ("is_transport_failure", "owner", "request", "transaction")

    def __init__(
        self,
        transaction: TransactionId,
        owner: Owner,
        request: Request,
        *,
        is_transport_failure: bool,
    ) -> None:
        self.transaction = transaction
        self.owner = owner
        self.request = request
        self.is_transport_failure = is_transport_failure


class AckMissing:
    """A non-2xx final response to an INVITE was never acknowledged (timer H)."""

    __slots__ = ("transaction",)

    def __init__(self, transaction: TransactionId) -> None:
        self.transaction = transaction


TransactionEvent = (
    RequestReceived
    | AckReceived
    | CancelReceived
    | ResponseReceived
    | TransactionFailed
    | AckMissing
)
