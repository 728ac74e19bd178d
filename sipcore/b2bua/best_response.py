"""Which of several failures the caller hears (RFC 3261 §16.7 step 6), and in what words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_FIRST: Final = (415, 420, 484, 488)
"""What the caller could do otherwise; 401 and 407 never reach it."""

_LAST: Final = (480, 408)
"""What says least: another device knew more."""

_SPOKEN: Final = MappingProxyType(
    {
        # A challenge is between us and the target; the caller could not answer it.
        401: 480,
        407: 480,
        # The caller did not cancel and has no dialog with the target.
        481: 480,
        487: 480,
        # Our glare, not the caller's.
        491: 480,
        422: 480,
        # §16.7: a 503 passed on would say that this switch can serve no request at all.
        503: 500,
    }
)
"""What a target's answer is to the caller where it is not the same."""


def status_for_caller(status: int) -> int:
    """Return the failure that the caller hears for a target's; a 3xx is never followed."""
    return 480 if status < 400 else _SPOKEN.get(status, status)


def choose_best_response(statuses: list[int]) -> int:
    """Return the position of the best failure; 6xx first, else the lowest class.

    Raises ValueError when there is none.
    """
    return min(range(len(statuses)), key=lambda position: _rank(statuses[position]))


def _rank(status: int) -> tuple[int, int, int]:
    spoken = status_for_caller(status)
    klass = 0 if spoken >= 600 else spoken // 100
    if spoken in _FIRST:
        within = 0
    elif spoken == 486:
        within = 1
    elif spoken in _LAST:
        within = 3 + _LAST.index(spoken)
    else:
        within = 2
    return klass, within, spoken
