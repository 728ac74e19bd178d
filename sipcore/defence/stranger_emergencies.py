"""Calls for help of whom nobody knows: always before other strangers, never without a bound.

A registered phone and a carrier are not asked here: theirs wait for nothing.
"""

from __future__ import annotations

from typing import Final

from sipcore.defence.sources import SourceLimits, Sources
from sipcore.limits import (
    STRANGER_EMERGENCIES_ALL_BURST,
    STRANGER_EMERGENCIES_ALL_PER_S,
    STRANGER_EMERGENCIES_BURST,
    STRANGER_EMERGENCIES_PER_S,
)

_OF_ONE: Final = SourceLimits(
    requests_per_s=STRANGER_EMERGENCIES_PER_S, burst=STRANGER_EMERGENCIES_BURST
)
_OF_ALL: Final = SourceLimits(
    requests_per_s=STRANGER_EMERGENCIES_ALL_PER_S, burst=STRANGER_EMERGENCIES_ALL_BURST
)
_ALL: Final = "all"


class StrangerEmergencies:
    """A rate for each address, and one for all; whoever is blocked for something else has his."""

    __slots__ = ("_each", "_together")

    def __init__(self) -> None:
        self._each = Sources(_OF_ONE)
        self._together = Sources(_OF_ALL)

    def admits(self, host: str, *, now: float) -> bool:
        """Take one call; False when there are too many."""
        return self._each.admits(host, now=now) and self._together.admits(_ALL, now=now)
