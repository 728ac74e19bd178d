"""How far behind the switch is with what has come in."""

from __future__ import annotations

from typing import Final

_LATE_KEPT_S: Final = 0.2
"""How long late timers count: the next one comes sooner than that while there is work."""

_LATE_COUNT: Final = 3
"""So many in a row are late when the loop is; one is when the machine was elsewhere for once."""


class Pressure:
    """The age of the oldest message that may still wait, and how late timers come.

    A socket that gave all it had is caught up: whatever waits in it came later. So the time since
    is the most that anything waits, without asking the kernel.
    """

    __slots__ = ("_caught_up_at", "_is_behind", "_late_s", "_late_until")

    def __init__(self) -> None:
        self._caught_up_at: dict[str, float] = {}
        self._is_behind: set[str] = set()
        self._late_s = [0.0] * _LATE_COUNT
        self._late_until = 0.0

    def note_read(self, socket: str, *, is_caught_up: bool, now: float) -> None:
        """Learn whether a read of a socket, named by its listener, emptied it."""
        if is_caught_up:
            self._caught_up_at[socket] = now
            self._is_behind.discard(socket)
        else:
            self._caught_up_at.setdefault(socket, now)
            self._is_behind.add(socket)

    def note_late(self, late_s: float, *, now: float) -> None:
        """Learn how late a timer fired: what streams and everything else wait for."""
        if now >= self._late_until:
            self._late_s = [0.0] * _LATE_COUNT
        self._late_s = [*self._late_s[1:], late_s]
        self._late_until = now + _LATE_KEPT_S

    def behind_s(self, *, now: float) -> float:
        """Return how long a message that is read now has waited, at the most."""
        behind_s = min(self._late_s) if now < self._late_until else 0.0
        for socket in self._is_behind:
            behind_s = max(behind_s, now - self._caught_up_at[socket])
        return behind_s
