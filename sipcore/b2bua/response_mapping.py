"""What the failure of one leg becomes on the other: two tables, and all that is to say about them.

A status that stands in no row crosses as it is. ``docs/response-mapping.md`` is made of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipcore.b2bua.call_events import Fields
from sipcore.b2bua.header_policy import failure_fields
from sipcore.message.message import Response


@dataclass(frozen=True, slots=True)
class Mapping:
    """Statuses from ``first`` to ``last``, or what came instead of one, and what is said for it."""

    first: int
    last: int
    spoken: int
    why: str


NO_RESPONSE: Final = 0
"""In place of a status: nothing came before the time was over, or the transport failed."""

INVITATION: Final = (
    Mapping(NO_RESPONSE, NO_RESPONSE, 408, "nobody answered, not even with a ringing tone"),
    Mapping(300, 399, 480, "a redirection that is not followed says that nobody is here now"),
    Mapping(401, 401, 480, "the challenge is between the switch and the target"),
    Mapping(407, 407, 480, "the same of a proxy before the target"),
    Mapping(422, 422, 480, "the interval is agreed on each leg alone, the caller asked for none"),
    Mapping(481, 481, 480, "the caller has no dialog with the target"),
    Mapping(487, 487, 480, "the caller did not cancel"),
    Mapping(491, 491, 480, "a request of ours met one of the target, not the caller's"),
    Mapping(503, 503, 500, "RFC 3261 §16.7: passed on it would say that the switch serves nobody"),
)
"""A target's final response to the INVITE of a call that nobody has answered yet."""

WITHIN_CALL: Final = (
    Mapping(NO_RESPONSE, NO_RESPONSE, 504, "the other side is silent"),
    Mapping(300, 399, 500, "a request within a dialog is not redirected"),
    Mapping(401, 401, 500, "the challenge is between the switch and its peer"),
    Mapping(407, 407, 500, "the same of a proxy before the peer"),
)
"""A final response to a re-INVITE, UPDATE, PRACK, INFO or MESSAGE that crossed.

To a change of the session silence is a 408 instead, like in RFC 3261 §12.2.1.2, and ends the call;
so does a 481 to anything.
"""

_NOT_WITH: Final = frozenset({500, 503})
"""Statuses of ours for which the target's Retry-After would say something untrue."""


def status_for_caller(status: int) -> int:
    """Return the failure that the caller hears for a target's, ``NO_RESPONSE`` for silence."""
    return _spoken(INVITATION, status)


def status_within_call(status: int) -> int:
    """Return the failure that one side hears for the other's within an answered call."""
    return _spoken(WITHIN_CALL, status)


def fields_for_caller(response: Response | None, status: int) -> Fields:
    """Return what else of a target's failure the caller hears with ``status`` (RFC 3326, Q.850).

    When to try again is only told with the status that the target gave: a switch that cannot be
    asked for a while, because one carrier cannot, would hold back emergency calls too.
    """
    if response is None:
        return ()
    is_changed = response.status != status or status in _NOT_WITH
    return tuple(
        (key, value) for key, value in failure_fields(response) if key == "reason" or not is_changed
    )


def _spoken(table: tuple[Mapping, ...], status: int) -> int:
    for row in table:
        if row.first <= status <= row.last:
            return row.spoken
    return status
