"""Which of several failures the caller hears (RFC 3261 §16.7 step 6)."""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.response_mapping import status_for_caller

FIRST: Final = (415, 420, 484, 488)
"""What the caller could do otherwise; 401 and 407 never reach it."""

LAST: Final = (480, 408)
"""What says least: another device knew more."""


def choose_best_response(statuses: list[int]) -> int:
    """Return the position of the best failure; 6xx first, else the lowest class.

    Raises ValueError when there is none.
    """
    return min(range(len(statuses)), key=lambda position: _rank(statuses[position]))


def _rank(status: int) -> tuple[int, int, int]:
    spoken = status_for_caller(status)
    klass = 0 if spoken >= 600 else spoken // 100
    if spoken in FIRST:
        within = 0
    elif spoken == 486:
        within = 1
    elif spoken in LAST:
        within = 3 + LAST.index(spoken)
    else:
        within = 2
    return klass, within, spoken
