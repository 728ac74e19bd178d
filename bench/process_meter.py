"""What processes use between two moments: CPU as a share of one core, and memory."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12
"""Places in /proc/PID/stat behind the name of the program."""


class ProcessMeter:
    """The CPU of named processes, each for itself, from ``start`` to ``stop``."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before: dict[str, float] = {}
        self._started = 0.0
        self.shares: dict[str, float] = {}

    def start(self) -> None:
        self._before, self._started = self._read(), time.monotonic()

    def stop(self) -> None:
        after, wall_s = self._read(), time.monotonic() - self._started
        self.shares = {name: (after[name] - self._before[name]) / wall_s for name in after}

    def __str__(self) -> str:
        return ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())

    def _read(self) -> dict[str, float]:
        return {name: cpu_s(pid) for name, pid in self._pids.items()}


def cpu_s(pid: int) -> float:
    """Return the user and system seconds of one process, without those that it started."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = text.rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / TICKS_PER_S


def resident_kb(pid: int) -> int:
    """Return the memory of a process that is in use."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def children(pid: int) -> list[int]:
    """Return the processes that one has started from its main thread."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in text.split()]
