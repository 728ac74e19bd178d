"""A decision in the making: what the steps before have found out."""

from __future__ import annotations

from freiton.routing.context import RouteContext
from freiton.routing.identity import CallerIdentity
from freiton.routing.number_format import CalledNumber
from freiton.routing.redirected import Redirected
from freiton.routing.request import RouteRequest


class Draft:
    """One call attempt on its way through THE ORDER.

    ``dialled`` is without the prefix that hides or shows the number; ``called`` is None until the
    number is read, and stays None when an account is called by name. ``history`` is who passed the
    call on, as far as it is believed.
    """

    __slots__ = (
        "called",
        "caller",
        "context",
        "dialled",
        "hides_by_prefix",
        "history",
        "request",
    )

    def __init__(self, request: RouteRequest, context: RouteContext) -> None:
        self.request = request
        self.context = context
        self.dialled, self.hides_by_prefix = split_prefix(request.dialled)
        self.called: CalledNumber | None = None
        self.caller = CallerIdentity(number=None)
        self.history: tuple[Redirected, ...] = ()


def split_prefix(dialled: str) -> tuple[str, bool | None]:
    """Cut off ``*31#`` (hide the number) or ``#31#`` (show it); None: neither was dialled."""
    if dialled.startswith("*31#"):
        return dialled[4:], True
    if dialled.startswith("#31#"):
        return dialled[4:], False
    return dialled, None
