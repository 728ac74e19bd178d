"""The one writer of a charging log: lock, epoch, append, roll over to the next segment.

Opening takes the folder's lock, begins a new epoch and replays the tail, checking its chain. An
epoch is the number of an opening: whoever holds an older one is refused, however long it slept.
Any error of the disk ends the writer. What it had not acknowledged is unknown until the log is
opened again and read: a failed fsync is never tried again on the same file.

`crash` is called with a name before and after every durable step, so that a test can die there.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from freiton.accounting.charging_events import ANNOUNCED, SCHEMA_VERSION, AnyEvent, PersonalFields
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.errors import AccountingError
from freiton.accounting.snapshot import decode_state, encode_state
from freiton.storage.charging_log_file import (
    NO_HASH,
    SALT_BYTES,
    LogError,
    Segment,
    call_id_of,
    chain_hash,
    check_row,
    commit_to,
    event_decoder,
    make_key,
    personal_decoder,
    read_row,
    segment_numbers,
    segment_path,
    sync_folder,
)
from rating.errors import RatingError

# Replaying a whole segment takes half a second, which a restart can afford.
SEGMENT_EVENTS: Final = 30_000
# A killed switch leaves a writer that still commits what it has received; it needs no longer.
LOCK_WAIT_S: Final = 2.0
LOCK_FILE: Final = "lock"
# The write-ahead log is folded into its file when it has this many pages of 4 KiB.
CHECKPOINT_PAGES: Final = 1_000

CRASH_POINTS: Final = (
    "open.locked",
    "open.created",
    "open.epoch",
    "open.replayed",
    "append.begun",
    "append.inserted",
    "append.committed",
    "append.acknowledged",
    "roll.written",
    "roll.named",
    "roll.sealed",
    "roll.opened",
    "bindings.inserted",
    "bindings.committed",
)

_INSERT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_PERSONAL: Final = "INSERT INTO personal VALUES (?, ?, ?, ?, ?)"


class Fenced(LogError):  # noqa: N818 - says what happened; an error by its base
    """Another writer has opened the log since: this one must not write again."""


class AppendRecord(NamedTuple):
    """One record as it travels: its number, its encoded event and personal fields."""

    seq: int
    event: bytes
    personal: bytes | None


def never_crash(_name: str) -> None:
    """Go on."""


class LogAppender:
    """The open log; owned by one thread of one process."""

    __slots__ = (
        "_crash",
        "_folder",
        "_hash",
        "_key",
        "_lock",
        "_older",
        "_segment",
        "_segment_events",
        "_segment_first",
        "_unfolded",
        "epoch",
        "position",
        "state",
    )

    def __init__(
        self,
        folder: Path,
        *,
        segment_events: int = SEGMENT_EVENTS,
        lock_wait_s: float = LOCK_WAIT_S,
        crash: Callable[[str], None] = never_crash,
    ) -> None:
        self._folder = folder
        self._crash = crash
        self._segment_events = segment_events
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _take_lock(folder, lock_wait_s)
        crash("open.locked")
        self._key = make_key(folder)
        self._older: list[Segment] = []
        self.position = 0
        self._hash = NO_HASH
        self._unfolded: list[tuple[AnyEvent, PersonalFields | None]] = []
        try:
            self._segment = self._open_last()
            self.epoch = self._begin_epoch()
            crash("open.epoch")
            self._replay()
            crash("open.replayed")
        except sqlite3.Error as error:
            raise LogError(f"{folder}: the charging log cannot be opened: {error}") from None

    def append(self, records: Sequence[AppendRecord]) -> list[tuple[int, int]]:
        """Make records durable in one commit; give (seq, position) for each.

        A record whose key the log knows is not written again: it gets its first position.
        Raises `Fenced`, and `LogError` for anything the disk says; then nothing was acknowledged.
        """
        try:
            return self._commit(records)
        except sqlite3.Error as error:
            raise LogError(f"{self._segment.path}: cannot be written: {error}") from None

    def fold(self) -> None:
        """Fold what was appended; called when nobody waits for an answer any more."""
        appended, self._unfolded = self._unfolded, []
        for event, personal in appended:
            self.state.apply(event, personal)

    def check_writer(self, epoch: int) -> None:
        """Refuse whoever took part in an older opening of the log; raises `Fenced`."""
        if epoch != self.epoch:
            raise Fenced(f"{self._folder}: a writer of epoch {epoch} came after {self.epoch}")

    def encoded_state(self) -> bytes:
        """Give the fold of the whole log, without personal fields."""
        return encode_state(self.state)

    def roll_if_full(self) -> None:
        """Begin the next segment once this one is full; called when nobody waits for an answer."""
        if self.position - self._segment_first + 1 < self._segment_events:
            return
        try:
            self._roll()
        except sqlite3.Error as error:
            raise LogError(f"{self._folder}: no new segment can be begun: {error}") from None
        except OSError as error:
            raise LogError(f"{self._folder}: no new segment can be begun: {error}") from None

    def close(self) -> None:
        """Close the files and give the lock back."""
        self._segment.close()
        for segment in self._older:
            segment.close()
        os.close(self._lock)

    def _commit(self, records: Sequence[AppendRecord]) -> list[tuple[int, int]]:
        connection = self._segment.connection
        acknowledged: list[tuple[int, int]] = []
        appended: list[tuple[AnyEvent, PersonalFields | None]] = []
        position, last_hash = self.position, self._hash
        connection.execute("BEGIN IMMEDIATE")
        self._crash("append.begun")
        self._check_epoch()
        for record in records:
            event = event_decoder.decode(record.event)
            first = self._position_in_older(event)
            row_hash = None
            if first is None:
                row_hash = self._insert(record, event, position=position + 1, previous=last_hash)
                first = position + 1 if row_hash else self._segment.position_of(event.key)
            if first is None:
                raise LogError(f"{self._segment.path}: refuses event {event.key}")
            if row_hash is not None:
                position, last_hash = first, row_hash
                personal = record.personal
                appended.append((event, personal_decoder.decode(personal) if personal else None))
            acknowledged.append((record.seq, first))
        self._crash("append.inserted")
        connection.execute("COMMIT")
        self._crash("append.committed")
        self.position, self._hash = position, last_hash
        self._unfolded += appended
        return acknowledged

    def _insert(
        self, record: AppendRecord, event: AnyEvent, *, position: int, previous: bytes
    ) -> bytes | None:
        """Write one row and give its hash; None if the segment has its key already."""
        salt = commitment = None
        if record.personal is not None:
            salt = secrets.token_bytes(SALT_BYTES)
            commitment = commit_to(self._key, salt, record.personal)
        row_hash = chain_hash(
            previous,
            position=position,
            epoch=self.epoch,
            seq=record.seq,
            version=SCHEMA_VERSION,
            event=record.event,
            commitment=commitment,
        )
        call_id, at_us = call_id_of(event), event.when.at_us
        row = (
            position,
            self.epoch,
            record.seq,
            SCHEMA_VERSION,
            event.kind,
            call_id,
            at_us,
            event.key,
            record.event,
            commitment,
            row_hash,
        )
        connection = self._segment.connection
        try:
            connection.execute(_INSERT, row)
        except sqlite3.IntegrityError:
            return None
        if record.personal is not None:
            connection.execute(_INSERT_PERSONAL, (position, at_us, call_id, salt, record.personal))
        return row_hash

    def _position_in_older(self, event: AnyEvent) -> int | None:
        # Calls repeat a record within moments; a payment may be repeated after years.
        searched = self._older if isinstance(event, ANNOUNCED) else self._older[-1:]
        for segment in reversed(searched):
            first = segment.position_of(event.key)
            if first is not None:
                return first
        return None

    def _check_epoch(self) -> None:
        newest = self._segment.newest_epoch()
        if newest != self.epoch:
            self._segment.connection.execute("ROLLBACK")
            raise Fenced(f"{self._folder}: epoch {newest} has replaced epoch {self.epoch}")

    def _open_last(self) -> Segment:
        numbers = segment_numbers(self._folder)
        for leftover in self._folder.glob("segment-*.new*"):
            leftover.unlink()
        if not numbers:
            path = segment_path(self._folder, 1)
            meta = {"log_id": secrets.token_bytes(16), "first_position": b"1", "previous": NO_HASH}
            Segment.create(path, meta, encode_state(ChargingState()))
            self._name(path)
            self._crash("open.created")
            numbers = [1]
        for number in numbers[:-1]:
            _seal(segment_path(self._folder, number))
            self._older.append(Segment(segment_path(self._folder, number), is_read_only=True))
        return self._open_for_writing(segment_path(self._folder, numbers[-1]))

    def _open_for_writing(self, path: Path) -> Segment:
        segment = Segment(path, is_read_only=False)
        connection = segment.connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return segment

    def _begin_epoch(self, epoch: int | None = None) -> int:
        epoch = self._segment.newest_epoch() + 1 if epoch is None else epoch
        connection = self._segment.connection
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO epochs VALUES (?, ?, ?)", (epoch, time.time_ns() // 1000, os.getpid())
        )
        connection.execute("COMMIT")
        return epoch

    def _replay(self) -> None:
        segment = self._segment
        self._segment_first = segment.first_position
        self._hash = segment.meta("previous")
        self.position = self._segment_first - 1
        try:
            self.state = decode_state(segment.snapshot(), segment.carried())
        except (msgspec.MsgspecError, AccountingError) as error:
            raise LogError(f"{segment.path}: its snapshot cannot be read: {error}") from None
        for row in segment.rows():
            stored = read_row(row, path=segment.path)
            wrong = check_row(row, stored, previous=self._hash, key=self._key)
            if row.position != self.position + 1:
                wrong = f"event {self.position + 1} is missing"
            if wrong:
                raise LogError(f"{segment.path}: event {row.position}: {wrong}")
            try:
                self.state.apply(stored.event, stored.personal)
            except RatingError as error:
                raise LogError(f"{segment.path}: event {row.position}: {error}") from None
            self.position, self._hash = row.position, row.hash

    def _roll(self) -> None:
        path = segment_path(self._folder, self._segment.number + 1)
        meta = {
            "log_id": self._segment.meta("log_id"),
            "first_position": str(self.position + 1).encode(),
            "previous": self._hash,
        }
        Segment.create(path, meta, encode_state(self.state))
        self._crash("roll.written")
        self._carry(path.with_suffix(".new"))
        self._name(path)
        self._crash("roll.named")
        old = self._segment
        self._segment = self._open_for_writing(path)
        self._segment_first = self.position + 1
        self._crash("roll.opened")
        old.close()
        _seal(old.path)
        self._crash("roll.sealed")
        self._older.append(Segment(old.path, is_read_only=True))

    def _carry(self, draft: Path) -> None:
        """Take the epoch and the open calls' personal fields along into the next segment."""
        connection = sqlite3.connect(draft, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO epochs VALUES (?, ?, ?)", (self.epoch, time.time_ns() // 1000, os.getpid())
        )
        connection.executemany(
            "INSERT INTO carried VALUES (?, ?, ?)",
            [
                (call_id, call.admitted.when.at_us, msgspec.msgpack.encode(call.personal))
                for call_id, call in self.state.calls.items()
            ],
        )
        connection.execute("COMMIT")
        connection.close()

    def _name(self, path: Path) -> None:
        path.with_suffix(".new").rename(path)
        sync_folder(self._folder)


def _take_lock(folder: Path, wait_s: float) -> int:
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                os.close(descriptor)
                raise LogError(
                    f"{folder}: the charging log is in use by process {holder}; "
                    "one switch writes one log"
                ) from None
            time.sleep(0.02)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor


def _seal(path: Path) -> None:
    """Fold a segment's write-ahead log into its file and make that read-only."""
    if not path.stat().st_mode & 0o200:
        return
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    path.chmod(0o400)
