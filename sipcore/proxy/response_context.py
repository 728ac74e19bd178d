"""One request on its way: its targets, its branches, and what came back of them (§16.6, §16.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Final

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.message import Request, Response
from sipcore.proxy.forward import Target
from sipcore.transaction.deadlines import Deadline
from sipcore.transaction.events import TransactionId

Fields = tuple[tuple[str, str], ...]
DeadlineItem = tuple[int, int]
"""A context and one of its branches; -1 is the context itself."""

_WORTH_A_RETRY: Final = (401, 407, 415, 420, 484)
"""A sender can do something about these, so they come before others of their class (step 6)."""
_CHALLENGES: Final = ("www-authenticate", "proxy-authenticate")


class Branch:
    """One client transaction; ``breadth`` is what it may spread to, and gives back at its end."""

    __slots__ = (
        "breadth", "deadlines", "has_provisional", "is_cancelled", "is_pending", "is_timed_out",
        "target",
    )  # fmt: skip

    def __init__(self, target: Target, breadth: int) -> None:
        self.target = target
        self.breadth = breadth
        self.is_pending = True
        self.has_provisional = False
        self.is_cancelled = False
        self.is_timed_out = False
        """Whether we gave it up ourselves, so that its 487 is nobody's answer."""
        self.deadlines: list[Deadline[DeadlineItem]] = []
        """Timer C, then the end of its ringing time if there is one; of an INVITE alone."""


class ResponseContext:
    """One request: the targets still to be tried, the branches, the final responses so far."""

    __slots__ = (
        "_tried", "_waiting", "branches", "breadth_free", "fields", "follows_redirects",
        "has_success", "is_answered", "is_closed", "mark", "request", "responses",
        "route_entries", "sender_entry", "transaction",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        transaction: TransactionId,
        *,
        mark: str,
        breadth: int,
        fields: Fields = (),
        sender_entry: str = "",
        route_entries: tuple[str, ...] = (),
        follows_redirects: bool = False,
    ) -> None:
        """Of the Record-Route, ``sender_entry`` stands under that of each target.

        ``route_entries`` are for a request within a dialog, whose entries stand since its begin.
        """
        self.request = request
        self.transaction = transaction
        self.mark = mark
        self.fields = fields
        self.sender_entry = sender_entry
        self.route_entries = route_entries
        self.follows_redirects = follows_redirects
        self.breadth_free = breadth
        self.branches: list[Branch] = []
        self.responses: list[Response] = []
        self.is_answered = False
        """Whether a final response went to the sender."""
        self.has_success = False
        self.is_closed = False
        """Whether no target is tried any more: after a 2xx, a 6xx or a CANCEL."""
        self._waiting: list[Target] = []
        self._tried: set[tuple[object, ...]] = set()

    @property
    def is_invite(self) -> bool:
        """Whether branches can be cancelled, and more than one 2xx may come."""
        return self.request.method == "INVITE"

    @property
    def pending(self) -> list[int]:
        """The branches without a final response."""
        return [place for place, branch in enumerate(self.branches) if branch.is_pending]

    def add_targets(self, targets: Iterable[Target]) -> int:
        """Take targets in, each once (§16.5), the most preferred first; return how many are new."""
        known = len(self._tried)
        for target in targets:
            key = (target.request_uri, target.flow.key)
            if key not in self._tried and len(self._tried) < DEFAULT_LIMITS.proxy_branches_max:
                self._tried.add(key)
                self._waiting.append(target)
        self._waiting.sort(key=attrgetter("q"), reverse=True)
        return len(self._tried) - known

    def take_targets(self) -> list[tuple[Target, int]]:
        """Take who is to be tried now, each with its breadth: the next of equal preference.

        The next group waits until all of the last have ended, and so does whoever the breadth does
        not suffice for, which makes a fork serial (RFC 5393 §5.3.3).
        """
        if self.is_closed or not self._waiting or not self.breadth_free:
            return []
        q = self._waiting[0].q
        if any(branch.is_pending and branch.target.q != q for branch in self.branches):
            return []
        group = list(takewhile(lambda one: one.q == q, self._waiting))[: self.breadth_free]
        del self._waiting[: len(group)]
        share, rest = divmod(self.breadth_free, len(group))
        self.breadth_free = 0
        return [(target, share + (place < rest)) for place, target in enumerate(group)]

    def end(self, branch: Branch) -> None:
        """Note that a branch has its final response, or will never have one."""
        branch.is_pending = False
        self.breadth_free += branch.breadth


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
