"""The transaction layer: one object that keeps every transaction of a process (RFC 3261 §17)."""

from __future__ import annotations

from collections.abc import Callable

from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.message import Request, Response
from sipcore.transaction.events import Owner, TransactionEvent, TransactionId
from sipcore.transaction.timers import Timers
from sipcore.transport.flow import Flow, Outgoing


class TransactionLayer:
    """Receives messages and times, puts out bytes and events; keeps no object of its user."""

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        timers: Timers,
        limits: Limits = DEFAULT_LIMITS,
        is_emergency: Callable[[Request], bool] | None = None,
    ) -> None:
        raise NotImplementedError

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message that arrived over ``flow``.

        A request gets ``received`` and ``rport`` into its top Via (§18.2.1, RFC 3581 §4). Raises
        RemoteError when a header that the layer needs is malformed; the message is then to be
        answered statelessly or dropped.
        """
        raise NotImplementedError

    def request(self, request: Request, flow: Flow, *, owner: Owner, now: float) -> TransactionId:
        """Start a client transaction; our Via with a new branch is put on top of ``request``.

        ``owner`` is unique among the running client transactions.
        """
        raise NotImplementedError

    def cancel(
        self, owner: Owner, *, fields: list[tuple[str, str]] | None = None, now: float
    ) -> None:
        """Send CANCEL for the INVITE of ``owner``, after its first provisional (§9.1).

        Nothing happens when it has a final response or is unknown.
        """
        raise NotImplementedError

    def send_ack(self, ack: Request, flow: Flow, *, now: float) -> None:
        """Send the ACK for a 2xx: a branch of its own and no transaction (§13.2.2.4)."""
        raise NotImplementedError

    def respond(self, transaction: TransactionId, response: Response, *, now: float) -> None:
        """Send a response of a server transaction.

        A 2xx to an INVITE may be repeated by the user until its ACK (RFC 6026 §8.5 keeps the
        transaction for 64·T1). A response to a transaction that has ended is dropped and counted.
        """
        raise NotImplementedError

    def respond_statelessly(self, request: Request, response: Response, flow: Flow) -> None:
        """Send a response without keeping anything (§8.2.7)."""
        raise NotImplementedError

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that a connection closed or an ICMP error came back: its transactions fail."""
        raise NotImplementedError

    def handle_deadlines(self, *, now: float) -> None:
        """Fire every timer that is due."""
        raise NotImplementedError

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        raise NotImplementedError

    def outgoing(self) -> list[Outgoing]:
        """Take the bytes to be sent, in order."""
        raise NotImplementedError

    def events(self) -> list[TransactionEvent]:
        """Take what happened, in order."""
        raise NotImplementedError
