"""How many calls of one account begin in a second.

A phone that has gone wild, or whose password is known to somebody else, would fill the charging
log: each attempt stands there for good. Neither strangers nor calls for help are counted here.
"""

from __future__ import annotations

from typing import Final

from freiton.calls.answers import Answer
from freiton.routing.directory import Account
from sipcore.defence.token_bucket import TokenBuckets
from sipcore.identifiers import Identifiers
from sipcore.limits import RETRY_AFTER_S


class AccountRate:
    """A rate with a burst for each account; a rate of 0 is none."""

    __slots__ = ("_buckets", "_identifiers", "refused")

    def __init__(self, *, per_s: float, burst: int, identifiers: Identifiers) -> None:
        self._buckets: Final = TokenBuckets(per_s=per_s, burst=burst)
        self._identifiers = identifiers
        self.refused = 0

    def refuse(self, account: Account | None, *, now: float) -> Answer | None:
        """Take one new call; the 503 with a random Retry-After if it is one too many.

        Carriers, who have no account, have the places of their trunk instead.
        """
        if account is None or self._buckets.admits(str(account.id), now=now):
            return None
        self.refused += 1
        retry_after_s = round(self._identifiers.spread(*RETRY_AFTER_S))
        return Answer(503, "Too Many Calls", fields=(("retry-after", str(retry_after_s)),))
