"""Calls for help of whom nobody knows: always before other strangers, never without a bound.

A registered phone and a carrier are not asked here: theirs wait for nothing.
"""

from __future__ import annotations

from sipcore.defence.sources import source_key
from sipcore.defence.token_bucket import TokenBucket, TokenBuckets
from sipcore.limits import (
    STRANGER_EMERGENCIES_ALL_BURST,
    STRANGER_EMERGENCIES_ALL_PER_S,
    STRANGER_EMERGENCIES_BURST,
    STRANGER_EMERGENCIES_PER_S,
)


class StrangerEmergencies:
    """A rate for each address, and one for all; whoever is blocked for something else has his."""

    __slots__ = ("_each", "_together")

    def __init__(self) -> None:
        self._each = TokenBuckets(
            per_s=STRANGER_EMERGENCIES_PER_S, burst=STRANGER_EMERGENCIES_BURST
        )
        self._together = TokenBucket(STRANGER_EMERGENCIES_ALL_BURST, now=0.0)

    def admits(self, host: str, *, now: float) -> bool:
        """Take one call; False when there are too many."""
        return self._each.admits(source_key(host), now=now) and self._together.take(
            per_s=STRANGER_EMERGENCIES_ALL_PER_S, burst=STRANGER_EMERGENCIES_ALL_BURST, now=now
        )
