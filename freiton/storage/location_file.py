"""The file of bindings and subscriptions: written behind by the writer process, read at the start.

Losing its last second costs a phone nothing but its next refresh, so it is written without an
fsync per commit, in a thread of its own that never holds up the charging log.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from freiton.errors import OperatorError
from freiton.storage.writer_messages import (
    BINDING,
    BindingRow,
    BindingsStored,
    StoreBindings,
)

LOCATION_FILE: Final = "locations.sqlite"
BATCH_MESSAGES_MAX: Final = 256

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bindings (
  aor TEXT NOT NULL, key TEXT NOT NULL, record BLOB NOT NULL, expires_us INTEGER NOT NULL,
  PRIMARY KEY (aor, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
  kind TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, record BLOB NOT NULL,
  expires_us INTEGER NOT NULL, PRIMARY KEY (kind, owner, key)) WITHOUT ROWID
"""


class StoredBinding(NamedTuple):
    """One binding as the registrar wrote it; `record` is its own business."""

    aor: str
    key: str
    record: bytes
    expires_us: int


class StoredRecord(NamedTuple):
    """A subscription or a mailbox as it was written; `record` is its writer's own business."""

    owner: str
    key: str
    record: bytes


class LocationWriter:
    """Takes batches from the writer's loop and writes them in its own thread."""

    __slots__ = ("_connection", "_crash", "_messages", "_stored", "_thread", "_unwritten")

    def __init__(
        self,
        folder: Path,
        stored: Callable[[BindingsStored], None],
        crash: Callable[[str], None],
    ) -> None:
        self._stored = stored
        self._crash = crash
        self._messages: queue.SimpleQueue[StoreBindings | None] = queue.SimpleQueue()
        # Rows that the disk refused, by their key; they go with the next batch.
        self._unwritten: dict[tuple[str, str, str], BindingRow] = {}
        self._connection = _open(folder / LOCATION_FILE)
        self._thread = threading.Thread(target=self._run, name="locations", daemon=True)
        self._thread.start()

    def put(self, message: StoreBindings) -> None:
        """Queue a batch."""
        self._messages.put(message)

    def close(self) -> None:
        """Write what is queued, then close the file."""
        self._messages.put(None)
        self._thread.join()

    def _run(self) -> None:
        with closing(self._connection):
            while (message := self._messages.get()) is not None:
                batch = [message]
                is_last = False
                while len(batch) < BATCH_MESSAGES_MAX and not self._messages.empty():
                    following = self._messages.get()
                    if following is None:
                        is_last = True
                        break
                    batch.append(following)
                for one in batch:
                    self._unwritten.update({(row[4], row[0], row[1]): row for row in one.rows})
                if self._write(self._unwritten.values()):
                    self._unwritten.clear()
                    self._stored(BindingsStored(batch[-1].number))
                if is_last:
                    return

    def _write(self, rows: Iterable[BindingRow]) -> bool:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                if row[4] == BINDING:
                    _write_binding(connection, row)
                else:
                    _write_kept(connection, row)
            self._crash("bindings.inserted")
            connection.execute("COMMIT")
            self._crash("bindings.committed")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return False
        return True


def load_kept(folder: Path, kind: str, *, at_us: int) -> list[StoredRecord]:
    """Read every record of a kind that has not expired; a file of before has none."""
    path = folder / LOCATION_FILE
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'")
            if found.fetchone() is None:
                return []
            rows = connection.execute(
                "SELECT owner, key, record FROM kept WHERE kind = ? AND expires_us > ?",
                (kind, at_us),
            ).fetchall()
    except sqlite3.Error as error:
        raise OperatorError(f"{path}: the subscriptions cannot be read: {error}") from None
    return [StoredRecord._make(row) for row in rows]


def load_bindings(folder: Path, *, at_us: int) -> list[StoredBinding]:
    """Read every binding that has not expired; a folder without the file has none."""
    path = folder / LOCATION_FILE
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT aor, key, record, expires_us FROM bindings WHERE expires_us > ?", (at_us,)
            ).fetchall()
    except sqlite3.Error as error:
        raise OperatorError(f"{path}: the bindings cannot be read: {error}") from None
    return [StoredBinding._make(row) for row in rows]


def _write_binding(connection: sqlite3.Connection, row: BindingRow) -> None:
    aor, key, record, expires_us, _ = row
    if record is None:
        connection.execute("DELETE FROM bindings WHERE aor = ? AND key = ?", (aor, key))
    else:
        connection.execute(
            "INSERT OR REPLACE INTO bindings VALUES (?, ?, ?, ?)", (aor, key, record, expires_us)
        )


def _write_kept(connection: sqlite3.Connection, row: BindingRow) -> None:
    owner, key, record, expires_us, kind = row
    if record is None:
        connection.execute(
            "DELETE FROM kept WHERE kind = ? AND owner = ? AND key = ?", (kind, owner, key)
        )
    else:
        connection.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)",
            (kind, owner, key, record, expires_us),
        )


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_SCHEMA)
    now_us = time.time_ns() // 1000
    connection.execute("DELETE FROM bindings WHERE expires_us < ?", (now_us,))
    connection.execute("DELETE FROM kept WHERE expires_us < ?", (now_us,))
    return connection
