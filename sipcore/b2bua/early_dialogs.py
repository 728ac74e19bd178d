"""The early dialogs of a caller: one To tag of ours for each session description.

Phones like one tag best; but within one dialog the first SDP is the answer, and a caller ignores
another one (RFC 3261 §13.2.1). So a tag stands for one session description: the first target that
sends one takes the tag that all share until then, every further one is shown under a tag of its
own, as from a forking proxy. What only rings is silent while a description is heard.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.attempt import Attempt
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call_events import CallCommand
from sipcore.b2bua.fork_outcome import Early, Winner
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.offer_answer import State
from sipcore.message.message import Request
from sipcore.message.rack import requires_reliable, supports_reliable

_PASSED: Final = frozenset({180, 181, 182, 183})
_SESSION_PROGRESS: Final = 183


class Shown:
    """An early dialog of the caller, and the target whose session description it shows."""

    __slots__ = ("attempt", "body", "leg")

    def __init__(self, leg: Leg, attempt: Attempt, body: Body) -> None:
        self.leg = leg
        self.attempt = attempt
        self.body = body

    @property
    def is_live(self) -> bool:
        """Whether its target may still answer."""
        return self.attempt.is_open and self.attempt.failure is None


class EarlyDialogs:
    """What one caller hears before the answer."""

    __slots__ = (
        "_bridge", "_is_offered", "_is_required", "_is_supported", "_last", "_repeat_at", "_said",
        "_settings", "_shown",
    )  # fmt: skip

    def __init__(
        self, bridge: Bridge, invite: Request, *, is_offered: bool, settings: CallSettings
    ) -> None:
        self._bridge = bridge
        self._settings = settings
        self._is_offered = is_offered
        self._is_required = requires_reliable(invite)
        self._is_supported = supports_reliable(invite)
        self._shown: dict[object, Shown] = {}
        self._said: dict[int, tuple[int, Body]] = {}
        self._last: tuple[Leg, int, Body] | None = None
        self._repeat_at: float | None = None

    def tell(self, early: Early, *, now: float, out: list[CallCommand]) -> None:
        """Pass a provisional response if it says something new.

        A reliable one gets its PRACK at once, unless the caller hears its session description
        reliably as well: then the caller's PRACK may bring the answer or a new offer.
        """
        body = early.body if self._may_be_shown(early) else NO_BODY
        shown = self._shown.get(early.source)
        if shown is None and body.has_sdp:
            shown = self._show(early, body)
            body = NO_BODY if shown is None else body
        status = early.response.status if early.response.status in _PASSED else _SESSION_PROGRESS
        is_told = self._say(shown, status, body, now=now, out=out)
        if early.leg is not None:
            self._keep(early.leg, shown)
            is_held = is_told and body.has_sdp and self._is_supported
            if not is_held and early.leg.offer_answer.state is not State.OFFER_RECEIVED:
                early.leg.send_prack(now=now, out=out)
        if is_told:
            self._repeat_at = now + self._settings.provisional_interval_s

    def answer(self, winner: Winner) -> tuple[Leg, Body]:
        """Return the early dialog that the 200 confirms, and what the 200 still has to say.

        A 200 without SDP whose 18x had it gets that one: what was a preview is the answer. What
        was told reliably is not told again; if the answer is another, it comes under a new tag.
        """
        shown, body = self._shown.get(winner.source), winner.body
        if shown is None:
            is_free = not self._shown or not body.has_sdp
            return (self._bridge.caller if is_free else self._branch()), body
        told = shown.leg.sent_body
        if not told.has_sdp:
            return shown.leg, body if body.has_sdp else shown.body
        is_pair = self._bridge.early_partners.get(shown.leg.number) == winner.leg.number
        if is_pair or not body.has_sdp or body == told:
            return shown.leg, NO_BODY
        return self._branch(), body

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to repeat; what waits for a PRACK is its leg's."""
        return self._repeat_at

    def fire(self, *, now: float, out: list[CallCommand]) -> bool:
        """Repeat what is due; False when the caller never acknowledged it (RFC 3262 §3)."""
        if self._repeat_at is not None and self._repeat_at <= now:
            self._repeat_at = now + self._settings.provisional_interval_s
            self._repeat(now=now, out=out)
        legs = self._bridge.legs.values()
        return False not in [leg.repeat_provisional(now=now, out=out) for leg in legs]

    def settle(self, caller: Leg, callee: Leg) -> None:
        """Let the call go on with the two legs that the answer joined; other dialogs are over."""
        bridge = self._bridge
        self._end_but(caller, callee)
        caller.forget_waiting()
        bridge.legs[caller.number] = bridge.caller = caller
        bridge.legs[callee.number] = bridge.callee = callee

    def end(self, *, out: list[CallCommand]) -> None:
        """End all of them since nobody answered; requests that wait in them are answered."""
        self._bridge.abandon_relays(out=out)
        self._end_but()

    def _repeat(self, *, now: float, out: list[CallCommand]) -> None:
        """Say the last once more, so that no proxy gives up (RFC 3261 §13.3.1.1)."""
        if self._last is None:
            return
        leg, status, body = self._last
        leg.respond_early(
            status,
            NO_BODY if leg.sent_body.has_sdp else body,
            now=now,
            out=out,
            is_reliable=self._is_required,
        )

    def _end_but(self, *legs: Leg) -> None:
        self._repeat_at = None
        self._bridge.early_partners = {}
        for leg in self._bridge.legs.values():
            if leg.is_early and leg not in legs:
                leg.end_early()

    def _may_be_shown(self, early: Early) -> bool:
        """Without an offer of the caller's SDP is an offer, which only goes reliably."""
        return self._is_offered or (early.leg is not None and self._is_supported)

    def _show(self, early: Early, body: Body) -> Shown | None:
        if len(self._shown) >= self._settings.early_dialogs_max:
            return None
        leg = self._branch() if self._shown else self._bridge.caller
        shown = self._shown[early.source] = Shown(leg, early.attempt, body)
        return shown

    def _say(
        self,
        shown: Shown | None,
        status: int,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
    ) -> bool:
        if shown is None and any(other.is_live for other in self._shown.values()):
            return False
        leg = self._bridge.caller if shown is None else shown.leg
        is_reliable = self._is_reliable(body)
        if is_reliable and not (self._is_offered or body.has_sdp or leg.sent_body.has_sdp):
            # RFC 3262 §5: the first reliable one would have to carry an offer, and there is none.
            if self._is_required:
                return False
            is_reliable = False
        if self._said.get(leg.number) == (status, body):
            return False
        self._said[leg.number] = (status, body)
        self._last = (leg, status, body)
        leg.respond_early(status, body, now=now, out=out, is_reliable=is_reliable)
        return True

    def _is_reliable(self, body: Body) -> bool:
        if self._is_required or not self._is_supported:
            return self._is_required
        return body.has_sdp or self._settings.reliable_ringing

    def _keep(self, leg: Leg, shown: Shown | None) -> None:
        self._bridge.add(leg)
        if shown is not None:
            self._bridge.early_partners[shown.leg.number] = leg.number
            self._bridge.early_partners[leg.number] = shown.leg.number

    def _branch(self) -> Leg:
        """Make one more early dialog; those of the caller are numbered downwards."""
        number = min(self._bridge.legs) - 1
        leg = self._bridge.caller.branch(number)
        self._bridge.add(leg)
        return leg
