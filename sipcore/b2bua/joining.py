"""The exchange after which two legs of different calls hear each other (RFC 3725 §4.1, §7).

One leg is asked for an offer by a re-INVITE without one, the other gets that offer, and its answer
goes back in the ACK. Neither needs to know REFER or Replaces. A leg that was invited without an
offer has made one already and is not asked again.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.call_events import CallCommand
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind, Pending
from sipcore.b2bua.session_change import GONE
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.offer_answer import Input, State
from sipcore.identifiers import Identifiers

JOINED: Final = 200

_NOT_ACCEPTABLE: Final = 488
_UNAVAILABLE: Final = 480
_PENDING: Final = 491
_GLARE_S: Final[tuple[float, ...]] = (2.1, 4.0)
"""The pause after a 491 of whoever owns the Call-ID (RFC 3261 §14.1); longer, so safe for all."""


class Joining:
    """The exchange of two legs; each step returns a final status, or None while it goes on."""

    __slots__ = (
        "_asked", "_give_up_at", "_has_turned", "_identifiers", "_offered", "_retry_at",
        "_settings", "newcomer",
    )  # fmt: skip

    def __init__(
        self, stays: Leg, newcomer: Leg, *, identifiers: Identifiers, settings: CallSettings
    ) -> None:
        self._asked, self._offered = stays, newcomer
        if newcomer.unacknowledged is not None:
            self._asked, self._offered = newcomer, stays
        self._identifiers = identifiers
        self._settings = settings
        self._has_turned = False
        self._retry_at: float | None = None
        self._give_up_at = 0.0
        self.newcomer = newcomer

    def begin(self, *, now: float, out: list[CallCommand]) -> int | None:
        """Ask for the offer as soon as both legs may change their session (RFC 3261 §14.1)."""
        self._give_up_at = now + self._settings.join_timeout_s
        return self._go_on(now=now, out=out)

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        return self._retry_at

    def fire(self, *, now: float, out: list[CallCommand]) -> int | None:
        """Try again if that is due; a leg that is never free is unavailable."""
        if self._retry_at is None or self._retry_at > now:
            return None
        self._retry_at = None
        if now >= self._give_up_at:
            self.abandon(out=out)
            return _UNAVAILABLE
        return self._go_on(now=now, out=out)

    def conclude(
        self,
        leg: Leg,
        pending: Pending,
        status: int,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
    ) -> int | None:
        """Take the final response to a re-INVITE of this exchange, and its body."""
        if leg is self._offered and status < 300 and body.has_sdp:
            self._answer(body, out=out)
            return JOINED
        if leg is self._asked and not pending.body.has_sdp and status < 300 and body.has_sdp:
            if self._offered.is_ready:
                self._offer(body, now=now, out=out)
                return None
            status = _PENDING
        self.abandon(out=out)
        if status == _PENDING:
            self._retry_at = now + self._identifiers.spread(*_GLARE_S)
            return None
        refused = _NOT_ACCEPTABLE if status < 300 else status
        if refused in GONE or self._has_turned:
            return refused
        self._turn()
        return self._go_on(now=now, out=out)

    def abandon(self, *, out: list[CallCommand]) -> None:
        """Give an offer that is still open the answer that its session had before."""
        leg = self._asked
        if leg.unacknowledged is None:
            return
        if leg.offer_answer.state is State.OFFER_RECEIVED and leg.sent_body.has_sdp:
            self._answer(leg.sent_body, out=out)
            return
        leg.reject_offer()
        leg.acknowledge(leg.unacknowledged, out=out)

    def _go_on(self, *, now: float, out: list[CallCommand]) -> int | None:
        if self._asked.is_over or self._offered.is_over:
            self.abandon(out=out)
            return _UNAVAILABLE
        if self._asked.unacknowledged is not None and self._offered.is_ready:
            self._offer(self._asked.received_body, now=now, out=out)
        elif self._asked.is_ready and self._offered.is_ready:
            self._send(self._asked, NO_BODY, now=now, out=out)
        else:
            self._retry_at = now + self._settings.join_retry_s
        return None

    def _offer(self, body: Body, *, now: float, out: list[CallCommand]) -> None:
        self._send(self._offered, body, now=now, out=out)

    def _send(self, leg: Leg, body: Body, *, now: float, out: list[CallCommand]) -> None:
        limit_s = self._settings.reinvite_timeout_s
        leg.send(Kind.JOIN, "INVITE", now=now, out=out, body=body, limit_s=limit_s)

    def _answer(self, body: Body, *, out: list[CallCommand]) -> None:
        leg = self._asked
        if leg.unacknowledged is None:
            return
        leg.offer_answer.step(Input.SEND_ANSWER)
        leg.sent_body = body
        leg.acknowledge(leg.unacknowledged, out=out, body=body)

    def _turn(self) -> None:
        """Ask the other one: there are peers that refuse to make an offer."""
        self._has_turned = True
        self._asked, self._offered = self._offered, self._asked
