"""One leg of a call: a dialog, what is pending in it, its media session and its session timer.

A leg knows its own peer only. What it sends goes into the list of commands handed to it.
"""

from __future__ import annotations

from sipcore.auth.client import DigestClient
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.call_events import CallCommand, Fields, SendResponse
from sipcore.b2bua.leg_client import LegClient
from sipcore.b2bua.pending import Accepted, Kind
from sipcore.b2bua.provisionals import Provisionals
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog import offer_answer
from sipcore.dialog.dialog import Dialog
from sipcore.dialog.offer_answer import Input
from sipcore.dialog.session_timer import SessionTimer
from sipcore.errors import LocalError
from sipcore.identifiers import Identifiers
from sipcore.message import derive
from sipcore.message.message import Request
from sipcore.message.rack import OPTION_TAG
from sipcore.transaction.events import RequestReceived
from sipcore.transport.flow import Flow, Listener


class Leg(LegClient):
    """One leg; ``invite`` is the peer's INVITE that has no final response yet."""

    __slots__ = (
        "_goodbye",
        "_provisionals",
        "_said_bye",
        "_session",
        "accepted",
        "invite",
        "is_terminated",
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
        super().__init__(
            call_id,
            number,
            flow,
            dialog,
            identifiers=identifiers,
            settings=settings,
            timer=timer,
            credentials=credentials,
            media=media,
            follows_over=follows_over,
            conceals=conceals,
        )
        self._said_bye = False
        self._goodbye: Fields | None = None
        self._session: Fields | None = None
        self.is_terminated = False
        self.invite: RequestReceived | None = None
        self.accepted: Accepted | None = None
        self._provisionals: Provisionals | None = None

    @property
    def is_over(self) -> bool:
        """Whether the dialog is ended or about to be, so that nothing new is asked of it."""
        return self.is_terminated or self._said_bye or self._goodbye is not None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be said or heard."""
        return self.is_terminated and not self.pending

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

    @property
    def may_update_early(self) -> bool:
        """Whether an UPDATE may offer before the answer: one exchange is done (RFC 3311 §5.1)."""
        return (
            self.is_early
            and not self.is_over
            and self.allows_update
            and self.offer_answer.is_stable
            and self.has_early_session
        )

    @property
    def has_early_session(self) -> bool:
        """Whether both descriptions were told in an early dialog, as only reliable 18x can."""
        return self.is_early and self.sent_body.has_sdp and self.received_body.has_sdp

    @property
    def awaits_prack(self) -> bool:
        """Whether a 2xx of ours waits for the PRACK of a session description (RFC 3262 §3)."""
        return self._provisionals is not None and self._provisionals.is_session_open

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
        out.append(self._response(event, status, reason=reason, fields=fields, body=body))

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

    def respond_early(
        self,
        status: int,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
        is_reliable: bool = False,
    ) -> None:
        """Send a 18x to the INVITE that made this leg; it makes an early dialog (§12.1.1).

        SDP in a reliable one is the answer, or else our offer; later ones carry none.
        """
        invite = self.invite
        if invite is None:
            return
        fields = (*_record_route(invite.request), *self._capabilities())
        if not is_reliable:
            self.respond(invite, status, out=out, fields=fields, body=body)
            return
        if self._provisionals is None:
            self._provisionals = Provisionals(
                invite.request, identifiers=self._identifiers, t1=self._settings.timers.t1
            )
        provisionals = self._provisionals
        if provisionals.must_wait(status, body):
            return
        body = self._describe(body)
        number = provisionals.number(now=now)
        reliable = (("require", OPTION_TAG), ("rseq", str(number)))
        response = self._response(invite, status, fields=(*fields, *reliable), body=body)
        provisionals.sent(response, has_sdp=body.has_sdp)
        out.append(response)

    def receive_prack(self, event: RequestReceived, *, now: float) -> bool:
        """Take a PRACK; False when it acknowledges nothing (481). RemoteError for no RAck."""
        provisionals = self._provisionals
        return provisionals is not None and provisionals.acknowledge(event.request, now=now)

    def respond_next(self, *, now: float, out: list[CallCommand]) -> None:
        """Send the 18x that waited for the PRACK of another."""
        waiting = None if self._provisionals is None else self._provisionals.take_waiting()
        if waiting is not None:
            self.respond_early(*waiting, now=now, out=out, is_reliable=True)

    def forget_waiting(self) -> None:
        """Drop the 18x that wait for the PRACK of another: the answer is there."""
        if self._provisionals is not None:
            self._provisionals.forget_waiting()

    def repeat_provisional(self, *, now: float, out: list[CallCommand]) -> bool:
        """Repeat a reliable 18x when that is due; False when its PRACK never came."""
        return self._provisionals is None or self._provisionals.repeat(now=now, out=out)

    def respond_to_prack(
        self, event: RequestReceived, *, out: list[CallCommand], body: Body = NO_BODY
    ) -> None:
        """Grant a PRACK; ``body`` answers the offer that it brought."""
        if body.has_sdp:
            self.offer_answer.step(Input.SEND_ANSWER)
            self.sent_body = body
        else:
            self.reject_offer()
        self.respond(event, 200, out=out, body=body)

    def branch(self, number: int) -> Leg:
        """Return a further early dialog of the same INVITE, as a proxy that forks would show it."""
        if self.invite is None:
            raise LocalError("an INVITE that is answered makes no more early dialogs")
        request = self.invite.request
        leg = Leg(
            self._call_id,
            number,
            self.flow,
            Dialog.from_request(request, local_tag=self._identifiers.tag()),
            identifiers=self._identifiers,
            settings=self._settings,
            follows_over=self.follows_over,
            conceals=self.conceals,
        )
        leg.open_early(self.invite, Body.of(request, bytes_max=self._settings.body_bytes_max))
        leg.party = self.party
        return leg

    def open_early(self, invite: RequestReceived, body: Body) -> None:
        """Begin as the early dialog of the peer's INVITE."""
        self.is_early = True
        self.invite = invite
        self.received_body = body
        self.learn(invite.request)
        if body.has_sdp:
            self.offer_answer.step(Input.RECEIVE_OFFER)

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
        was_told = self.has_early_session
        if self.is_early:
            self.is_early = False
            if self._provisionals is not None:
                self._provisionals.close(now=now)
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
        elif not was_told:
            self.reject_offer()
        fields = (*record_route, *self._capabilities(), *session)
        told = self._response(event, 200, fields=fields, body=body)
        self.accepted = Accepted(
            event.transaction, told.response, t1=self._settings.timers.t1, now=now
        )
        out.append(told)

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
            self.end_early()
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

    def is_given_up_by(self, event: RequestReceived) -> bool:
        """Tell whether a caller ends its early dialog; it may by BYE as well as by CANCEL (§15)."""
        return event.request.method == "BYE" and self.dialog.is_in_order(event.request)

    def receive_bye(self, event: RequestReceived, *, now: float, out: list[CallCommand]) -> None:
        """Answer a BYE at once; an INVITE in progress gets 487 (§15.1.2)."""
        self.respond(event, 200, out=out)
        self._close(now=now, out=out)
        self.terminate()

    def end_early(self) -> None:
        """End an early dialog without a word: a final response ends it, or another's 2xx."""
        self.is_early = False
        self.is_terminated = True
        self.invite = None
        self.unpracked = None
        self._provisionals = None

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
        if self._provisionals is not None:
            provisional = self._provisionals.next_deadline()
            deadlines += [] if provisional is None else [provisional]
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

    def _describe(self, body: Body) -> Body:
        """Take the session description of a reliable 18x; none once there is a session."""
        if not body.has_sdp or self.sent_body.has_sdp:
            return NO_BODY
        is_answer = self.offer_answer.state is offer_answer.State.OFFER_RECEIVED
        self.offer_answer.step(Input.SEND_RELIABLE_ANSWER if is_answer else Input.SEND_OFFER)
        self.sent_body = body
        return body

    def _response(
        self,
        event: RequestReceived,
        status: int,
        *,
        reason: str | None = None,
        fields: Fields = (),
        body: Body = NO_BODY,
    ) -> SendResponse:
        told = self._told(body)
        response = derive.respond(
            event.request,
            status,
            reason,
            to_tag=self.dialog.local_tag,
            fields=[*fields, *told.fields],
            body=told.content,
        )
        return SendResponse(event.transaction, response)

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


def _record_route(request: Request) -> Fields:
    return tuple(("record-route", value) for value in request.values("record-route"))
