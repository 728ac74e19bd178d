"""Reading the charging log, while it is written or long after; and erasing people from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from freiton.accounting.call_records import load_record, rerated_record
from freiton.accounting.charging_events import (
    AttemptRefused,
    CallAdmitted,
    CallEnded,
    CallRerated,
    RatingRunBegun,
)
from freiton.storage.charging_log_file import (
    LogError,
    Segment,
    StoredEvent,
    read_row,
    segment_numbers,
    segment_path,
)
from rating.cdr import CallDetailRecord

# Rows erased in one transaction: short enough not to hold up the writer of the last segment.
ERASE_ROWS_MAX: Final = 1_000

_ERASE_BEFORE: Final = (
    "DELETE FROM personal WHERE position IN (SELECT position FROM personal WHERE at_us < ? LIMIT ?)"
)
_ERASE_CALL: Final = (
    "DELETE FROM personal WHERE position IN (SELECT position FROM personal WHERE call_id = ? LIMIT"
    " ?)"
)


def read_events(folder: Path, *, after: int = 0) -> Iterator[StoredEvent]:
    """Give the log's events in order, those after a position only; raises `LogError`."""
    for number in segment_numbers(folder):
        with open_segment(segment_path(folder, number)) as segment:
            for row in segment.rows():
                if row.position > after:
                    yield read_row(row, path=segment.path)


def iterate_cdrs(folder: Path) -> Iterator[CallDetailRecord]:
    """Give the record of every attempt in the order they ended; erased numbers are empty.

    A call that was rated again is given with the amounts of its newest rating run.
    """
    newest = newest_ratings(folder)
    for stored in _events_of(folder, "ended", "refused"):
        if isinstance(stored.event, CallEnded | AttemptRefused):
            record = load_record(stored.event, stored.personal)
            yield rerated_record(record, newest.get(record.call_id))


def newest_ratings(folder: Path) -> dict[str, CallRerated]:
    """Give the newest correction of each call that was rated again."""
    return {
        stored.event.call_id: stored.event
        for stored in _events_of(folder, "rerated")
        if isinstance(stored.event, CallRerated)
    }


def rating_runs(folder: Path) -> Iterator[RatingRunBegun]:
    """Give every rating run in the order of their numbers."""
    for stored in _events_of(folder, "rating_run"):
        if isinstance(stored.event, RatingRunBegun):
            yield stored.event


def prepaid_calls(folder: Path) -> Iterator[tuple[str, bool]]:
    """Tell of every admitted call whether it was paid before."""
    for stored in _events_of(folder, "admitted"):
        if isinstance(stored.event, CallAdmitted):
            yield stored.event.call_id, stored.event.is_prepaid


def erase_personal_before(folder: Path, at_us: int) -> int:
    """Erase the personal fields of everything that happened before; give how many rows had any.

    The chain stays whole: it never held them. Meant for long after a call has ended: one that is
    still open could not be resumed after a restart.
    """
    return _erase(folder, _ERASE_BEFORE, at_us)


def erase_personal_of_call(folder: Path, call_id: str) -> int:
    """Erase the personal fields of one call."""
    return _erase(folder, _ERASE_CALL, call_id)


@contextmanager
def open_segment(path: Path) -> Iterator[Segment]:
    """Open a segment for reading and close it again."""
    segment = Segment(path, is_read_only=True)
    try:
        yield segment
    finally:
        segment.close()


def _events_of(folder: Path, *kinds: str) -> Iterator[StoredEvent]:
    for number in segment_numbers(folder):
        with open_segment(segment_path(folder, number)) as segment:
            for row in segment.rows(kinds=kinds):
                yield read_row(row, path=segment.path)


def _erase(folder: Path, statement: str, argument: int | str) -> int:
    erased = 0
    for number in segment_numbers(folder):
        path = segment_path(folder, number)
        mode = path.stat().st_mode
        try:
            path.chmod(0o600)
            erased += _erase_in(path, statement, argument)
        except sqlite3.Error as error:
            raise LogError(f"{path}: personal fields cannot be erased: {error}") from None
        finally:
            path.chmod(mode)
    return erased


def _erase_in(path: Path, statement: str, argument: int | str) -> int:
    erased = 0
    carried = "at_us < ?" if isinstance(argument, int) else "call_id = ?"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as connection:
        # Overwrite what is deleted (not every build of SQLite does so by itself), and leave no
        # copy in the write-ahead log.
        connection.execute("PRAGMA secure_delete = ON")
        while True:
            deleted = connection.execute(statement, (argument, ERASE_ROWS_MAX)).rowcount
            erased += deleted
            if deleted < ERASE_ROWS_MAX:
                break
        connection.execute(f"DELETE FROM carried WHERE {carried}", (argument,))  # noqa: S608 - two constants
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return erased
