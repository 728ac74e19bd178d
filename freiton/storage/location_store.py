"""The registrar's bindings on disk: written behind, in batches, by the writer process.

The latest word on each binding is kept here until the file has it, so that a writer that dies
loses nothing and one that is slow is sent only what still holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from freiton.storage.location_file import (
    StoredBinding,
    StoredRecord,
    load_bindings,
    load_kept,
)
from freiton.storage.writer import ChargingLogWriter
from freiton.storage.writer_messages import BINDING, BindingRow

BATCH_ROWS_MAX: Final = 2_000

_Key = tuple[str, str, str]
"""Kind, owner and key."""


class LocationStore:
    """Write-behind store of opaque rows; belongs to one event loop."""

    def __init__(self, writer: ChargingLogWriter) -> None:
        self._writer = writer
        # Rows not yet sent, and rows sent in a batch that is not yet stored.
        self._waiting: dict[_Key, BindingRow] = {}
        self._sent: dict[int, dict[_Key, BindingRow]] = {}
        self._number = 0
        writer.on_bindings_stored = self._stored
        writer.on_bindings_wanted = self._send_again

    @staticmethod
    def load(folder: Path, *, at_us: int) -> list[StoredBinding]:
        """Read every binding that has not expired; raises `OperatorError` with one sentence."""
        return load_bindings(folder, at_us=at_us)

    @property
    def unsaved_count(self) -> int:
        """How many rows the file does not have yet."""
        return len(self._waiting) + sum(len(rows) for rows in self._sent.values())

    @staticmethod
    def load_kept(folder: Path, kind: str, *, at_us: int) -> list[StoredRecord]:
        """Read every other record of a kind that has not expired; raises `OperatorError`."""
        return load_kept(folder, kind, at_us=at_us)

    def put(
        self, owner: str, key: str, record: bytes, *, expires_us: int, kind: str = BINDING
    ) -> None:
        """Keep a record, in place of any older one of its kind under the same key."""
        self._waiting[kind, owner, key] = (owner, key, record, expires_us, kind)

    def remove(self, owner: str, key: str, *, kind: str = BINDING) -> None:
        """Drop a record."""
        self._waiting[kind, owner, key] = (owner, key, None, 0, kind)

    def flush(self) -> None:
        """Send what has gathered; called once per wake-up or on a timer."""
        while self._waiting:
            keys = list(self._waiting)[:BATCH_ROWS_MAX]
            batch = {key: self._waiting[key] for key in keys}
            if not self._writer.store_bindings(self._number + 1, list(batch.values())):
                return
            self._number += 1
            self._sent[self._number] = batch
            for key in keys:
                del self._waiting[key]

    def _stored(self, number: int) -> None:
        for sent in [sent for sent in self._sent if sent <= number]:
            del self._sent[sent]

    def _send_again(self) -> None:
        """Send what no writer has acknowledged to the new one; a newer word goes first."""
        unsaved: dict[_Key, BindingRow] = {}
        for batch in self._sent.values():
            unsaved.update(batch)
        self._sent.clear()
        self._waiting = {**unsaved, **self._waiting}
        self.flush()
