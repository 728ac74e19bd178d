"""When the accounting must be woken: one heap, cancelled lazily."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Final

# Rebuilding costs a pass over the heap; below this many entries it is never worth it.
STALE_MIN: Final = 1_024


class Schedule:
    """At most one deadline per call, in microseconds of the monotonic clock."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def set(self, call_id: str, deadline_us: int) -> None:
        """Give a call its next deadline in place of any other."""
        self._due[call_id] = deadline_us
        heappush(self._heap, (deadline_us, call_id))
        if len(self._heap) > STALE_MIN and len(self._heap) > 4 * len(self._due):
            self._heap = [(due_us, call_id) for call_id, due_us in self._due.items()]
            heapify(self._heap)

    def cancel(self, call_id: str) -> None:
        """Take a call's deadline away, if it has one."""
        self._due.pop(call_id, None)

    def next_us(self) -> int | None:
        """Give the earliest deadline."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now_us: int) -> str | None:
        """Take the earliest call whose deadline has come."""
        next_us = self.next_us()
        if next_us is None or next_us > now_us:
            return None
        _, call_id = heappop(self._heap)
        del self._due[call_id]
        return call_id
