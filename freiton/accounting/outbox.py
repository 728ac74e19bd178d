"""Records on their way to the log: handed out, acknowledged, failed, kept for later.

While the log is down nothing new is admitted, but running calls go on and end. What they leave
behind is kept here and handed out again when the log is back; the events' unique keys make that
harmless for what had reached the disk after all. What can be said anew later (extensions) or is
worth nothing later (heartbeats) is not kept.
"""

from __future__ import annotations

from typing import Final

from freiton.accounting.charging_events import (
    AttemptRefused,
    CallAdmitted,
    CallAnswered,
    EncodedEvent,
    GrantExtended,
    Heartbeat,
    LogRecord,
)

# Ends of calls are bounded by the open calls; refusals come as fast as people dial.
REFUSALS_KEPT_MAX: Final = 10_000

_NOT_KEPT: Final = (CallAdmitted, CallAnswered, GrantExtended, Heartbeat)


class Outbox:
    """Numbers records, and remembers them until the log has spoken."""

    __slots__ = ("_in_flight", "_kept", "_outgoing", "_refusals_kept", "_seq", "is_up", "lost")

    def __init__(self) -> None:
        self._seq = 0
        self._outgoing: list[LogRecord] = []
        self._in_flight: dict[int, LogRecord] = {}
        self._kept: list[LogRecord] = []
        self._refusals_kept = 0
        self.is_up = True
        # Records that nobody will ever read: refusals beyond the bound. A metric.
        self.lost = 0

    def put(self, encoded: EncodedEvent) -> int:
        """Queue a record; give the number by which it will be acknowledged."""
        self._seq += 1
        record = LogRecord(self._seq, *encoded)
        self._outgoing.append(record)
        self._in_flight[record.seq] = record
        return record.seq

    def drain(self) -> list[LogRecord]:
        """Hand out what is queued, in order, once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def acknowledge(self, seq: int) -> LogRecord | None:
        """Forget a record that is durable; None if it was given up before."""
        return self._in_flight.pop(seq, None)

    def fail(self, seq: int) -> LogRecord | None:
        """Take a record back from a log that did not take it; None if it was given up before."""
        record = self._in_flight.pop(seq, None)
        if record is None:
            return None
        self.is_up = False
        if not isinstance(record.event, _NOT_KEPT):
            self.keep(record)
        return record

    def keep(self, record: LogRecord) -> None:
        """Keep a failed record for the time when the log is back."""
        if isinstance(record.event, AttemptRefused):
            if self._refusals_kept == REFUSALS_KEPT_MAX:
                self.lost += 1
                return
            self._refusals_kept += 1
        self._kept.append(record)

    def restore(self) -> None:
        """Queue what was kept, in its order and with new numbers: the log is back."""
        self.is_up = True
        kept, self._kept = self._kept, []
        self._refusals_kept = 0
        queued, self._outgoing = self._outgoing, []
        for record in kept:
            self.put(EncodedEvent(*record[1:]))
        self._outgoing.extend(queued)
