"""The one timer of the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

_RESOLUTION_S: Final = 0.001
"""uvloop counts milliseconds and may round down; earlier than asked would be for nothing."""


class Ticker:
    """Calls ``fire`` at the next deadline."""

    __slots__ = ("_fire", "_handle", "_loop", "_when")

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[], None]) -> None:
        self._loop = loop
        self._fire = fire
        self._handle: asyncio.TimerHandle | None = None
        self._when = 0.0

    @property
    def when(self) -> float:
        """The deadline of the last call, or of the next one; never before it was armed."""
        return self._when

    def arm(self, when: float | None) -> None:
        """Fire at ``when`` (monotonic seconds) or earlier.

        An earlier call that is still to come stays, since arming costs more than a call for
        nothing, which arms anew.
        """
        if when is None or (self._handle is not None and self._when <= when):
            return
        now = time.monotonic()
        # What is wanted at once is not late for having been wanted since ever.
        due = max(when, now)
        if self._handle is not None and self._when <= due:
            return
        self.stop()
        self._when = due
        self._handle = self._loop.call_later(due - now + _RESOLUTION_S, self._on_time)

    def stop(self) -> None:
        """Take back the call to come."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _on_time(self) -> None:
        self._handle = None
        self._fire()
