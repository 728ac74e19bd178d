"""Proving the charging log: its chain, its order, its sums, and each call's one end.

The proof is a fold of its own from the first event; each segment's snapshot must equal it. The
log cannot prove that its tail was not cut off between two commits: compare `position` and `head`
with what was noted elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from freiton.accounting.call_records import check_record
from freiton.accounting.charging_events import (
    AnyEvent,
    AttemptRefused,
    CallAdmitted,
    CallAnswered,
    CallEnded,
    CallRerated,
    RatingRunBegun,
)
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.errors import AccountingError
from freiton.accounting.rating_runs import wrong_with_correction
from freiton.accounting.snapshot import StateSnapshot, snapshot_of
from freiton.storage.charging_log import open_segment
from freiton.storage.charging_log_file import (
    NO_HASH,
    LogError,
    RawEvent,
    Segment,
    check_row,
    read_key,
    read_row,
    segment_numbers,
    segment_path,
)
from rating.errors import RatingError

# One broken row breaks every row after it; a longer list says nothing more.
PROBLEMS_MAX: Final = 20


@dataclass(slots=True)
class Verification:
    """What was found; without problems the log is proven."""

    segments: int = 0
    position: int = 0
    head: str = NO_HASH.hex()
    epoch: int = 0
    open_calls: int = 0
    ended_calls: int = 0
    refused_attempts: int = 0
    rating_runs: int = 0
    charged_micros: int = 0
    erased: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


Watch = Callable[[Iterator[RawEvent]], Iterator[RawEvent]]
"""Hands the events of a segment on, to show how far the proof has come."""


def verify(folder: Path, *, watch: Watch = iter) -> Verification:
    """Read and prove a whole log; problems are in the answer, never raised."""
    prover = _Prover(folder, watch)
    try:
        prover.prove()
    except (LogError, AccountingError, RatingError, msgspec.MsgspecError) as error:
        prover.problem(str(error))
    return prover.found


class _Prover:
    def __init__(self, folder: Path, watch: Watch) -> None:
        self._folder = folder
        self._watch = watch
        self.found = Verification()
        self._state = ChargingState()
        self._hash = NO_HASH
        self._log_id: bytes | None = None
        self._key = b""
        # Whether a call's answer is in the log, for calls that are open.
        self._answered: dict[str, bool] = {}

    def prove(self) -> None:
        """Go through the segments in order."""
        self._key = read_key(self._folder)
        for number in segment_numbers(self._folder):
            with open_segment(segment_path(self._folder, number)) as segment:
                self._prove_seam(segment)
                for row in self._watch(segment.rows()):
                    self._prove_row(row, segment.path)
                    if len(self.found.problems) >= PROBLEMS_MAX:
                        return
            self.found.segments += 1
        if self._state.book.imbalance_micros() != (0, 0):
            self.problem("the sums of the ledger are not zero")
        self.found.open_calls = len(self._state.calls)
        self.found.head = self._hash.hex()

    def problem(self, text: str) -> None:
        """Note what is wrong."""
        self.found.problems.append(text)

    def _prove_seam(self, segment: Segment) -> None:
        log_id = segment.meta("log_id")
        if self._log_id not in {None, log_id}:
            self.problem(f"{segment.path}: belongs to another log")
        self._log_id = log_id
        if self.found.segments == 0 and segment.number != 1:
            self.problem(f"{segment.path}: the segments before it are missing")
        if segment.first_position != self.found.position + 1:
            self.problem(f"{segment.path}: begins at {segment.first_position}")
        if segment.meta("previous") != self._hash:
            self.problem(f"{segment.path}: does not continue the chain")
        stored = msgspec.msgpack.decode(segment.snapshot(), type=StateSnapshot)
        if stored != snapshot_of(self._state):
            self.problem(f"{segment.path}: its snapshot is not the fold of the log")

    def _prove_row(self, row: RawEvent, path: Path) -> None:
        stored = read_row(row, path=path)
        wrong = check_row(row, stored, previous=self._hash, key=self._key)
        if row.position != self.found.position + 1:
            wrong = f"event {self.found.position + 1} is missing before it"
        if row.epoch < self.found.epoch:
            wrong = f"epoch {row.epoch} follows {self.found.epoch}"
        wrong = wrong or self._prove_event(stored.event)
        if wrong:
            self.problem(f"{path}: event {row.position}: {wrong}")
        if row.commitment is not None and row.fields is None:
            self.found.erased += 1
        self._state.apply(stored.event, stored.personal)
        self.found.position, self._hash = row.position, row.hash
        self.found.epoch = row.epoch

    def _prove_event(self, event: AnyEvent) -> str | None:
        """Check that a call is answered once and ends once, and costs what it says."""
        match event:
            case CallAdmitted():
                self._answered[event.call_id] = False
            case CallAnswered():
                if self._answered.get(event.call_id):
                    return f"call {event.call_id} is answered twice"
                self._answered[event.call_id] = True
            case CallEnded():
                was_answered = self._answered.pop(event.call_id, None)
                self.found.ended_calls += 1
                self.found.charged_micros += event.charged_micros
                if event.charged_micros and not was_answered:
                    return f"call {event.call_id} is charged but was never answered, or twice"
                call = self._state.calls.get(event.call_id)
                return check_record(event, None if call is None else call.admitted)
            case AttemptRefused():
                self._answered.pop(event.call_id, None)
                self.found.refused_attempts += 1
            case RatingRunBegun():
                self.found.rating_runs += 1
                if event.number != self.found.rating_runs:
                    return f"rating run {event.number} is not the next one"
            case CallRerated():
                self.found.charged_micros += event.charge_micros - event.refund_micros
                if event.run != self.found.rating_runs:
                    return f"call {event.call_id} was corrected by run {event.run}, not the newest"
                return wrong_with_correction(event)
        return None
