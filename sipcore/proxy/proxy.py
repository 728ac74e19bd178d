"""The proxy core: requests other than INVITE, forwarded statefully (RFC 3261 §16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sipcore.message.message import Request, Response
from sipcore.message.uri import SipUri
from sipcore.transaction.events import (
    Owner,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)
from sipcore.transport.flow import Flow


class Target:
    """One place that a request is forwarded to; ``route`` holds whole Route entries."""

    __slots__ = ("flow", "request_uri", "route")

    def __init__(self, request_uri: str, flow: Flow, route: tuple[str, ...] = ()) -> None:
        self.request_uri = request_uri
        self.flow = flow
        self.route = route


class Refusal:
    """Why a request is not forwarded, and the response it gets."""

    __slots__ = ("fields", "reason", "status")

    def __init__(
        self, status: int, reason: str | None = None, fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields


class SendRequest:
    """Send a request in a new client transaction; the layer puts our Via on top."""

    __slots__ = ("flow", "owner", "request")

    def __init__(self, request: Request, flow: Flow, owner: Owner) -> None:
        self.request = request
        self.flow = flow
        self.owner = owner


class SendResponse:
    """Answer a server transaction."""

    __slots__ = ("response", "transaction")

    def __init__(self, transaction: TransactionId, response: Response) -> None:
        self.transaction = transaction
        self.response = response


ProxyCommand = SendRequest | SendResponse


class Proxy:
    """Every request that is being forwarded; each has a response context of its own."""

    def __init__(self, *, is_own_uri: Callable[[SipUri], bool], sent_bys: frozenset[str]) -> None:
        """Take how to know ourselves: in a Route, and in a Via (``Listener.sent_by`` of each)."""
        raise NotImplementedError

    def validate(self, request: Request) -> Refusal | None:
        """Check what §16.3 and §16.4 ask for; to be asked before targets are looked for."""
        raise NotImplementedError

    def forward(
        self,
        received: RequestReceived,
        targets: Sequence[Target],
        *,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> list[SendRequest | SendResponse]:
        """Forward a valid request to all targets at once; without any, answer 480.

        ``fields`` are added to what is forwarded (P-Asserted-Identity).
        """
        raise NotImplementedError

    def receive(
        self, event: ResponseReceived | TransactionFailed
    ) -> list[SendRequest | SendResponse]:
        """Take an event whose owner begins with ``"proxy"``."""
        raise NotImplementedError
