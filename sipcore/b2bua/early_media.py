"""What the caller hears before the answer, under one To tag for as long as that is true.

Phones like one tag best; but within one dialog the SDP of a 18x is the answer, and an RFC 3261
caller ignores another one in the 200 (§13.2.1). So a tag stands for one session description: the
first target that sends one is heard, the others are not, and when somebody else answers, or is
heard after a failed target, the caller sees a new tag, as from a forking proxy.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.fork_outcome import Early, Winner

_PASSED: Final = frozenset({180, 181, 182, 183})
_SESSION_PROGRESS: Final = 183


class EarlyMedia:
    """The early dialogs of the caller, as one."""

    __slots__ = ("_body", "_is_offered", "_last", "_source", "_tag_has_sdp")

    def __init__(self, *, is_offered: bool) -> None:
        self._is_offered = is_offered
        self._source: Early | None = None
        self._body = NO_BODY
        self._tag_has_sdp = False
        self._last: tuple[int, Body] | None = None

    @property
    def last(self) -> tuple[int, Body] | None:
        """Status and body that the caller heard last."""
        return self._last

    def hear(self, early: Early, body: Body) -> tuple[int, Body, bool] | None:
        """Take a provisional response; returns status, body and whether it needs a new tag.

        None when it says nothing new, or comes from somebody else than who is heard.
        """
        status = early.response.status if early.response.status in _PASSED else _SESSION_PROGRESS
        source = self._live_source()
        if source is not None and source.source != early.source:
            return None
        needs_tag = False
        # Without an offer of the caller's, SDP here would be an offer in an unreliable response.
        if body.has_sdp and self._is_offered:
            needs_tag = source is None and self._tag_has_sdp
            self._source = early
            self._body = body
            self._tag_has_sdp = True
        else:
            body = NO_BODY
        if self._last == (status, body) and not needs_tag:
            return None
        self._last = (status, body)
        return status, body, needs_tag

    def answer(self, winner: Winner) -> tuple[Body, bool]:
        """Return the body of the 200, and whether it needs a new tag.

        A 200 without SDP whose 18x had it gets that one: what was a preview is the answer.
        """
        is_heard = self._source is not None and self._source.source == winner.source
        if winner.body.has_sdp:
            return winner.body, self._tag_has_sdp and not is_heard
        return (self._body if is_heard else winner.body), False

    def _live_source(self) -> Early | None:
        source = self._source
        if source is None or source.attempt.failure is not None or not source.attempt.is_open:
            return None
        return source
