"""A latency histogram in plain integers: cheap to feed, read only when somebody scrapes."""

from bisect import bisect_left
from itertools import accumulate
from typing import Final

LATENCY_BOUNDS_S: Final = (
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
"""From one rating (tens of microseconds) to a disk in trouble (seconds)."""

_MICROS_PER_S: Final = 1_000_000


class Histogram:
    """Counts durations by upper bound; the last of `counts` is for those above every bound."""

    __slots__ = ("bounds_s", "counts", "total_us")

    def __init__(self, bounds_s: tuple[float, ...] = LATENCY_BOUNDS_S) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        self.total_us = 0

    def observe(self, seconds: float) -> None:
        """Count one duration; a value on a bound belongs to it."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.total_us += round(seconds * _MICROS_PER_S)

    @property
    def total_s(self) -> float:
        """The sum of all durations."""
        return self.total_us / _MICROS_PER_S

    def cumulative(self) -> list[tuple[str, int]]:
        """Return (upper bound, how many were not above it), up to `+Inf`, as Prometheus wants."""
        labels = (*(f"{bound:g}" for bound in self.bounds_s), "+Inf")
        return list(zip(labels, accumulate(self.counts), strict=True))
