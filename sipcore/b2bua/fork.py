"""Ringing the targets of a call: parallel INVITEs of one group, the first 2xx wins.

Every attempt has its own Call-ID, From tag and CSeq, so that no target can tell that there are
others. An attempt is over for the caller when it failed, and over for us when its transaction is.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.attempt import Attempt
from sipcore.b2bua.best_response import choose_best_response
from sipcore.b2bua.body import NO_BODY, Body, read_body
from sipcore.b2bua.call_events import (
    CallCommand,
    Exhausted,
    Failure,
    Fields,
    PassedOver,
    Progressed,
    Rang,
    SendCancel,
    SendRequest,
    Target,
)
from sipcore.b2bua.fork_outcome import Early, Stray, Winner
from sipcore.b2bua.header_policy import (
    ALLOW,
    METHODS,
    SUPPORTED,
    contact,
)
from sipcore.b2bua.invitation import Invitation
from sipcore.b2bua.invite_responses import take_reliable, take_success
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.leg_client import CNONCE_BITS
from sipcore.b2bua.pending import renew, respond_outside
from sipcore.b2bua.response_mapping import NO_RESPONSE, status_for_caller
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.dialog.offer_answer import State
from sipcore.dialog.session_timer import SessionTimer
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request, Response
from sipcore.message.rack import reliable_number, supports_reliable
from sipcore.transaction.events import RequestReceived, ResponseReceived, TransactionFailed

_FLOW_FAILURES: Final = frozenset({430, 503})
"""What speaks of the way and not of who is at its end; as does silence, or a failed transport."""

COMPLETED_ELSEWHERE: Final = (("reason", 'SIP;cause=200;text="Call completed elsewhere"'),)


class Fork:
    """All attempts of one call; ``is_closed`` when none of them may win any more."""

    __slots__ = (
        "_attempts",
        "_body",
        "_call_id",
        "_group",
        "_identifiers",
        "_invitation",
        "_next_number",
        "_settings",
        "is_closed",
    )

    def __init__(
        self,
        call_id: str,
        invite: Request,
        body: Body,
        *,
        identifiers: Identifiers,
        settings: CallSettings,
    ) -> None:
        self._call_id = call_id
        self._body = body
        self._invitation = Invitation(
            call_id,
            invite,
            body,
            # Without it and without an offer the caller could not answer one before the 2xx.
            is_reliable=body.has_sdp or supports_reliable(invite),
            identifiers=identifiers,
        )
        self._identifiers = identifiers
        self._settings = settings
        self._attempts: dict[int, Attempt] = {}
        self._group: list[Attempt] = []
        self._next_number = 0
        self.is_closed = False

    @property
    def is_ringing(self) -> bool:
        """Whether a target of the last group may still answer."""
        return bool(self._group)

    @property
    def is_done(self) -> bool:
        """Whether every INVITE has come to its end."""
        return not any(attempt.is_open for attempt in self._attempts.values())

    def early_dialogs(self) -> set[DialogId]:
        """Return the dialogs of targets that have not answered."""
        dialogs: set[DialogId] = set()
        for attempt in self._attempts.values():
            if attempt.is_open:
                dialogs |= attempt.early_dialogs
        return dialogs

    def attempt_of(self, number: int) -> Attempt | None:
        """Return the attempt with this leg number."""
        return self._attempts.get(number)

    def attempt_in(self, dialog_id: DialogId) -> Attempt | None:
        """Return the open attempt that made this early dialog."""
        for attempt in self._attempts.values():
            if attempt.is_open and dialog_id in attempt.early_dialogs:
                return attempt
        return None

    def dial(self, targets: tuple[Target, ...], *, now: float, out: list[CallCommand]) -> None:
        """Ring one more group; one that is empty or may not get the offer is exhausted at once."""
        if not all(self._invitation.may_be_told(target) for target in targets):
            out.append(Exhausted(415, None, tuple((target, 415, False) for target in targets)))
            return
        self._group += [self._invite(target, now=now, out=out) for target in targets]
        if not targets:
            out.append(Exhausted(480, None, ()))

    def close(self, fields: Fields, *, now: float, out: list[CallCommand]) -> None:
        """Cancel whoever still rings; nobody can win any more."""
        self.is_closed = True
        self._group = []
        for attempt in self._attempts.values():
            self._cancel(attempt, fields, now=now, out=out)
            attempt.end_early()

    def receive_response(
        self, event: ResponseReceived, attempt: Attempt, *, now: float, out: list[CallCommand]
    ) -> Early | Winner | Stray | int | None:
        """Take a response to an INVITE; the number of a leg says that its 2xx was repeated."""
        response = event.response
        if response.is_provisional:
            return self._receive_provisional(attempt, event, now=now, out=out)
        if response.is_success:
            return self._receive_success(attempt, event, now=now, out=out)
        if event.owner != attempt.owner(self._call_id):
            return None
        if not attempt.is_cancelled and self._send_again(attempt, response, out=out):
            return None
        attempt.is_open = False
        self._fail(attempt, response.status, response=response, now=now, out=out)
        return None

    def receive_failure(
        self, event: TransactionFailed, attempt: Attempt, *, now: float, out: list[CallCommand]
    ) -> None:
        """Learn that an INVITE got no final response (§8.1.3.1)."""
        if event.owner != attempt.owner(self._call_id):
            return
        attempt.is_open = False
        status = 503 if event.is_transport_failure else None
        self._fail(
            attempt, status, is_transport_failure=event.is_transport_failure, now=now, out=out
        )

    def receive_request(
        self, event: RequestReceived, attempt: Attempt, *, now: float, out: list[CallCommand]
    ) -> None:
        """Answer a target within its early dialog.

        A BYE is not its to send (§15), yet it says that nobody will answer there. What changes
        the session has to wait: our offer is open, and the caller hears no single target.
        """
        method = event.request.method
        fields: Fields = (("allow", ALLOW),)
        status = 405
        if method == "BYE":
            status = 200
        elif method == "OPTIONS" or (method == "UPDATE" and not event.request.body):
            status = 200
            target = attempt.target
            ours = contact(self._call_id, target.flow, target.request_uri)
            fields = (("contact", ours), ("supported", SUPPORTED), *fields)
        elif method in METHODS:
            status = 491
        out.append(respond_outside(event, status, fields=fields))
        if method == "BYE":
            self._cancel(attempt, (), now=now, out=out)
            self._fail(attempt, 480, now=now, out=out)

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        deadlines = [
            attempt.deadline
            for attempt in self._attempts.values()
            if attempt.is_open and attempt.deadline is not None
        ]
        return min(deadlines, default=None)

    def fire(self, *, now: float, out: list[CallCommand]) -> None:
        """Cancel who rang too long, and forget who does not even answer a CANCEL (§9.1)."""
        for attempt in list(self._attempts.values()):
            if not attempt.is_open or attempt.deadline is None or attempt.deadline > now:
                continue
            if attempt.is_cancelled:
                attempt.is_open = False
                continue
            was_heard = attempt.has_rung or attempt.has_progressed
            self._fail(attempt, 480 if was_heard else None, now=now, out=out)
            self._cancel(attempt, (), now=now, out=out)

    def _fail(
        self,
        attempt: Attempt,
        status: int | None,
        *,
        now: float,
        out: list[CallCommand],
        response: Response | None = None,
        is_transport_failure: bool = False,
    ) -> None:
        """Take an attempt out of the race; the last of its group, or a 6xx, exhausts the group."""
        if attempt.failure is not None or attempt not in self._group:
            return
        attempt.failure = (attempt.target, status, is_transport_failure)
        attempt.end_early()
        attempt.response = response
        if self._has_passed_over(attempt, status, now=now, out=out):
            return
        is_final = status is not None and status >= 600
        if is_final:
            for other in self._group:
                self._cancel(other, (), now=now, out=out)
                if other.failure is None:
                    other.failure = (other.target, None, False)
        if all(other.failure is not None for other in self._group):
            self._exhaust(out)

    def _invite(self, target: Target, *, now: float, out: list[CallCommand]) -> Attempt:
        attempt = Attempt(
            self._number(),
            target,
            call_id=self._identifiers.call_id(),
            local_tag=self._identifiers.tag(),
            timer=SessionTimer(
                interval_s=target.session_expires_s or self._settings.session_expires_s,
                min_se_s=self._settings.min_se_s,
            ),
        )
        attempt.wait(silence_s=self._settings.silence_s, now=now)
        self._attempts[attempt.number] = attempt
        attempt.sequence = 1
        attempt.request = self._invitation.write(attempt)
        out.append(SendRequest(attempt.request, target.flow, attempt.owner(self._call_id)))
        return attempt

    def _has_passed_over(
        self, attempt: Attempt, status: int | None, *, now: float, out: list[CallCommand]
    ) -> bool:
        """Take the next way to the same target (RFC 3263 §4.3; RFC 5626 §5.3 for 430).

        Not once it rang: then it was reached, and would ring twice.
        """
        fallback = attempt.target.fallback
        if fallback is None or attempt.is_cancelled or attempt.early_dialogs:
            return False
        if status is None and not attempt.is_silent:
            return False
        if status is not None and status not in _FLOW_FAILURES:
            return False
        out.append(PassedOver(attempt.target))
        self._group[self._group.index(attempt)] = self._invite(fallback, now=now, out=out)
        return True

    def _receive_provisional(
        self, attempt: Attempt, event: ResponseReceived, *, now: float, out: list[CallCommand]
    ) -> Early | None:
        response = event.response
        attempt.hear()
        number = reliable_number(response)
        if number is not None:
            return self._receive_reliable(attempt, event, number, now=now, out=out)
        body = read_body(response, bytes_max=self._settings.body_bytes_max) or NO_BODY
        return self._hear(attempt, response, body, out=out)

    def _receive_reliable(
        self,
        attempt: Attempt,
        event: ResponseReceived,
        number: int,
        *,
        now: float,
        out: list[CallCommand],
    ) -> Early | None:
        """Take a reliable one in its order; what the caller need not answer gets its PRACK now."""
        leg = self._early_leg(attempt, event)
        if leg is None:
            return None
        body = take_reliable(leg, event, number, bytes_max=self._settings.body_bytes_max)
        if body is None:
            return None
        early = self._hear(attempt, event.response, body, out=out)
        if early is not None:
            early.leg = leg
        elif leg.offer_answer.state is not State.OFFER_RECEIVED:
            leg.send_prack(now=now, out=out)
        return early

    def _hear(
        self, attempt: Attempt, response: Response, body: Body, *, out: list[CallCommand]
    ) -> Early | None:
        attempt.hear()
        # 199 says that a fork below us lost a branch; nothing to show.
        if response.status in (100, 199) or not attempt.is_open or attempt.failure is not None:
            return None
        source = DialogId(attempt.call_id, attempt.local_tag, response.to.tag or "")
        if len(attempt.early_dialogs) < self._settings.dialogs_per_target_max:
            attempt.early_dialogs.add(source)
        if response.status == 180 and not attempt.has_rung:
            attempt.has_rung = True
            out.append(Rang(attempt.target))
        elif response.status == 183 and not attempt.has_progressed:
            attempt.has_progressed = True
            out.append(Progressed(attempt.target))
        return None if self.is_closed else Early(attempt, response, source, body)

    def _receive_success(
        self,
        attempt: Attempt,
        event: ResponseReceived,
        *,
        now: float,
        out: list[CallCommand],
    ) -> Winner | Stray | int | None:
        response = event.response
        tag = response.to.tag or ""
        if tag in attempt.answers:
            return attempt.answers[tag]
        attempt.is_open = False
        if len(attempt.answers) >= self._settings.dialogs_per_target_max:
            return None
        leg = self._confirmed(attempt, event)
        attempt.answers[tag] = leg.number
        body = read_body(response, bytes_max=self._settings.body_bytes_max)
        if self.is_closed or attempt.failure is not None:
            return Stray(leg, event.request)
        if body is None:
            self._fail(attempt, 502, now=now, out=out)
            return Stray(leg, event.request)
        return self._win(attempt, leg, event, body, now=now, out=out)

    def _win(
        self,
        attempt: Attempt,
        leg: Leg,
        event: ResponseReceived,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
    ) -> Winner:
        leg.timer.accept(event.response, now=now)
        agreed = take_success(leg, event.request, body, offered=self._body, out=out)
        self.close(COMPLETED_ELSEWHERE, now=now, out=out)
        return Winner(attempt.target, leg, agreed)

    def _exhaust(self, out: list[CallCommand]) -> None:
        group, self._group = self._group, []
        failures: list[Failure] = []
        statuses: list[int] = []
        for attempt in group:
            if attempt.failure is not None:
                failures.append(attempt.failure)
                statuses.append(status_for_caller(attempt.failure[1] or NO_RESPONSE))
        best = choose_best_response(statuses)
        out.append(Exhausted(statuses[best], group[best].response, tuple(failures)))

    def _cancel(
        self, attempt: Attempt, fields: Fields, *, now: float, out: list[CallCommand]
    ) -> None:
        if attempt.is_open and not attempt.is_cancelled:
            attempt.is_cancelled = True
            attempt.end_early()
            attempt.deadline = now + self._settings.timers.timeout
            out.append(SendCancel(attempt.owner(self._call_id), fields))

    def _send_again(self, attempt: Attempt, response: Response, *, out: list[CallCommand]) -> bool:
        """Answer a challenge with the target's own credentials, a 422 with a longer interval."""
        if attempt.failure is not None or attempt.resent >= self._settings.challenges_max:
            return False
        credentials = attempt.target.credentials
        fields: Fields = ()
        if response.status in (401, 407) and credentials is not None:
            field = credentials.respond_to_challenge(
                response, attempt.request, cnonce=self._identifiers.token(CNONCE_BITS)
            )
            fields = () if field is None else (field,)
        elif response.status == 422 and attempt.timer.raise_to(response):
            fields = tuple(attempt.timer.request_fields())
        if not fields:
            return False
        attempt.resent += 1
        attempt.sequence += 1
        attempt.request = renew(attempt.request, attempt.sequence, fields)
        out.append(SendRequest(attempt.request, attempt.target.flow, attempt.owner(self._call_id)))
        return True

    def _early_leg(self, attempt: Attempt, event: ResponseReceived) -> Leg | None:
        """Return the early dialog of a reliable 18x; None when it is none of this INVITE's."""
        tag = event.response.to.tag
        if not tag or event.owner != attempt.owner(self._call_id):
            return None
        leg = attempt.legs.get(tag)
        if leg is None and len(attempt.legs) < self._settings.dialogs_per_target_max:
            leg = attempt.legs[tag] = self._leg(attempt, event)
            leg.is_early = True
            leg.sent_body = self._body
        return leg

    def _confirmed(self, attempt: Attempt, event: ResponseReceived) -> Leg:
        """Return the leg of a 2xx; an early dialog goes on with all that it has agreed on."""
        early = attempt.legs.get(event.response.to.tag or "")
        if early is None or not early.is_early:
            leg = self._leg(attempt, event)
            if early is not None:
                leg.dialog.local_sequence = early.dialog.local_sequence
            return leg
        early.is_early = False
        early.dialog.confirm(event.response)
        early.learn(event.response)
        return early

    def _leg(self, attempt: Attempt, event: ResponseReceived) -> Leg:
        target = attempt.target
        leg = Leg(
            self._call_id,
            self._number(),
            # Not the connection that the answer came over: one of ours is opened anew if it went.
            target.flow,
            Dialog.from_response(event.request, event.response),
            identifiers=self._identifiers,
            settings=self._settings,
            timer=attempt.timer,
            credentials=target.credentials,
            media=State.OFFER_SENT if self._body.has_sdp else State.STABLE,
            follows_over=target.dialog_listeners,
            conceals=target.hides_caller,
        )
        leg.party, leg.target = target.party, target.name
        leg.learn(event.response)
        return leg

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number
