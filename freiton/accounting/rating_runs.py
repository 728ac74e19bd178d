"""Rating runs: recorded calls are rated anew, and what they had cost is corrected in the book.

Nothing is edited. A run is begun by an event that gives it the next number; a correction is an
event of its own that holds the whole new record. Who decides the new prices reads the log *after*
the beginning of its run is durable; from then on nobody else can correct, since a correction is
taken from the newest run only. So two runs never refund the same charge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from freiton.accounting.charging_events import CallRerated, RatingRunBegun
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.errors import AccountingError
from freiton.accounting.instants import Instant, us_of_datetime
from freiton.accounting.journal import Journal
from rating.cdr import CallDetailRecord
from rating.errors import RatingError

LIVE_RUN: Final = 0
"""What the switch charged while calls ended."""
RUN_ID_CHARS_MAX: Final = 64
REASON_CHARS_MAX: Final = 500


class RatingRuns:
    """The operator's way to correct what recorded calls had cost."""

    __slots__ = ("_announced", "_journal")

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        # A run that is on its way to the log bars its predecessors already: what they send after
        # it would be written after it, and its reader of the log might not see it.
        self._announced = 0

    @property
    def newest(self) -> int:
        """The number of the newest run, durable or on its way."""
        return max(self._announced, self._journal.state.rating_run)

    def begin(self, run_id: str, *, reason: str, at: datetime, now: float) -> int:
        """Begin a run, or go on with the newest; it counts once the number given is durable."""
        when = self._journal.moment(at, now)
        event = begin_run(self._journal.state, run_id, reason, when=when)
        self._announced = event.number
        return self._journal.announce(event)

    def correct(
        self, corrections: Sequence[Mapping[str, Any]], *, at: datetime, now: float
    ) -> list[int]:
        """Take corrections of the newest run, all or none; they count once durable."""
        when, state = self._journal.moment(at, now), self._journal.state
        events = [read_correction(fields, when=when) for fields in corrections]
        for event in events:
            check_correction(state, event, newest=self.newest)
        return [self._journal.announce(event) for event in events]


def begin_run(state: ChargingState, run_id: str, reason: str, *, when: Instant) -> RatingRunBegun:
    """Give the event that begins a run; the newest run may be begun again and keeps its number."""
    if not 0 < len(run_id) <= RUN_ID_CHARS_MAX or "/" in run_id:
        raise AccountingError(f"no id of a rating run: {run_id!r}")
    if not 0 < len(reason.strip()) <= REASON_CHARS_MAX:
        raise AccountingError("a rating run needs a reason")
    is_known = run_id == state.rating_run_id
    number = state.rating_run if is_known else state.rating_run + 1
    return RatingRunBegun(when=when, run_id=run_id, number=number, reason=reason)


def correction_of(
    former: CallDetailRecord, rerated: CallDetailRecord, *, is_prepaid: bool, when: Instant
) -> CallRerated:
    """Give the event that replaces a call's charge by that of a newer record."""
    return CallRerated(
        when=when,
        call_id=rerated.call_id,
        run=rerated.rating_run,
        account_id=rerated.account_id,
        is_prepaid=is_prepaid,
        started_us=us_of_datetime(rerated.started_at),
        record={**rerated.to_record(), "calling_number": "", "called_number": ""},
        refund_micros=former.gross_micros,
        charge_micros=rerated.gross_micros,
        allowance_refund_s=dict(former.allowance_used_s),
        allowance_used_s=dict(rerated.allowance_used_s),
    )


def check_correction(state: ChargingState, event: CallRerated, *, newest: int) -> None:
    """Raise `AccountingError` for a correction that must not become a fact."""
    if event.run == LIVE_RUN or event.run != newest:
        raise AccountingError(f"rating run {event.run} is not the newest, {newest}: rate again")
    if event.call_id in state.calls:
        raise AccountingError(f"call {event.call_id} still goes on")
    wrong = wrong_with_correction(event)
    if wrong is not None:
        raise AccountingError(wrong)


def wrong_with_correction(event: CallRerated) -> str | None:
    """Say what is wrong with the record of a correction; None if nothing is."""
    try:
        record = CallDetailRecord.from_record(event.record)
    except RatingError as error:
        return f"call {event.call_id}: its new record cannot be read: {error}"
    names = (record.call_id, record.account_id, record.rating_run)
    if names != (event.call_id, event.account_id, event.run):
        return f"call {event.call_id}: its new record is that of another call or run"
    refunds = (event.refund_micros, *event.allowance_refund_s.values())
    charged = (event.charge_micros, event.allowance_used_s)
    if charged != (record.gross_micros, record.allowance_used_s) or min(refunds) < 0:
        return f"call {event.call_id}: its new record and its correction differ"
    if not record.is_consistent():
        return f"call {event.call_id}: its new quote gives another amount"
    return None


def read_correction(fields: Mapping[str, Any], *, when: Instant) -> CallRerated:
    """Read a correction that came from outside of this process; its moment is ours."""
    try:
        return msgspec.convert({**fields, "when": when}, CallRerated)
    except (msgspec.ValidationError, TypeError) as error:
        raise AccountingError(f"a correction cannot be read: {error}") from error
