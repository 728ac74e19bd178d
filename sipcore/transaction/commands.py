"""What the users of the transaction layer ask it to send, as values to be performed in order."""

from __future__ import annotations

from sipcore.message.message import Request, Response
from sipcore.transaction.events import Owner, TransactionId
from sipcore.transport.flow import Flow


class SendRequest:
    """Send a request in a new client transaction; the layer puts our Via on top.

    ``mark`` ends the branch of that Via: it is what a proxy knows its loops by (§16.6 step 8).
    """

    __slots__ = ("flow", "mark", "owner", "request")

    def __init__(self, request: Request, flow: Flow, owner: Owner, *, mark: str = "") -> None:
        self.request = request
        self.flow = flow
        self.owner = owner
        self.mark = mark


class SendResponse:
    """Answer a server transaction; also each repeat of a 2xx to an INVITE."""

    __slots__ = ("response", "transaction")

    def __init__(self, transaction: TransactionId, response: Response) -> None:
        self.transaction = transaction
        self.response = response


class SendCancel:
    """Cancel the INVITE of this owner; the layer waits for a provisional response (§9.1)."""

    __slots__ = ("fields", "owner")

    def __init__(self, owner: Owner, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self.owner = owner
        self.fields = fields


class SendAck:
    """Send an ACK for a 2xx: outside of any transaction, once per command.

    ``branch`` is for an ACK that is passed on: each repeat of it gets the same (§16.11).
    """

    __slots__ = ("branch", "flow", "request")

    def __init__(self, request: Request, flow: Flow, *, branch: str | None = None) -> None:
        self.request = request
        self.flow = flow
        self.branch = branch
