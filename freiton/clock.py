"""The only places where time is read: monotonic for durations, UTC for records."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """Monotonic seconds, aware UTC, and which boot the monotonic seconds belong to.

    Monotonic readings of two processes may be compared when their boot ids are equal.
    """

    __slots__ = ("boot_id",)

    def __init__(self, boot_id: str | None = None) -> None:
        self.boot_id: Final = read_boot_id() if boot_id is None else boot_id

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment of this boot; never jumps."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the wall clock's moment, in UTC and aware of it."""
        return datetime.now(UTC)


def read_boot_id() -> str:
    """Return the kernel's id of this boot; OSError where there is none."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
