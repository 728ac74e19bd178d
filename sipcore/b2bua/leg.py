"""One leg of a call: a dialog, what is pending in it, its media session and its session timer.

A leg knows its own peer only. What it sends goes into the list of commands handed to it.
"""

from __future__ import annotations

from typing import Final

from sipcore.auth.client import DigestClient
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.body_privacy import conceal
from sipcore.b2bua.call_events import (
    CallCommand,
    Fields,
    SendAck,
    SendCancel,
    SendRequest,
    SendResponse,
)
from sipcore.b2bua.dialog_route import flow_along
from sipcore.b2bua.header_policy import ALLOW, SUPPORTED, contact
from sipcore.b2bua.pending import CREDENTIALS, Accepted, Kind, Pending, renew
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog import offer_answer
from sipcore.dialog.dialog import Dialog
from sipcore.dialog.offer_answer import Input, OfferAnswer
from sipcore.dialog.session_timer import SessionTimer
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import derive
from sipcore.message.message import Message, Request, Response
from sipcore.transaction.events import Owner, RequestReceived
from sipcore.transport.flow import Flow, Listener

CNONCE_BITS: Final = 64
_TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE"})
_PENDING_GRACE_S: Final = 1.0
"""The transaction layer's own timeout comes first; ours only holds if it never speaks."""


class Leg:
    """One leg; ``invite`` is the peer's INVITE that has no final response yet.

    ``unacknowledged`` is an INVITE of ours whose 2xx carried an offer: its ACK waits for the
    answer of the other leg. ``follows_over`` are the listeners over which requests follow the
    dialog's route; without any they stay on ``flow``. One that ``conceals`` tells its peer no
    names in bodies; the bodies it keeps are as the other leg sent them.
    """

    __slots__ = (
        "_call_id",
        "_contact",
        "_goodbye",
        "_identifiers",
        "_last_ack",
        "_next_owner",
        "_said_bye",
        "_session",
        "_settings",
        "accepted",
        "allows_update",
        "conceals",
        "credentials",
        "dialog",
        "flow",
        "follows_over",
        "invite",
        "is_early",
        "is_terminated",
        "number",
        "offer_answer",
        "pending",
        "received_body",
        "sent_body",
        "timer",
        "unacknowledged",
    )

    def __init__(
        self,
        call_id: str,
        number: int,
        flow: Flow,
        dialog: Dialog,
        *,
        identifiers: Identifiers,
        settings: CallSettings,
        timer: SessionTimer | None = None,
        credentials: DigestClient | None = None,
        media: offer_answer.State = offer_answer.State.STABLE,
        follows_over: tuple[Listener, ...] = (),
        conceals: bool = False,
    ) -> None:
        self._call_id = call_id
        self._identifiers = identifiers
        self._settings = settings
        self._contact = contact(call_id, flow)
        self._next_owner = 0
        self._said_bye = False
        self._goodbye: Fields | None = None
        self._session: Fields | None = None
        self.number = number
        self.flow = flow
        self.follows_over = follows_over
        self.conceals = conceals
        self.dialog = dialog
        self.credentials = credentials
        self.timer = timer or SessionTimer(
            interval_s=settings.session_expires_s, min_se_s=settings.min_se_s
        )
        self.offer_answer = OfferAnswer(media)
        self.allows_update = False
        self.is_early = False
        self.is_terminated = False
        self.invite: RequestReceived | None = None
        self.accepted: Accepted | None = None
        self.unacknowledged: Request | None = None
        self._last_ack: Request | None = None
        self.pending: dict[int, Pending] = {}
        self.received_body = NO_BODY
        self.sent_body = NO_BODY

    @property
    def is_over(self) -> bool:
        """Whether the dialog is ended or about to be, so that nothing new is asked of it."""
        return self.is_terminated or self._said_bye or self._goodbye is not None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be said or heard."""
        return self.is_terminated and not self.pending

    @property
    def has_sent_invite(self) -> bool:
        """Whether an INVITE of ours has no final response yet."""
        return any(pending.request.method == "INVITE" for pending in self.pending.values())

    @property
    def is_ready(self) -> bool:
        """Whether the session may be changed: no INVITE in progress (§14.1), no offer open."""
        return not (
            self.is_over
            or self.is_early
            or self.invite is not None
            or self.accepted is not None
            or self.unacknowledged is not None
            or self.has_sent_invite
            or not self.offer_answer.is_stable
        )

    def learn(self, message: Message) -> None:
        """Take what the peer says it allows."""
        if not message.has("allow"):
            return
        try:
            self.allows_update = "update" in message.tokens("allow")
        except RemoteError:
            self.allows_update = False

    # Requests of ours.

    def send(
        self,
        kind: Kind,
        method: str,
        *,
        now: float,
        out: list[CallCommand],
        body: Body = NO_BODY,
        fields: Fields = (),
        hops: int = DEFAULT_LIMITS.hops_max,
        origin: RequestReceived | None = None,
        limit_s: float | None = None,
    ) -> None:
        """Send a request within the dialog; an SDP body of INVITE or UPDATE is an offer."""
        request = self.dialog.request(method)
        request.add("max-forwards", str(hops))
        if method in _TARGET_REFRESH:
            for key, value in (*self._capabilities(), *self.timer.request_fields()):
                request.add(key, value)
            if body.has_sdp:
                self.offer_answer.step(Input.SEND_OFFER)
        told = self._told(body)
        for key, value in (*fields, *told.fields):
            request.add(key, value)
        request.body = told.content
        limit = self._settings.timers.timeout + _PENDING_GRACE_S if limit_s is None else limit_s
        pending = Pending(kind, request, body=body, origin=origin, deadline=now + limit)
        if self.credentials is not None:
            field = self.credentials.authorize(request, cnonce=self._identifiers.token(CNONCE_BITS))
            if field is not None:
                request.add(*field)
        self._dispatch(pending, out)

    def answer_challenge(
        self, pending: Pending, response: Response, *, out: list[CallCommand]
    ) -> bool:
        """Send a challenged request again with credentials; False when we have none for it."""
        if self.credentials is None or pending.resent >= self._settings.challenges_max:
            return False
        field = self.credentials.respond_to_challenge(
            response, pending.request, cnonce=self._identifiers.token(CNONCE_BITS)
        )
        if field is None:
            return False
        self.resend(pending, (field,), out=out)
        return True

    def resend(self, pending: Pending, fields: Fields, *, out: list[CallCommand]) -> None:
        """Send a refused request again under the next CSeq, with ``fields`` in place of its own."""
        self.dialog.local_sequence += 1
        pending.request = renew(pending.request, self.dialog.local_sequence, fields)
        pending.resent += 1
        self._dispatch(pending, out)

    def cancel(self, number: int, *, now: float, out: list[CallCommand]) -> None:
        """Cancel an INVITE of ours; 64·T1 later it counts as dead (§9.1)."""
        pending = self.pending[number]
        if not pending.is_cancelled:
            pending.is_cancelled = True
            pending.deadline = now + self._settings.timers.timeout + _PENDING_GRACE_S
            out.append(SendCancel(self._owner(number)))

    def acknowledge(self, invite: Request, *, out: list[CallCommand], body: Body = NO_BODY) -> None:
        """Send the ACK for a 2xx of the peer, and keep it for a repeat of that 2xx."""
        self.unacknowledged = None
        self._last_ack = self._ack(invite, body)
        self._send_ack(self._last_ack, out)

    def repeat_ack(self, invite: Request, *, out: list[CallCommand]) -> None:
        """Answer a repeated 2xx with the same ACK (§13.2.2.4).

        A 2xx to an INVITE that was given up gets an ACK as well, one whose answer is still to
        come gets none yet.
        """
        number = invite.cseq.number
        if self._last_ack is not None and self._last_ack.cseq.number == number:
            self._send_ack(self._last_ack, out)
        elif self.unacknowledged is None or self.unacknowledged.cseq.number != number:
            self._send_ack(self._ack(invite, NO_BODY), out)

    # Requests of the peer.

    def respond(
        self,
        event: RequestReceived,
        status: int,
        *,
        out: list[CallCommand],
        reason: str | None = None,
        fields: Fields = (),
        body: Body = NO_BODY,
    ) -> None:
        """Answer any request of the peer but the 2xx to an INVITE."""
        told = self._told(body)
        response = derive.respond(
            event.request,
            status,
            reason,
            to_tag=self.dialog.local_tag,
            fields=[*fields, *told.fields],
            body=told.content,
        )
        out.append(SendResponse(event.transaction, response))

    def respond_to_update(
        self, event: RequestReceived, *, now: float, out: list[CallCommand], body: Body = NO_BODY
    ) -> None:
        """Grant an UPDATE (RFC 3311 §5.2); it refreshes target and session timer.

        In an early dialog there is no session yet that could expire.
        """
        self.dialog.refresh_target(event.request)
        session = [] if self.is_early else self.timer.answer(event.request, now=now)
        fields = (*self._capabilities(), *session)
        if body.has_sdp:
            self.offer_answer.step(Input.SEND_ANSWER)
            self.sent_body = body
        else:
            self.reject_offer()
        self.respond(event, 200, out=out, fields=fields, body=body)

    def respond_early(self, status: int, body: Body, *, out: list[CallCommand]) -> None:
        """Send a 18x to the INVITE that made this leg; it makes an early dialog (§12.1.1)."""
        if self.invite is None:
            return
        fields = (*_record_route(self.invite.request), *self._capabilities())
        self.respond(self.invite, status, out=out, fields=fields, body=body)

    def agree_session(self, *, now: float) -> None:
        """Start the session timer of the peer's INVITE; its terms go into the coming 200.

        Apart from ``accept``, since the record of an answer is written before its 200 is sent.
        """
        if self.invite is not None:
            self._session = tuple(self.timer.answer(self.invite.request, now=now))

    def accept(self, body: Body, *, now: float, out: list[CallCommand]) -> None:
        """Answer the peer's INVITE with a 200 that is repeated until its ACK."""
        event = self.invite
        if event is None:
            return
        request = event.request
        self.invite = None
        if self.is_early:
            self.is_early = False
            record_route = _record_route(request)
        else:
            self.dialog.refresh_target(request)
            record_route = ()
        self.learn(request)
        session = self._session
        if session is None:
            session = tuple(self.timer.answer(request, now=now))
        self._session = None
        if body.has_sdp:
            is_answer = not self.offer_answer.is_stable
            self.offer_answer.step(Input.SEND_ANSWER if is_answer else Input.SEND_OFFER)
            self.sent_body = body
        else:
            self.reject_offer()
        told = self._told(body)
        response = derive.respond(
            request,
            200,
            to_tag=self.dialog.local_tag,
            fields=[
                *record_route,
                *self._capabilities(),
                *session,
                *told.fields,
            ],
            body=told.content,
        )
        self.accepted = Accepted(event.transaction, response, t1=self._settings.timers.t1, now=now)
        out.append(SendResponse(event.transaction, response))

    def reject(
        self,
        status: int,
        *,
        out: list[CallCommand],
        reason: str | None = None,
        fields: Fields = (),
    ) -> None:
        """Answer the peer's INVITE with a failure; the first one ends the leg with it."""
        event = self.invite
        if event is None:
            return
        self.invite = None
        self.reject_offer()
        if self.is_early:
            self.is_early = False
            self.is_terminated = True
        self.respond(event, status, out=out, reason=reason, fields=fields)

    def reject_offer(self) -> None:
        """Leave the peer's open offer, if there is one, without an answer."""
        if self.offer_answer.state is offer_answer.State.OFFER_RECEIVED:
            self.offer_answer.step(Input.SEND_REJECTION)

    def receive_ack(self, request: Request, *, now: float, out: list[CallCommand]) -> bool:
        """Take an ACK; True when it is the first for our 2xx. A BYE that waited for it goes out."""
        accepted = self.accepted
        if accepted is None or accepted.sequence != request.cseq.number:
            return False
        self.accepted = None
        if self._goodbye is not None:
            self._say_bye(now=now, out=out)
        return True

    # The end.

    def hang_up(
        self, *, now: float, out: list[CallCommand], fields: Fields = (), status: int = 480
    ) -> None:
        """End the leg: a failure to a first INVITE not yet answered, else BYE.

        A BYE to a caller waits for the ACK of our 2xx (§15); an INVITE in progress gets 487.
        """
        if self.is_over:
            return
        if self.is_early:
            self.reject(status, out=out, fields=fields)
            return
        self._close(now=now, out=out)
        self._goodbye = fields
        if self.accepted is None:
            self._say_bye(now=now, out=out)

    def receive_bye(self, event: RequestReceived, *, now: float, out: list[CallCommand]) -> None:
        """Answer a BYE at once; an INVITE in progress gets 487 (§15.1.2)."""
        self.respond(event, 200, out=out)
        self._close(now=now, out=out)
        self.terminate()

    def terminate(self) -> None:
        """Take the dialog for ended, since the peer says so or is gone."""
        self.is_terminated = True
        self.is_early = False
        self.accepted = None
        self._goodbye = None
        self.pending = {
            number: pending
            for number, pending in self.pending.items()
            if pending.kind is Kind.BYE or pending.request.method == "INVITE"
        }

    # Time.

    def next_deadline(self) -> float | None:
        """Return when ``fire`` or a pending request of this leg has something to do."""
        deadlines = [pending.deadline for pending in self.pending.values()]
        if self.accepted is not None:
            deadlines.append(min(self.accepted.repeat_at, self.accepted.until))
        if not self.is_over and (session := self.timer.next_deadline()) is not None:
            deadlines.append(session)
        return min(deadlines, default=None)

    def repeat_accepted(self, *, now: float, out: list[CallCommand]) -> bool:
        """Repeat our 2xx when that is due; False when its ACK never came (§13.3.1.4)."""
        accepted = self.accepted
        if accepted is None:
            return True
        if accepted.until <= now:
            self.accepted = None
            if self._goodbye is not None:
                self._say_bye(now=now, out=out)
            return False
        if accepted.repeat_at <= now:
            accepted.interval = min(2 * accepted.interval, self._settings.timers.t2)
            accepted.repeat_at = now + accepted.interval
            out.append(SendResponse(accepted.transaction, accepted.response))
        return True

    def _close(self, *, now: float, out: list[CallCommand]) -> None:
        """Bring what is in progress to an end: INVITEs of both sides, an ACK that is owed."""
        self.reject(487, out=out)
        if self.unacknowledged is not None:
            # No answer will come, yet every 2xx has its ACK (§13.2.2.4).
            self.acknowledge(self.unacknowledged, out=out)
        for number, pending in self.pending.items():
            if pending.request.method == "INVITE":
                self.cancel(number, now=now, out=out)

    def _say_bye(self, *, now: float, out: list[CallCommand]) -> None:
        fields = self._goodbye or ()
        self._goodbye = None
        self._said_bye = True
        self.send(Kind.BYE, "BYE", now=now, out=out, fields=fields)

    def _capabilities(self) -> Fields:
        return (("contact", self._contact), ("allow", ALLOW), ("supported", SUPPORTED))

    def _dispatch(self, pending: Pending, out: list[CallCommand]) -> None:
        self._next_owner += 1
        self.pending[self._next_owner] = pending
        out.append(SendRequest(pending.request, self._way(), self._owner(self._next_owner)))

    def _way(self) -> Flow:
        if not self.follows_over:
            return self.flow
        return flow_along(self.dialog, self.flow, self.follows_over)

    def _ack(self, invite: Request, body: Body) -> Request:
        """Build an ACK, which carries the credentials of its INVITE (§13.2.2.4)."""
        ack = self.dialog.ack(invite.cseq.number)
        ack.add("max-forwards", str(DEFAULT_LIMITS.hops_max))
        for key, value in invite.fields:
            if key in CREDENTIALS:
                ack.add(key, value)
        told = self._told(body)
        for key, value in told.fields:
            ack.add(key, value)
        ack.body = told.content
        return ack

    def _told(self, body: Body) -> Body:
        if not self.conceals:
            return body
        return conceal(body) or NO_BODY

    def _send_ack(self, ack: Request, out: list[CallCommand]) -> None:
        """Send a copy, since each one gets a Via of its own."""
        copy = Request("ACK", ack.uri_text, ack.fields, ack.body)
        out.append(SendAck(copy, self._way()))

    def _owner(self, number: int) -> Owner:
        return (self._call_id, self.number, number)


def _record_route(request: Request) -> Fields:
    return tuple(("record-route", value) for value in request.values("record-route"))
