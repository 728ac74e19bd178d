"""What the users of the transaction layer ask it to send, as values to be performed in order."""

from __future__ import annotations

from sipcore.message.message import Request, Response
from sipcore.transaction.events import Owner, TransactionId
from sipcore.transport.flow import Flow


class SendRequest:
    """Send a request in a new client transaction; the layer puts our Via on top."""

    __slots__ = ("flow", "owner", "request")

    def __init__(self, request: Request, flow: Flow, owner: Owner) -> None:
        self.request = request
        self.flow = flow
        self.owner = owner


class SendResponse:
    """Answer a server transaction; also each repeat of a 2xx to an INVITE."""

    __slots__ = ("response", "transaction")

    def __init__(self, transaction: TransactionId, response: Response) -> None:
        self.transaction = transaction
        self.response = response
