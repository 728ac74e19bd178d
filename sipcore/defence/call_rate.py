"""How many new calls a second are let in: as many as leave no queue behind."""

from __future__ import annotations

from typing import Final

from sipcore.defence.token_bucket import TokenBucket
from sipcore.limits import CALLS_PER_S_MAX, CALLS_PER_S_MIN, QUEUE_MAX_S, QUEUE_TARGET_S

_WINDOW_S: Final = 0.1
_DECREASE: Final = 0.9
_INCREASE: Final = 1.05
_BURST_S: Final = 0.1
_NEVER_S: Final = 3600.0


class CallRate:
    """A token bucket whose rate falls by a factor while a queue stands and rises while none does.

    A queue stands when it was never shorter than the target for a whole window: one hiccup of the
    machine is none.

    The factors are those of a control that must not swing: down at once, up within two seconds.
    """

    __slots__ = (
        "_admitted",
        "_bucket",
        "_drained_at",
        "_least_s",
        "_window_from",
        "rate",
    )

    def __init__(self) -> None:
        self.rate = CALLS_PER_S_MAX
        self._bucket = TokenBucket(CALLS_PER_S_MAX * _BURST_S, now=0.0)
        self._window_from = 0.0
        self._admitted = 0
        self._least_s = _NEVER_S
        self._drained_at = 0.0

    def observe(self, behind_s: float, *, now: float) -> None:
        """Take how far behind the switch is, for every message; sets the rate once a window."""
        self._least_s = min(self._least_s, behind_s)
        length_s = now - self._window_from
        if length_s < _WINDOW_S:
            return
        if self._least_s > QUEUE_TARGET_S:
            if now >= self._drained_at:
                self.rate = max(CALLS_PER_S_MIN, self._used(length_s) * _DECREASE)
                # What stands in the queue now says nothing about the new rate.
                self._drained_at = now + self._least_s
        elif self._least_s < QUEUE_TARGET_S / 2:
            self.rate = min(CALLS_PER_S_MAX, self.rate * _INCREASE)
        self._window_from = now
        self._admitted = 0
        self._least_s = _NEVER_S

    def admits(self, behind_s: float, *, now: float) -> bool:
        """Take one place, if there is one."""
        if behind_s > QUEUE_MAX_S:
            return False
        burst = max(1.0, self.rate * _BURST_S)
        if not self._bucket.take(per_s=self.rate, burst=burst, now=now):
            return False
        self._admitted += 1
        return True

    def _used(self, length_s: float) -> float:
        """Return how much of the rate was used; the whole, if nothing was let in at all."""
        return min(self.rate, self._admitted / length_s) if self._admitted else self.rate
