"""The timers of RFC 3261 table 4 and RFC 6026, all derived from T1, T2 and T4."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds; only T1 (round trip), T2 (longest retransmit interval) and T4 (message age)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def transaction_timeout(self) -> float:
        """64·T1: timers B, F, H, and J, L, M."""
        return 64 * self.t1
