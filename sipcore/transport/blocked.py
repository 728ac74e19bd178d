"""Addresses that did not answer, passed over for a while (RFC 3263 §4.3)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

from sipcore.limits import BLOCKED_HOPS_MAX

Hop = TypeVar("Hop", bound=Hashable)

BLOCKED_S: Final = 30.0
"""How long an address that failed is asked last; shorter than an outage, longer than a call."""


class BlockedHops:
    """Remembers which hops failed: they come last and not never, as they may be the only ones."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def block(self, hop: Hashable, *, now: float) -> None:
        """Pass a hop over from now on."""
        self._until.pop(hop, None)
        if len(self._until) >= BLOCKED_HOPS_MAX:
            self._forget(now=now)
        self._until[hop] = now + BLOCKED_S

    def release(self, hop: Hashable) -> None:
        """Trust a hop again, since it has just answered."""
        self._until.pop(hop, None)

    def is_blocked(self, hop: Hashable, *, now: float) -> bool:
        """Tell whether a hop failed a short while ago."""
        return self._until.get(hop, 0.0) > now

    def last(self, hops: Iterable[Hop], *, now: float) -> tuple[Hop, ...]:
        """Return the hops in their order, but those blocked behind all others."""
        if not self._until:
            return tuple(hops)
        return tuple(sorted(hops, key=lambda hop: self.is_blocked(hop, now=now)))

    def _forget(self, *, now: float) -> None:
        """Make room: what is over, and if nothing is, what was blocked first."""
        self._until = {hop: until for hop, until in self._until.items() if until > now}
        while len(self._until) >= BLOCKED_HOPS_MAX:
            del self._until[next(iter(self._until))]
