"""Who waits for which calls to be proven alive or dead.

A phone that lost its power holds its slot until somebody asks. So before an account's own call
is refused for want of a slot, those who hold the slots are asked; the wait is bounded by the
probe's own time limit.
"""

from __future__ import annotations

from collections.abc import Iterable


class SlotProbes:
    """Waiting calls and the holders they wait for, by id on both sides."""

    __slots__ = ("_holders", "_waiters")

    def __init__(self) -> None:
        self._holders: dict[str, set[str]] = {}
        self._waiters: dict[str, set[str]] = {}

    def wait(self, waiter: str, holders: Iterable[str]) -> list[str]:
        """Let a call wait for holders; return those that nobody has asked yet."""
        unasked = [holder for holder in holders if holder not in self._waiters]
        for holder in holders:
            self._holders.setdefault(waiter, set()).add(holder)
            self._waiters.setdefault(holder, set()).add(waiter)
        return unasked

    def settle(self, holder: str, *, is_alive: bool) -> list[str]:
        """Learn what became of a holder; return who should try again.

        A dead holder frees a slot for whoever waits; of a living one only he need hear who waited
        for nobody else, to be refused.
        """
        ready: list[str] = []
        for waiter in sorted(self._waiters.pop(holder, ())):
            remaining = self._holders.get(waiter, set())
            remaining.discard(holder)
            if not is_alive or not remaining:
                self.leave(waiter)
                ready.append(waiter)
        return ready

    def leave(self, waiter: str) -> None:
        """Let a call wait no longer."""
        for holder in self._holders.pop(waiter, ()):
            waiters = self._waiters.get(holder)
            if waiters is not None:
                waiters.discard(waiter)

    def is_asked(self, holder: str) -> bool:
        """Tell whether an answer of this holder is awaited."""
        return holder in self._waiters
