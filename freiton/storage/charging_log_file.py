"""The charging log on disk: SQLite segments of one hash chain.

A log is a folder. Each segment is one SQLite file that holds a run of positions, the fold of
everything before it (its snapshot) and, beside the events, the personal fields that may have to
be erased. Only the last segment is written; a closed one is a single read-only file.

    hash(n) = SHA-256(hash(n-1), position, epoch, seq, version, event, commitment)
    commitment = HMAC-SHA-256(key of the log, salt, personal fields)

The salt is stored with the personal fields and erased with them, so that afterwards not even the
owner of the key can find a number by trying all.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from freiton.accounting.charging_events import SCHEMA_VERSION, AnyEvent, CallEvent, PersonalFields
from freiton.errors import OperatorError

CHARGING_FOLDER: Final = "charging"
"""Below the state folder."""

KEY_FILE: Final = "personal.key"
SALT_BYTES: Final = 16
NO_HASH: Final = bytes(32)
_HEADER: Final = struct.Struct(">QQQL")

_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, opened_us INTEGER NOT NULL, pid INTEGER NOT NULL);
CREATE TABLE events (
  position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  version INTEGER NOT NULL, kind TEXT NOT NULL, call_id TEXT, at_us INTEGER NOT NULL,
  key TEXT NOT NULL UNIQUE, event BLOB NOT NULL, commitment BLOB, hash BLOB NOT NULL);
CREATE TABLE personal (
  position INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, call_id TEXT, salt BLOB NOT NULL,
  fields BLOB NOT NULL);
CREATE TABLE carried (
  call_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, fields BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
"""


class LogError(OperatorError):
    """The charging log cannot be used; the text is one sentence with its place."""


class StoredEvent(NamedTuple):
    """One row of the log, as it was written and as it reads."""

    position: int
    epoch: int
    seq: int
    event: AnyEvent
    personal: PersonalFields | None
    hash: bytes


class RawEvent(NamedTuple):
    """One row of the log with nothing believed yet."""

    position: int
    epoch: int
    seq: int
    version: int
    kind: str
    call_id: str | None
    at_us: int
    key: str
    event: bytes
    commitment: bytes | None
    hash: bytes
    salt: bytes | None
    fields: bytes | None


event_decoder: Final = msgspec.msgpack.Decoder(AnyEvent)
personal_decoder: Final = msgspec.msgpack.Decoder(PersonalFields)


def chain_hash(
    previous: bytes,
    *,
    position: int,
    epoch: int,
    seq: int,
    version: int,
    event: bytes,
    commitment: bytes | None,
) -> bytes:
    """Give the hash of a row, which covers every row before it."""
    digest = hashlib.sha256(previous)
    digest.update(_HEADER.pack(position, epoch, seq, version))
    digest.update(hashlib.sha256(event).digest())
    digest.update(commitment or NO_HASH)
    return digest.digest()


def commit_to(key: bytes, salt: bytes, fields: bytes) -> bytes:
    """Bind a row to personal fields that are not part of it."""
    return hmac.digest(key, salt + fields, "sha256")


def call_id_of(event: AnyEvent) -> str | None:
    """Give the call an event belongs to, if any."""
    return event.call_id if isinstance(event, CallEvent) else None


def segment_path(folder: Path, number: int) -> Path:
    """Name a segment's file."""
    return folder / f"segment-{number:06d}.sqlite"


def segment_numbers(folder: Path) -> list[int]:
    """Find the segments of a log, oldest first; a hole in their numbers is damage."""
    numbers = sorted(
        int(path.stem.removeprefix("segment-")) for path in folder.glob("segment-??????.sqlite")
    )
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise LogError(f"{folder}: a segment of the charging log is missing")
    return numbers


def read_key(folder: Path) -> bytes:
    """Read the key of the commitments."""
    path = folder / KEY_FILE
    try:
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path}: cannot be read: {error.strerror}") from None


def make_key(folder: Path) -> bytes:
    """Read the key of the commitments, or make it once, readable by its owner alone."""
    path = folder / KEY_FILE
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_folder(folder)
    return read_key(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Segment:
    """One SQLite file of the log. Errors of SQLite come out as `LogError` with its path."""

    __slots__ = ("connection", "number", "path")

    def __init__(self, path: Path, *, is_read_only: bool) -> None:
        self.path = path
        self.number = int(path.stem.removeprefix("segment-"))
        mode = "ro" if is_read_only else "rw"
        # A closed segment belongs to nobody: without a WAL, reading it needs no lock.
        try:
            self.connection = sqlite3.connect(
                f"file:{path}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
            )
            self.connection.execute("PRAGMA busy_timeout = 2000")
            self.connection.execute("SELECT count(*) FROM meta").fetchone()
        except sqlite3.Error as error:
            raise self._damaged(error) from None

    @staticmethod
    def create(path: Path, meta: dict[str, bytes], state: bytes) -> None:
        """Write a new segment's file; it has its name only once it is durable and whole."""
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        connection = sqlite3.connect(draft, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN;{_SCHEMA}")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
        connection.execute("INSERT INTO snapshot VALUES (1, ?)", (state,))
        connection.execute("COMMIT")
        connection.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def meta(self, name: str) -> bytes:
        """Read one of the segment's own facts."""
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        if row is None or not isinstance(row[0], bytes):
            raise LogError(f"{self.path}: says nothing of its {name}")
        return row[0]

    @property
    def first_position(self) -> int:
        """The position of the first event that is or will be here."""
        text = self.meta("first_position")
        if not text.isdigit():
            raise LogError(f"{self.path}: says nothing of its first position")
        return int(text)

    def snapshot(self) -> bytes:
        """Read the fold of everything before this segment."""
        row = self._one("SELECT state FROM snapshot")
        if row is None or not isinstance(row[0], bytes):
            raise LogError(f"{self.path}: has no snapshot")
        return row[0]

    def carried(self) -> dict[str, PersonalFields]:
        """Read the personal fields of the calls that were open when the segment began."""
        return {
            call_id: personal_decoder.decode(fields)
            for call_id, fields in self._all("SELECT call_id, fields FROM carried")
        }

    def position_of(self, key: str) -> int | None:
        """Find an event by its idempotency key."""
        row = self._one("SELECT position FROM events WHERE key = ?", key)
        return None if row is None else int(row[0])

    def newest_epoch(self) -> int:
        """Give the epoch of the newest writer."""
        row = self._one("SELECT max(epoch) FROM epochs")
        return int(row[0] or 0) if row else 0

    def rows(self, *, kinds: tuple[str, ...] = ()) -> Iterator[RawEvent]:
        """Read the events in order, each with its personal fields while they are kept."""
        where = f" WHERE kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        query = (
            "SELECT position, epoch, seq, version, kind, events.call_id, events.at_us, key, event,"  # noqa: S608 - only question marks are put in
            " commitment, hash, salt, fields FROM events LEFT JOIN personal USING (position)"
            f"{where} ORDER BY position"
        )
        try:
            for row in self.connection.execute(query, kinds):
                yield RawEvent._make(row)
        except sqlite3.Error as error:
            raise self._damaged(error) from None

    def _one(self, query: str, *arguments: str) -> tuple[bytes, ...] | None:
        try:
            row: tuple[bytes, ...] | None = self.connection.execute(query, arguments).fetchone()
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        return row

    def _all(self, query: str) -> list[tuple[str, bytes]]:
        try:
            return self.connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from None

    def _damaged(self, error: sqlite3.Error) -> LogError:
        return LogError(f"{self.path}: cannot be read as a segment of the charging log: {error}")


def read_row(row: RawEvent, *, path: Path) -> StoredEvent:
    """Read a row's event; raises `LogError` where it is no event of a known version."""
    if row.version != SCHEMA_VERSION:
        raise LogError(
            f"{path}: event {row.position} has version {row.version}, this switch reads "
            f"{SCHEMA_VERSION}"
        )
    try:
        event = event_decoder.decode(row.event)
        personal = None if row.fields is None else personal_decoder.decode(row.fields)
    except msgspec.MsgspecError as error:
        raise LogError(f"{path}: event {row.position} cannot be read: {error}") from None
    return StoredEvent(row.position, row.epoch, row.seq, event, personal, row.hash)


def check_row(row: RawEvent, stored: StoredEvent, *, previous: bytes, key: bytes) -> str | None:
    """Say what is wrong with a row in its place; None if nothing is."""
    expected = chain_hash(
        previous,
        position=row.position,
        epoch=row.epoch,
        seq=row.seq,
        version=row.version,
        event=row.event,
        commitment=row.commitment,
    )
    if not hmac.compare_digest(expected, row.hash):
        return "the hash chain is broken"
    event = stored.event
    columns = (row.kind, row.call_id, row.at_us, row.key)
    if columns != (event.kind, call_id_of(event), event.when.at_us, event.key):
        return "its columns differ from the event"
    if row.fields is not None and row.salt is not None:
        commitment = commit_to(key, row.salt, row.fields)
        if row.commitment is None or not hmac.compare_digest(commitment, row.commitment):
            return "its personal fields are not those that were written"
    return None
