"""Recordings on the disk: few, for a few days, and for the operator's eyes alone."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from freiton.trace.trace_file import Trace, TraceError, decode_trace, encode_trace

FOLDER: Final = "traces"
SUFFIX: Final = ".trace"
FILES_MAX: Final = 100
"""A fault that every call meets must not fill the disk; the first ones tell as much."""

_DAY_S: Final = 86_400
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


class TraceFolder:
    """The folder of one state folder."""

    def __init__(self, state_folder: Path, *, days: int) -> None:
        self.path: Final = state_folder / FOLDER
        self._days = days

    def keep(self, trace: Trace) -> Path | None:
        """Write a recording, readable for its owner alone; None when there are enough."""
        self.drop_old()
        if len(self.files()) >= FILES_MAX:
            return None
        self.path.mkdir(mode=0o700, exist_ok=True)
        path = self.path / (_UNSAFE.sub("_", trace.call_id)[:64] + SUFFIX)
        write_private(path, encode_trace(trace))
        return path

    def files(self) -> list[Path]:
        """Return the files, the oldest first."""
        return sorted(self.path.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)

    def drop_old(self) -> None:
        """Delete what has been kept long enough."""
        oldest = time.time() - self._days * _DAY_S
        for path in self.files():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def erase(self, *, before: float | None = None, call_id: str | None = None) -> int:
        """Delete the recordings of calls begun before an instant of the epoch, or of one call.

        A file that cannot be read goes too: it could be of such a call, and is of no use.
        """
        erased = 0
        for path in self.files():
            trace = _read(path)
            if trace is None or trace.call_id == call_id or (before and _began(trace) < before):
                path.unlink(missing_ok=True)
                erased += 1
        return erased


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _read(path: Path) -> Trace | None:
    try:
        return decode_trace(path.read_bytes())
    except TraceError:
        return None


def _began(trace: Trace) -> float:
    return datetime.fromisoformat(trace.began_at).timestamp()
