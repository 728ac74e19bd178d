"""The bindings' file: written behind the switch by the writer process, read once at the start.

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
from freiton.storage.writer_messages import BindingRow, BindingsStored, StoreBindings

LOCATION_FILE: Final = "locations.sqlite"
BATCH_MESSAGES_MAX: Final = 256

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bindings (
  aor TEXT NOT NULL, key TEXT NOT NULL, record BLOB NOT NULL, expires_us INTEGER NOT NULL,
  PRIMARY KEY (aor, key)) WITHOUT ROWID
"""


class StoredBinding(NamedTuple):
    """One binding as the registrar wrote it; `record` is its own business."""

    aor: str
    key: str
    record: bytes
    expires_us: int


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
        self._unwritten: dict[tuple[str, str], BindingRow] = {}
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
                    self._unwritten.update({(row[0], row[1]): row for row in one.rows})
                if self._write(self._unwritten.values()):
                    self._unwritten.clear()
                    self._stored(BindingsStored(batch[-1].number))
                if is_last:
                    return

    def _write(self, rows: Iterable[BindingRow]) -> bool:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for aor, key, record, expires_us in rows:
                if record is None:
                    connection.execute("DELETE FROM bindings WHERE aor = ? AND key = ?", (aor, key))
                else:
                    connection.execute(
                        "INSERT OR REPLACE INTO bindings VALUES (?, ?, ?, ?)",
                        (aor, key, record, expires_us),
                    )
            self._crash("bindings.inserted")
            connection.execute("COMMIT")
            self._crash("bindings.committed")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return False
        return True


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


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_SCHEMA)
    connection.execute("DELETE FROM bindings WHERE expires_us < ?", (time.time_ns() // 1000,))
    return connection
