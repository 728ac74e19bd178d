"""Requests of one leg's peer that cross to the other leg: re-INVITE, UPDATE, INFO, MESSAGE.

Two rules decide what may cross when: the offer/answer state of the leg (RFC 3264 §4) and the one
INVITE that a dialog may have in progress (RFC 3261 §14).
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.body_privacy import conceal
from sipcore.b2bua.call_events import CallCommand
from sipcore.b2bua.header_policy import hops_left
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.offer_answer import Input, Verdict
from sipcore.identifiers import Identifiers
from sipcore.transaction.events import RequestReceived

_CROSSING: Final = frozenset({"INVITE", "UPDATE", "INFO", "MESSAGE"})


class Crossing:
    """Passes requests from ``leg`` to ``partner``, which is None where nobody answered yet."""

    __slots__ = ("_identifiers", "_settings")

    def __init__(self, identifiers: Identifiers, settings: CallSettings) -> None:
        self._identifiers = identifiers
        self._settings = settings

    def may_be_told(self, event: RequestReceived, partner: Leg | None) -> bool:
        """Tell whether the partner may get the body of a request (RFC 3323 §5.3)."""
        if partner is None or not partner.conceals or event.request.method not in _CROSSING:
            return True
        body = Body.of(event.request, bytes_max=self._settings.body_bytes_max)
        return conceal(body) is not None

    def pass_invite(
        self,
        event: RequestReceived,
        leg: Leg,
        partner: Leg | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        """Pass a re-INVITE, or answer one that changes nothing."""
        body = Body.of(event.request, bytes_max=self._settings.body_bytes_max)
        if leg.invite is not None:
            self._refuse_too_early(event, leg, out=out)
            return
        if leg.has_sent_invite or leg.accepted is not None:
            leg.respond(event, 491, out=out)
            return
        if body.has_sdp and not self._take_offer(event, leg, out=out):
            return
        if _is_unchanged(leg, body):
            leg.invite = event
            leg.accept(leg.sent_body, now=now, out=out)
            return
        ready = _ready(event, leg, partner, body, out=out)
        if ready is None:
            return
        leg.invite = event
        ready.send(
            Kind.RELAY,
            "INVITE",
            now=now,
            out=out,
            body=body,
            hops=hops_left(event.request),
            origin=event,
            limit_s=self._settings.reinvite_timeout_s,
        )

    def pass_update(
        self,
        event: RequestReceived,
        leg: Leg,
        partner: Leg | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> bool:
        """Pass an UPDATE with an offer; True when another one moved the peer's remote target."""
        body = Body.of(event.request, bytes_max=self._settings.body_bytes_max)
        if not body.has_sdp:
            target = leg.dialog.remote_target
            leg.respond_to_update(event, now=now, out=out)
            return target != leg.dialog.remote_target
        if not self._take_offer(event, leg, out=out):
            return False
        if _is_unchanged(leg, body):
            leg.respond_to_update(event, now=now, out=out, body=leg.sent_body)
            return False
        ready = _ready(event, leg, partner, body, out=out)
        if ready is not None:
            ready.send(
                Kind.RELAY,
                # A peer without UPDATE understands the same offer in a re-INVITE.
                "UPDATE" if ready.allows_update else "INVITE",
                now=now,
                out=out,
                body=body,
                hops=hops_left(event.request),
                origin=event,
            )
        return False

    def pass_information(
        self,
        event: RequestReceived,
        leg: Leg,
        partner: Leg | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        """Pass an INFO or MESSAGE.

        INFO packages need a Recv-Info that we do not negotiate: 469 (RFC 6086 §4.2.2). What was
        used before them, DTMF in the body, passes.
        """
        body = Body.of(event.request, bytes_max=self._settings.body_bytes_max)
        if event.request.has("info-package"):
            leg.respond(event, 469, out=out, fields=(("recv-info", ""),))
        elif partner is None or partner.is_over or partner.is_early:
            leg.respond(event, 491, out=out)
        elif len(partner.pending) >= self._settings.relayed_max:
            self._refuse_too_early(event, leg, out=out)
        else:
            partner.send(
                Kind.RELAY,
                event.request.method,
                now=now,
                out=out,
                body=body,
                hops=hops_left(event.request),
                origin=event,
            )

    def _take_offer(self, event: RequestReceived, leg: Leg, *, out: list[CallCommand]) -> bool:
        verdict = leg.offer_answer.step(Input.RECEIVE_OFFER)
        if verdict is Verdict.GLARE:
            leg.respond(event, 491, out=out)
        elif verdict is Verdict.TOO_EARLY:
            self._refuse_too_early(event, leg, out=out)
        return verdict is Verdict.TAKEN

    def _refuse_too_early(
        self, event: RequestReceived, leg: Leg, *, out: list[CallCommand]
    ) -> None:
        """Refuse with 500 and a Retry-After between 0 and 10 s (§14.2)."""
        seconds = round(self._identifiers.spread(0, 10))
        leg.respond(event, 500, out=out, fields=(("retry-after", str(seconds)),))


def _ready(
    event: RequestReceived, leg: Leg, partner: Leg | None, body: Body, *, out: list[CallCommand]
) -> Leg | None:
    """Return the partner if its session may be changed, else refuse with 491."""
    if partner is not None and partner.is_ready:
        return partner
    if body.has_sdp:
        leg.reject_offer()
    leg.respond(event, 491, out=out)
    return None


def _is_unchanged(leg: Leg, body: Body) -> bool:
    """Tell whether an offer is the session as it stands.

    That is a refresh of the session timer, and those belong to each leg alone.
    """
    return body.has_sdp and body == leg.received_body and leg.sent_body.has_sdp
