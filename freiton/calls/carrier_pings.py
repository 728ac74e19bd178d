"""Whether carriers are there: asked by OPTIONS at the pace of their profile, between calls.

A carrier that does not answer comes last when a call goes out, before the call has to find out.
"""

from __future__ import annotations

from typing import Final

from sipcore.transaction.deadlines import Deadline, Deadlines
from sipcore.transaction.events import ResponseReceived, TransactionFailed

AGAIN_S: Final = 15.0
"""Pause after a question that nobody answered; it has itself waited half a minute."""

_UNAVAILABLE: Final = 503


class Ping:
    """The questions to one carrier; ``is_answering`` until one of them finds nobody."""

    __slots__ = ("call_id", "cseq", "deadline", "interval_s", "is_answering")

    def __init__(self, interval_s: float, *, call_id: str) -> None:
        self.interval_s = interval_s
        self.call_id = call_id
        self.cseq = 0
        self.is_answering = True
        self.deadline: Deadline[int] | None = None


class CarrierPings:
    """Who is to be asked when, and who answers."""

    __slots__ = ("_by_trunk", "_deadlines")

    def __init__(self) -> None:
        self._by_trunk: dict[int, Ping] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    def watch(self, trunk_id: int, interval_s: float, *, call_id: str, now: float) -> None:
        """Begin to ask a carrier, at once; what was known of it before is forgotten."""
        self.leave(trunk_id)
        ping = Ping(interval_s, call_id=call_id)
        ping.deadline = self._deadlines.set(now, trunk_id)
        self._by_trunk[trunk_id] = ping

    def leave(self, trunk_id: int) -> None:
        """Ask a carrier no longer."""
        ping = self._by_trunk.pop(trunk_id, None)
        if ping is not None and ping.deadline is not None:
            self._deadlines.cancel(ping.deadline)

    def is_answering(self, trunk_id: int) -> bool:
        """Tell whether a carrier answered when it was asked; one that never is counts as there."""
        ping = self._by_trunk.get(trunk_id)
        return ping is None or ping.is_answering

    def due(self, *, now: float) -> list[tuple[int, Ping]]:
        """Take out whom to ask now; the next question comes when this one has ended."""
        found = []
        for trunk_id in self._deadlines.due(now):
            ping = self._by_trunk.get(trunk_id)
            if ping is not None:
                ping.deadline = None
                ping.cseq += 1
                found.append((trunk_id, ping))
        return found

    def next_deadline(self) -> float | None:
        """Return when ``due`` has something to give."""
        return self._deadlines.next()

    def receive(
        self, trunk_id: int, event: ResponseReceived | TransactionFailed, *, now: float
    ) -> None:
        """Take what became of a question (RFC 3261 §11): whatever it says, somebody is there."""
        ping = self._by_trunk.get(trunk_id)
        if ping is None or event.request.call_id != ping.call_id:
            return
        if isinstance(event, ResponseReceived):
            if event.response.is_provisional:
                return
            is_there = event.response.status != _UNAVAILABLE
            self._settle(trunk_id, ping, is_answering=is_there, now=now)
        else:
            self._settle(trunk_id, ping, is_answering=False, now=now)

    def not_sent(self, trunk_id: int, *, now: float) -> None:
        """Learn that a carrier could not even be asked: nobody knows where it is."""
        ping = self._by_trunk.get(trunk_id)
        if ping is not None:
            self._settle(trunk_id, ping, is_answering=False, now=now)

    def _settle(self, trunk_id: int, ping: Ping, *, is_answering: bool, now: float) -> None:
        ping.is_answering = is_answering
        pause = ping.interval_s if is_answering else min(ping.interval_s, AGAIN_S)
        ping.deadline = self._deadlines.set(now + pause, trunk_id)
