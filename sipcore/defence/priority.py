"""Who goes first when not everybody can."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from sipcore.message.message import Request

_CREDENTIALS: Final = ("authorization", "proxy-authorization")
_SETS_UP: Final = frozenset({"INVITE", "PRACK", "UPDATE", "CANCEL", "ACK", "BYE"})


class Priority(IntEnum):
    """The order of admission, the first first."""

    EMERGENCY = 1
    IN_DIALOG = 2
    """What belongs to a call or subscription that stands: refusing it costs more than doing it."""
    REFRESH = 3
    """A device that is known stays known."""
    CONTINUED = 4
    """An INVITE that answers our challenge: half of its work is done already."""
    NEW_INVITE = 5
    NEW_REGISTER = 6
    REST = 7


def priority_of(request: Request, *, is_known: bool) -> Priority:
    """Return the place of a request that is no emergency; RemoteError when To cannot be read.

    ``is_known`` tells whether a device is registered over the flow that it came over.
    """
    method = request.method
    if request.to.tag is not None or (method in _SETS_UP and method != "INVITE"):
        return Priority.IN_DIALOG
    if method == "INVITE":
        is_continued = any(request.has(key) for key in _CREDENTIALS)
        return Priority.CONTINUED if is_continued else Priority.NEW_INVITE
    if method == "REGISTER":
        return Priority.REFRESH if is_known else Priority.NEW_REGISTER
    return Priority.REST
