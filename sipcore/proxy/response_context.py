"""What came back from the targets of one request, and which of it the sender gets (§16.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sipcore.message.message import Request, Response
from sipcore.proxy.validate import LoopKey
from sipcore.transaction.events import TransactionId

_WORTH_A_RETRY: Final = (401, 407, 415, 420, 484)
"""A sender can do something about these, so they come before others of their class (step 6)."""
_CHALLENGES: Final = ("www-authenticate", "proxy-authenticate")


class ResponseContext:
    """One request on its way: the targets it waits for and the final responses so far."""

    __slots__ = ("is_answered", "loop_key", "pending", "request", "responses", "transaction")

    def __init__(
        self, request: Request, transaction: TransactionId, loop_key: LoopKey, targets: int
    ) -> None:
        self.request = request
        self.transaction = transaction
        self.loop_key = loop_key
        self.pending = set(range(targets))
        self.responses: list[Response] = []
        self.is_answered = False


def choose_best_response(responses: Sequence[Response]) -> Response | None:
    """Choose the final response to pass on; None if there is none that may be passed on.

    Any 6xx, else the lowest class; a 503 speaks about a target, not about us, and stays here.
    """
    candidates = [response for response in responses if response.status != 503]
    if not candidates:
        return None
    best = min(candidates, key=_rank)
    return _with_all_challenges(best, responses) if best.status in (401, 407) else best


def _rank(response: Response) -> tuple[bool, int, bool]:
    status = response.status
    return status < 600, status // 100, status not in _WORTH_A_RETRY


def _with_all_challenges(best: Response, responses: Sequence[Response]) -> Response:
    """Add the challenges of all other targets, since each wants credentials of its own."""
    collected = Response(best.status, best.reason, best.fields, best.body)
    for response in responses:
        if response is not best and response.status in (401, 407):
            for key in _CHALLENGES:
                for value in response.values(key):
                    collected.add(key, value)
    return collected
