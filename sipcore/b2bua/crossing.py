"""Requests of one leg's peer that cross to the other: re-INVITE, UPDATE, PRACK, INFO, MESSAGE.

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
from sipcore.dialog.offer_answer import Input, State, Verdict
from sipcore.identifiers import Identifiers
from sipcore.transaction.events import RequestReceived

_CROSSING: Final = frozenset({"INVITE", "UPDATE", "PRACK", "INFO", "MESSAGE"})


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
        if leg.has_sent_invite or leg.accepted is not None or leg.is_early:
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

    def pass_prack(
        self,
        event: RequestReceived,
        leg: Leg,
        partner: Leg | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        """Take a PRACK, and pass the answer or the offer in it (RFC 3262 §5).

        One that acknowledges nothing gets 481. A new offer goes on in the PRACK that the other leg
        still owes, else in an UPDATE or re-INVITE; where none is possible it is refused with 488.
        """
        body = Body.of(event.request, bytes_max=self._settings.body_bytes_max)
        if not leg.receive_prack(event, now=now):
            leg.respond(event, 481, out=out)
            return
        if leg.offer_answer.state is State.OFFER_SENT and not leg.has_early_session:
            leg.offer_answer.step(Input.RECEIVE_ANSWER if body.has_sdp else Input.RECEIVE_REJECTION)
            leg.received_body = body
            leg.respond_to_prack(event, out=out)
            pass_answer(partner, body, now=now, out=out)
        elif not body.has_sdp:
            leg.offer_answer.step(Input.RECEIVE_PRACK)
            leg.respond_to_prack(event, out=out)
            if partner is not None:
                partner.send_prack(now=now, out=out)
        else:
            leg.offer_answer.step(Input.RECEIVE_PRACK)
            if self._take_offer(event, leg, out=out):
                self._pass_offer(event, leg, partner, body, now=now, out=out)
        leg.respond_next(now=now, out=out)

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
        elif partner.is_crowded:
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

    def _pass_offer(
        self,
        event: RequestReceived,
        leg: Leg,
        partner: Leg | None,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        hops = hops_left(event.request)
        if partner is not None and partner.unpracked is not None and partner.has_early_session:
            partner.send_prack(now=now, out=out, body=body, hops=hops, origin=event)
        elif partner is not None and (partner.is_ready or partner.may_update_early):
            method = "UPDATE" if partner.allows_update else "INVITE"
            partner.send(Kind.RELAY, method, now=now, out=out, body=body, hops=hops, origin=event)
        else:
            leg.reject_offer()
            leg.respond(event, 488, out=out)
            if partner is not None:
                partner.send_prack(now=now, out=out)

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


def pass_answer(partner: Leg | None, body: Body, *, now: float, out: list[CallCommand]) -> None:
    """Pass the answer to the offer of a reliable provisional response, or of a 2xx."""
    if partner is None:
        return
    if partner.unpracked is not None:
        partner.send_prack(now=now, out=out, body=body)
    elif partner.unacknowledged is not None:
        if body.has_sdp:
            partner.offer_answer.step(Input.SEND_ANSWER)
            partner.sent_body = body
        else:
            partner.reject_offer()
        partner.acknowledge(partner.unacknowledged, out=out, body=body)
    elif partner.is_early and partner.invite is not None and body.has_sdp:
        # Who has picked a call up waits for what its caller answers to his offer.
        partner.accept(body, now=now, out=out)


def _ready(
    event: RequestReceived, leg: Leg, partner: Leg | None, body: Body, *, out: list[CallCommand]
) -> Leg | None:
    """Return the partner if its session may be changed, else refuse.

    With 491, or before the answer with 504 where only an UPDATE could ask and the partner takes
    none (RFC 3311 §5.2).
    """
    if partner is not None and (partner.is_ready or partner.may_update_early):
        return partner
    if body.has_sdp:
        leg.reject_offer()
    is_deaf = partner is None or not (partner.allows_update and partner.has_early_session)
    is_before_answer = leg.is_early or (partner is not None and partner.is_early)
    leg.respond(event, 504 if is_before_answer and is_deaf else 491, out=out)
    return None


def _is_unchanged(leg: Leg, body: Body) -> bool:
    """Tell whether an offer is the session as it stands.

    That is a refresh of the session timer, and those belong to each leg alone.
    """
    return body.has_sdp and body == leg.received_body and leg.sent_body.has_sdp
