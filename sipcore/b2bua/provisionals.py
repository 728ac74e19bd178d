"""Provisional responses that a caller hears reliably, one after the other (RFC 3262 §3)."""

from __future__ import annotations

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import CallCommand, SendResponse
from sipcore.dialog.reliable import RSEQ_FIRST_MAX, Action, ReliableServer
from sipcore.identifiers import Identifiers
from sipcore.limits import PROVISIONALS_WAITING_MAX
from sipcore.message.message import Request
from sipcore.message.rack import RAck

Waiting = tuple[int, Body]


class Provisionals:
    """The reliable 18x of one early dialog of a caller; ``sequence`` is the CSeq of its INVITE.

    ``is_session_open`` tells that the unacknowledged one carries a session description, for which
    the 2xx has to wait.
    """

    __slots__ = ("_method", "_sent", "_sequence", "_server", "_waiting", "is_session_open")

    def __init__(self, invite: Request, *, identifiers: Identifiers, t1: float) -> None:
        first = max(round(identifiers.spread(1, RSEQ_FIRST_MAX)), 1)
        self._server = ReliableServer(first_number=min(first, RSEQ_FIRST_MAX), t1=t1)
        self._sequence = invite.cseq.number
        self._method = invite.method
        self._sent: SendResponse | None = None
        self._waiting: list[Waiting] = []
        self.is_session_open = False

    def must_wait(self, status: int, body: Body) -> bool:
        """Tell whether a response has to wait for the PRACK of another; then it is kept here."""
        if not self._server.is_unacknowledged:
            return False
        if self._waiting and not self._waiting[-1][1].has_sdp:
            self._waiting.pop()
        if len(self._waiting) < PROVISIONALS_WAITING_MAX:
            self._waiting.append((status, body))
        return True

    def number(self, *, now: float) -> int:
        """Return the RSeq of the response that is being made."""
        return self._server.send(now=now)

    def sent(self, response: SendResponse, *, has_sdp: bool) -> None:
        """Keep a response, to be repeated until its PRACK comes."""
        self._sent = response
        self.is_session_open = has_sdp

    def acknowledge(self, prack: Request, *, now: float) -> bool:
        """Take a PRACK; False when it is for nothing of ours. RemoteError when it says not what."""
        rack = RAck.of(prack)
        if (rack.sequence, rack.method) != (self._sequence, self._method):
            return False
        if not self._server.acknowledge(rack.response_number, now=now):
            return False
        self._sent = None
        self.is_session_open = False
        return True

    def take_waiting(self) -> Waiting | None:
        """Return what may be said now."""
        return self._waiting.pop(0) if self._waiting else None

    def forget_waiting(self) -> None:
        """Say nothing more than what is on its way."""
        self._waiting = []

    def close(self, *, now: float) -> None:
        """Learn that a final response goes out: nothing is said or repeated any more."""
        self._server.close(now=now)
        self.forget_waiting()
        self._sent = None
        self.is_session_open = False

    def next_deadline(self) -> float | None:
        """Return when ``repeat`` has something to do."""
        return self._server.next_deadline()

    def repeat(self, *, now: float, out: list[CallCommand]) -> bool:
        """Send the response again when that is due; False when its PRACK never came."""
        action = self._server.fire(now=now)
        if action is Action.REPEAT and self._sent is not None:
            out.append(self._sent)
        return action is not Action.GIVE_UP
