"""How late the event loop comes to its work: the first sign of overload."""

import asyncio
import time
from typing import Final

from freiton.metrics.histogram import Histogram

INTERVAL_S: Final = 0.1


class LoopLag:
    """Measures a loop with one timer; what a timer comes too late is what a packet waits."""

    def __init__(self, histogram: Histogram, *, interval_s: float = INTERVAL_S) -> None:
        self._histogram = histogram
        self._interval_s = interval_s
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Measure until `stop`."""
        self._due = time.monotonic() + self._interval_s
        self._timer = loop.call_later(self._interval_s, self._measure, loop)

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _measure(self, loop: asyncio.AbstractEventLoop) -> None:
        # The loop's own time is cached for a turn and would hide just what is looked for.
        self._histogram.observe(max(0.0, time.monotonic() - self._due))
        self.start(loop)
