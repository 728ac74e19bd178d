"""The client half of a leg: what we ask of its peer within the dialog, and what is pending of it.

What is sent goes into the list of commands handed in.
"""

from __future__ import annotations

from typing import Final

from sipcore.auth.client import DigestClient
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.body_privacy import conceal
from sipcore.b2bua.call_events import CallCommand, Fields, SendAck, SendCancel, SendRequest
from sipcore.b2bua.dialog_route import flow_along
from sipcore.b2bua.header_policy import ALLOW, SUPPORTED, SUPPORTED_LATER, contact
from sipcore.b2bua.pending import CREDENTIALS, Kind, Pending, renew
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog import offer_answer
from sipcore.dialog.dialog import Dialog
from sipcore.dialog.offer_answer import Input, OfferAnswer
from sipcore.dialog.reliable import ReliableClient
from sipcore.dialog.session_timer import SessionTimer
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.message import Message, Request, Response
from sipcore.message.rack import RAck
from sipcore.transaction.events import Owner, RequestReceived
from sipcore.transport.flow import Flow, Listener

CNONCE_BITS: Final = 64
_TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE"})
_PENDING_GRACE_S: Final = 1.0
"""The transaction layer's own timeout comes first; ours only holds if it never speaks."""


class LegClient:
    """The dialog of one leg with the requests of ours in it.

    ``unacknowledged`` is an INVITE of ours whose 2xx carried an offer: its ACK waits for the
    answer of the other leg. ``unpracked`` is a reliable provisional response whose PRACK waits for
    the other leg's, since it may bring an answer or a new offer. ``follows_over`` are the listeners
    over which requests follow the dialog's route; without any they stay on ``flow``. One that
    ``conceals`` tells its peer no names in bodies; the bodies it keeps are as the other leg sent
    them.

    ``party`` says who is there in words that only call control reads, ``target`` is the name of
    the target that won, and ``calls`` are the ids of those calls that end when this leg leaves a
    conversation that goes on: none before the first transfer.
    """

    __slots__ = (
        "_call_id",
        "_contact",
        "_identifiers",
        "_last_ack",
        "_next_owner",
        "_settings",
        "allows_update",
        "calls",
        "conceals",
        "credentials",
        "dialog",
        "flow",
        "follows_over",
        "is_early",
        "number",
        "offer_answer",
        "party",
        "pending",
        "received_body",
        "received_reliable",
        "sent_body",
        "target",
        "timer",
        "unacknowledged",
        "unpracked",
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
        self._contact = contact(call_id, flow, dialog.remote_target)
        self._next_owner = 0
        self._last_ack: Request | None = None
        self.number = number
        self.party = ""
        self.target = ""
        self.calls: tuple[str, ...] = ()
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
        self.unacknowledged: Request | None = None
        self.unpracked: RAck | None = None
        self.received_reliable = ReliableClient()
        self.pending: dict[int, Pending] = {}
        self.received_body = NO_BODY
        self.sent_body = NO_BODY

    @property
    def contact_field(self) -> tuple[str, str]:
        """Our Contact in this dialog."""
        return ("contact", self._contact)

    @property
    def is_crowded(self) -> bool:
        """Whether so many requests of ours are open that the peer is asked nothing more."""
        return len(self.pending) >= self._settings.relayed_max

    @property
    def has_sent_invite(self) -> bool:
        """Whether an INVITE of ours has no final response yet."""
        return any(pending.request.method == "INVITE" for pending in self.pending.values())

    def move_to(self, call_id: str, number: int) -> None:
        """Belong to another call from here on; nothing may be pending.

        The Contact stays, since it is what the peer knows of the dialog.
        """
        self._call_id = call_id
        self.number = number

    def learn(self, message: Message) -> None:
        """Take what the peer says it allows."""
        if not message.has("allow"):
            return
        try:
            self.allows_update = "update" in message.tokens("allow")
        except RemoteError:
            self.allows_update = False

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
            # In an early dialog there is no session yet that could expire.
            session = () if self.is_early else self.timer.request_fields()
            for key, value in (*self._capabilities(SUPPORTED_LATER), *session):
                request.add(key, value)
            if body.has_sdp:
                self.offer_answer.step(Input.SEND_OFFER)
        # What we say ourselves is nobody's secret; whatever else has a body has the other leg's.
        told = body if kind is Kind.NOTIFY else self._told(body)
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

    def send_prack(
        self,
        *,
        now: float,
        out: list[CallCommand],
        body: Body = NO_BODY,
        hops: int = DEFAULT_LIMITS.hops_max,
        origin: RequestReceived | None = None,
    ) -> None:
        """Acknowledge the reliable provisional response that waits for it (RFC 3262 §4).

        SDP is the answer to its offer, or else a new offer, whose answer ``origin`` waits for.
        """
        rack, self.unpracked = self.unpracked, None
        if rack is None:
            return
        if body.has_sdp and self.offer_answer.state is offer_answer.State.OFFER_RECEIVED:
            self.offer_answer.step(Input.SEND_ANSWER)
            self.sent_body = body
        elif body.has_sdp:
            self.offer_answer.step(Input.SEND_OFFER)
        self.send(
            Kind.ACKNOWLEDGEMENT if origin is None else Kind.RELAY,
            "PRACK",
            now=now,
            out=out,
            body=body,
            fields=(("rack", str(rack)),),
            hops=hops,
            origin=origin,
        )

    def cancel(
        self, number: int, *, now: float, out: list[CallCommand], fields: Fields = ()
    ) -> None:
        """Cancel an INVITE of ours; 64·T1 later it counts as dead (§9.1)."""
        pending = self.pending[number]
        if not pending.is_cancelled:
            pending.is_cancelled = True
            pending.deadline = now + self._settings.timers.timeout + _PENDING_GRACE_S
            out.append(SendCancel(self._owner(number), fields))

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

    def _capabilities(self, supported: str = SUPPORTED) -> Fields:
        return (("contact", self._contact), ("allow", ALLOW), ("supported", supported))

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
