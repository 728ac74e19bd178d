"""An INVITE or UPDATE of ours within a dialog: what its 2xx agrees on, and session refreshes."""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import NO_BODY, Body, read_body
from sipcore.b2bua.call_events import CallCommand
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind, Pending
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.offer_answer import Input, State
from sipcore.message.message import Response

GONE: Final = frozenset({408, 481})
"""The dialog is dead on the other end, or its user agent is (RFC 3261 §12.2.1.2)."""

_REFRESH_RETRIES: Final = 4
"""A refused refresh is tried so many times more before the session expires."""


def agree(
    leg: Leg,
    pending: Pending,
    response: Response,
    *,
    settings: CallSettings,
    now: float,
    out: list[CallCommand],
) -> Body:
    """Take the 2xx to an INVITE, UPDATE or PRACK of ours and send its ACK; returns its body.

    An offer in it, for which somebody waits on the other leg, holds the ACK back until the
    answer is there.
    """
    if pending.request.method != "PRACK":
        leg.dialog.refresh_target(response)
        leg.learn(response)
        if not leg.is_early:
            leg.timer.accept(response, now=now)
    body = read_body(response, bytes_max=settings.body_bytes_max) or NO_BODY
    had_offer = pending.has_offer and leg.offer_answer.state is State.OFFER_SENT
    if had_offer:
        leg.offer_answer.step(Input.RECEIVE_ANSWER if body.has_sdp else Input.RECEIVE_REJECTION)
        leg.sent_body = pending.body
    if body.has_sdp:
        leg.received_body = body
    if pending.request.method == "INVITE":
        is_awaited = pending.origin is not None or pending.kind is Kind.JOIN
        if body.has_sdp and not had_offer and is_awaited:
            leg.offer_answer.step(Input.RECEIVE_OFFER)
            leg.unacknowledged = pending.request
        else:
            leg.acknowledge(pending.request, out=out)
    return body


def refresh(
    leg: Leg, *, settings: CallSettings, retry_s: float, now: float, out: list[CallCommand]
) -> None:
    """Refresh the session: UPDATE without an offer, else re-INVITE with the last (RFC 4028 §7.4).

    A re-INVITE that would cross another INVITE is sent ``retry_s`` later.
    """
    if leg.allows_update or not leg.sent_body.has_sdp:
        leg.send(Kind.REFRESH, "UPDATE", now=now, out=out)
    elif leg.is_ready:
        leg.send(
            Kind.REFRESH,
            "INVITE",
            now=now,
            out=out,
            body=leg.sent_body,
            limit_s=settings.reinvite_timeout_s,
        )
    else:
        leg.timer.refresh_failed(retry_at=now + retry_s, now=now)


def conclude_refresh(
    leg: Leg, pending: Pending, status: int, *, retry_s: float, now: float
) -> bool:
    """Take the end of a refresh, ``retry_s`` being the delay after a 491; False for a dead peer."""
    if status in GONE:
        return False
    if status < 300:
        return True
    retry_at = now + leg.timer.interval_s / 2 / _REFRESH_RETRIES
    if pending.request.method == "UPDATE" and status in (405, 501):
        leg.allows_update = False
        if leg.sent_body.has_sdp:
            retry_at = now
    elif status == 491:
        retry_at = now + retry_s
    leg.timer.refresh_failed(retry_at=retry_at, now=now)
    return True
