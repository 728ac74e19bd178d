"""THE ORDER in which a call is decided."""

from __future__ import annotations

from freiton.routing.context import RouteContext
from freiton.routing.decision import RouteDecision
from freiton.routing.request import RouteRequest


def decide(request: RouteRequest, context: RouteContext) -> RouteDecision:
    """Decide one call attempt; slots and money are the accounting's to decide afterwards."""
    raise NotImplementedError
