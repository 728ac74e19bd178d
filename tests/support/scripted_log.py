"""The charging log and its writer in memory, doing what the test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from freiton.accounting.call_records import load_record
from freiton.accounting.charging_events import (
    AnyEvent,
    AttemptRefused,
    CallEnded,
    LogRecord,
    PersonalFields,
)
from freiton.accounting.charging_state import ChargingState
from rating.cdr import CallDetailRecord
from tests.support.virtual_wire import Wire

Manner = Literal["at once", "by hand", "failing"]


class ScriptedLog:
    """The charging log and its writer, in memory.

    `manner` says what becomes of a record: written and acknowledged after `delay_s`, left to the
    test, never answered, or refused. `rows` is what is on the disk.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.manner: Manner = "at once"
        self.delay_s = 0.0
        self.rows: list[tuple[bytes, PersonalFields | None]] = []
        self.events: list[AnyEvent] = []
        self.positions: dict[str, int] = {}
        self.waiting: list[LogRecord] = []
        self._due: list[tuple[float, LogRecord]] = []
        self._failed: list[int] = []

    def submit(self, records: Sequence[LogRecord]) -> None:
        """Take records; the answers come in `take_answers`, never from here."""
        if self.manner == "failing":
            self._failed += [record.seq for record in records]
        elif self.manner == "at once":
            self._due += [(self._wire.now + self.delay_s, record) for record in records]
        else:
            self.waiting += records

    def take_answers(self) -> list[tuple[int, int | None]]:
        """Give what is known now: (seq, position); the position is None for a failure."""
        answers: list[tuple[int, int | None]] = [(seq, None) for seq in self._failed]
        self._failed = []
        while self._due and self._due[0][0] <= self._wire.now:
            record = self._due.pop(0)[1]
            answers.append((record.seq, self.write(record)))
        return answers

    def next_deadline(self) -> float | None:
        return self._due[0][0] if self._due else None

    def write(self, record: LogRecord) -> int:
        """Make a record durable; a repeat is recognised by its key."""
        first = self.positions.get(record.event.key)
        if first is not None:
            return first
        self.rows.append((record.body, record.personal))
        self.events.append(msgspec.msgpack.decode(record.body, type=AnyEvent))
        self.positions[record.event.key] = len(self.rows)
        return len(self.rows)

    def lose_unwritten(self, *, written: int = 0) -> None:
        """Lose what waits, as a crash does, but for the first `written` records in flight."""
        in_flight = self.waiting + [record for _, record in self._due]
        for record in in_flight[:written]:
            self.write(record)
        self.waiting, self._due, self._failed = [], [], []

    def fold(self, *, upto: int | None = None) -> ChargingState:
        """Give the state that a new process finds."""
        state = ChargingState()
        for body, personal in self.rows[:upto]:
            event: AnyEvent = msgspec.msgpack.decode(body, type=AnyEvent)
            state.apply(event, personal)
        return state

    def records(self) -> list[CallDetailRecord]:
        """Give every call detail record, in the order they were written."""
        return [
            load_record(event, personal)
            for event, (_, personal) in zip(self.events, self.rows, strict=True)
            if isinstance(event, CallEnded | AttemptRefused)
        ]
