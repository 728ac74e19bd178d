"""One heap of deadlines; a cancelled one stays in it as an empty shell until it is met."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

_SHELLS_MIN: Final = 256
"""Below this many shells a sweep costs more than it frees."""


class Deadline(Generic[Item]):
    """A moment at which something is due; ``item`` is None once it fired or was cancelled."""

    __slots__ = ("item", "when")

    def __init__(self, when: float, item: Item) -> None:
        self.when = when
        self.item: Item | None = item


class Deadlines(Generic[Item]):
    """Deadlines in the order of time, those of one moment in the order they were set.

    Items should be ids: a deadline that held its object would keep it alive in a cycle.
    """

    __slots__ = ("_heap", "_sequence", "_shells")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline[Item]]] = []
        self._sequence = 0
        self._shells = 0

    def __len__(self) -> int:
        return len(self._heap) - self._shells

    def set(self, when: float, item: Item) -> Deadline[Item]:
        """Set a deadline and return it, to be cancelled with."""
        deadline = Deadline(when, item)
        self._sequence += 1
        heapq.heappush(self._heap, (when, self._sequence, deadline))
        return deadline

    def cancel(self, deadline: Deadline[Item]) -> None:
        """Empty a deadline; one that fired or was cancelled before stays as it is."""
        if deadline.item is None:
            return
        deadline.item = None
        self._shells += 1
        if self._shells > _SHELLS_MIN and self._shells * 2 > len(self._heap):
            self._sweep()

    def next(self) -> float | None:
        """Return the moment of the next deadline."""
        heap = self._heap
        while heap and heap[0][2].item is None:
            heapq.heappop(heap)
            self._shells -= 1
        return heap[0][0] if heap else None

    def due(self, now: float) -> Iterator[Item]:
        """Take out what is due, one by one, so that each may cancel the later ones.

        What is set for ``now`` or earlier while this runs is not given before the next call: a
        deadline that sets itself anew cannot keep the loop from ending.
        """
        heap = self._heap
        last = self._sequence
        while heap and heap[0][0] <= now and heap[0][1] <= last:
            deadline = heapq.heappop(heap)[2]
            item = deadline.item
            if item is None:
                self._shells -= 1
                continue
            deadline.item = None
            yield item

    def _sweep(self) -> None:
        # In place: due() may be in the middle of it.
        self._heap[:] = [entry for entry in self._heap if entry[2].item is not None]
        heapq.heapify(self._heap)
        self._shells = 0
