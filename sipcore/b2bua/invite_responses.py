"""What the responses to an INVITE of ours say about the session (RFC 3261 §13.2, RFC 3262 §4)."""

from __future__ import annotations

from sipcore.b2bua.body import NO_BODY, Body, read_body
from sipcore.b2bua.call_events import CallCommand
from sipcore.b2bua.leg import Leg
from sipcore.dialog.offer_answer import Input, State
from sipcore.dialog.reliable import Verdict
from sipcore.message.message import Request
from sipcore.message.rack import RAck
from sipcore.transaction.events import ResponseReceived


def take_reliable(leg: Leg, event: ResponseReceived, number: int, *, bytes_max: int) -> Body | None:
    """Take a reliable provisional response; returns the session description that it brings.

    None for one that is repeated or out of order, and so is neither acknowledged nor acted on.
    Its PRACK is ``unpracked`` from here on.
    """
    if leg.received_reliable.take(number) is not Verdict.NEXT:
        return None
    leg.learn(event.response)
    leg.dialog.refresh_target(event.response)
    leg.unpracked = RAck(number, event.request.cseq.number, event.request.method)
    body = read_body(event.response, bytes_max=bytes_max) or NO_BODY
    # Only the first description is an answer, or an offer; one that follows is no new one.
    if not body.has_sdp or leg.received_body.has_sdp:
        return NO_BODY
    is_answer = leg.offer_answer.state is State.OFFER_SENT
    leg.offer_answer.step(Input.RECEIVE_ANSWER if is_answer else Input.RECEIVE_OFFER)
    leg.received_body = body
    return body


def take_success(
    leg: Leg, invite: Request, body: Body, *, offered: Body, out: list[CallCommand]
) -> Body:
    """Take the 2xx and send its ACK, unless that has to bring an answer; returns what was agreed.

    What an early dialog agreed on reliably stands: a description in the 2xx repeats it at best
    (§13.2.1).
    """
    if leg.received_body.has_sdp:
        is_answer_owed = leg.unpracked is not None and not leg.offer_answer.is_stable
        leg.unpracked = None
        if is_answer_owed:
            leg.unacknowledged = invite
        else:
            leg.acknowledge(invite, out=out)
        return leg.received_body
    leg.unpracked = None
    leg.sent_body = offered
    leg.received_body = body
    if body.has_sdp and not offered.has_sdp:
        leg.offer_answer.step(Input.RECEIVE_OFFER)
        leg.unacknowledged = invite
        return body
    if offered.has_sdp:
        leg.offer_answer.step(Input.RECEIVE_ANSWER if body.has_sdp else Input.RECEIVE_REJECTION)
    leg.acknowledge(invite, out=out)
    return body
