"""The legs of a call, and what crosses between the caller's and the callee's (RFC 7092 §3.1).

Session timers, probes and 2xx retransmission belong to one leg each; re-INVITE, UPDATE, INFO,
MESSAGE and the end of the call cross.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import NO_BODY, read_body
from sipcore.b2bua.body_privacy import SDP_TYPE
from sipcore.b2bua.call_events import (
    CallCommand,
    Joined,
    JoinFailed,
    Proven,
    Released,
    ReportRefer,
    Side,
)
from sipcore.b2bua.crossed_answers import tell_failure, tell_success
from sipcore.b2bua.crossing import Crossing, pass_answer
from sipcore.b2bua.extensions import check_extensions
from sipcore.b2bua.handover import GONE_STATUS, Handover, is_told
from sipcore.b2bua.header_policy import ALLOW, SUPPORTED, failure_fields, reason_of
from sipcore.b2bua.joining import JOINED
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind, Pending
from sipcore.b2bua.probing import Probing
from sipcore.b2bua.response_mapping import NO_RESPONSE, status_within_call
from sipcore.b2bua.session_change import GONE, agree, conclude_refresh, refresh
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog import session_timer
from sipcore.dialog.offer_answer import Input, State
from sipcore.identifiers import Identifiers
from sipcore.message.message import Response
from sipcore.transaction.events import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)

_TIMEOUT: Final = 408
_OFFERING: Final = frozenset({"INVITE", "UPDATE", "PRACK"})
_CHALLENGES: Final = frozenset({401, 407})


class Bridge:
    """All legs of one call; ``callee`` is None until a target has won."""

    __slots__ = (
        "_crossing", "_identifiers", "_probing", "_settings", "callee", "caller",
        "early_partners", "handover", "is_released", "is_updated", "legs", "surrendered",
    )  # fmt: skip

    def __init__(self, caller: Leg, *, identifiers: Identifiers, settings: CallSettings) -> None:
        self._crossing = Crossing(identifiers, settings)
        self._identifiers = identifiers
        self._settings = settings
        self._probing = Probing()
        self.handover = Handover(identifiers, settings)
        self.caller = caller
        self.callee: Leg | None = None
        self.legs = {caller.number: caller}
        self.early_partners: dict[int, int] = {}
        self.is_released = False
        self.is_updated = False
        # Talks in another call by now; only a repeated 2xx of its INVITE still comes here.
        self.surrendered: Leg | None = None

    @property
    def is_done(self) -> bool:
        """Whether no leg has anything left to say or to hear."""
        return all(leg.is_done for leg in self.legs.values())

    def add(self, leg: Leg) -> None:
        """Keep a further leg, which is to be ended unless it becomes ``callee``."""
        self.legs[leg.number] = leg

    # From the wire.

    def receive_request(
        self, event: RequestReceived, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        """Take a request within the dialog of ``leg``; RemoteError when it is malformed."""
        request = event.request
        if not leg.dialog.is_in_order(request):
            leg.respond(event, 500, out=out)
            return
        # Behind a NAT the peer is where it last spoke from.
        leg.flow = event.flow
        if request.method == "BYE":
            self._receive_bye(event, leg, now=now, out=out)
            return
        if leg.is_over:
            leg.respond(event, 481, out=out)
            return
        partner = self.opposite(leg)
        refusal = check_extensions(request, settings=self._settings)
        if refusal is not None:
            leg.respond(event, refusal.status, out=out, fields=refusal.fields)
        elif not self._crossing.may_be_told(event, partner):
            leg.respond(event, 415, out=out, fields=(("accept", SDP_TYPE),))
        elif request.method == "OPTIONS":
            leg.respond(
                event,
                200,
                out=out,
                fields=(("allow", ALLOW), ("supported", SUPPORTED), ("accept", SDP_TYPE)),
            )
        elif request.method == "INVITE":
            self._crossing.pass_invite(event, leg, partner, now=now, out=out)
        elif request.method == "PRACK":
            self._crossing.pass_prack(event, leg, partner, now=now, out=out)
        elif request.method == "UPDATE":
            self.is_updated |= self._crossing.pass_update(event, leg, partner, now=now, out=out)
        elif request.method in ("INFO", "MESSAGE"):
            self._crossing.pass_information(event, leg, partner, now=now, out=out)
        elif request.method == "REFER":
            self._receive_refer(event, leg, partner, out=out)
        elif request.method == "SUBSCRIBE":
            self.handover.subscribe(event, leg, now=now, out=out)
        else:
            leg.respond(event, 405, out=out, fields=(("allow", ALLOW),))

    def receive_ack(
        self, event: AckReceived, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        """Take the ACK for a 2xx of ours; it may bring the answer that the other leg waits for."""
        if not leg.receive_ack(event.request, now=now, out=out):
            return
        body = read_body(event.request, bytes_max=self._settings.body_bytes_max) or NO_BODY
        partner = self.opposite(leg)
        if leg.offer_answer.state is State.OFFER_SENT:
            leg.offer_answer.step(Input.RECEIVE_ANSWER if body.has_sdp else Input.RECEIVE_REJECTION)
            leg.received_body = body
        pass_answer(partner, body, now=now, out=out)

    def receive_cancel(self, event: CancelReceived, *, now: float, out: list[CallCommand]) -> None:
        """Pass on the CANCEL of a re-INVITE.

        Its 487 is not ours to say: had the other side accepted meanwhile, the two ends of the
        session would differ.
        """
        for leg in self.legs.values():
            for number, pending in leg.pending.items():
                if pending.origin is not None and pending.origin.transaction == event.transaction:
                    reason = reason_of(event.request)
                    fields = (("reason", reason),) if reason else ()
                    leg.cancel(number, now=now, out=out, fields=fields)

    def receive_response(
        self, event: ResponseReceived, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        """Take a response to a request within the dialog of ``leg``."""
        response = event.response
        if response.is_provisional:
            return
        pending = leg.pending.pop(int(event.owner[2]), None)
        if pending is None:
            if response.is_success and event.request.method == "INVITE":
                leg.repeat_ack(event.request, out=out)
            return
        if response.status in _CHALLENGES and leg.answer_challenge(pending, response, out=out):
            return
        if (
            response.status == 422
            and pending.resent < self._settings.challenges_max
            and leg.timer.raise_to(response)
        ):
            leg.resend(pending, tuple(leg.timer.request_fields()), out=out)
            return
        self._conclude(leg, pending, response.status, response, now=now, out=out)

    def repeat_ack(self, number: int, event: ResponseReceived, *, out: list[CallCommand]) -> None:
        """Acknowledge the repeated 2xx of a target, whichever call its leg talks in by now."""
        leg = self.legs.get(number)
        if leg is not None:
            leg.repeat_ack(event.request, out=out)
        else:
            self.repeat_surrendered_ack(event, out=out)

    def repeat_surrendered_ack(self, event: ResponseReceived, *, out: list[CallCommand]) -> None:
        """Acknowledge the repeated 2xx of a leg that was given away (§13.2.2.4)."""
        leg, response = self.surrendered, event.response
        if leg is None or not response.is_success or event.request.method != "INVITE":
            return
        if response.to.tag == leg.dialog.remote_tag:
            leg.repeat_ack(event.request, out=out)

    def receive_failure(
        self, event: TransactionFailed, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        """Learn that a request within the dialog of ``leg`` got no final response."""
        pending = leg.pending.pop(int(event.owner[2]), None)
        if pending is not None:
            self._conclude(leg, pending, _TIMEOUT, None, now=now, out=out)

    # From above.

    def probe(self, limit_s: float | None, *, now: float, out: list[CallCommand]) -> None:
        """Ask both peers whether they live; a call that is being set up is alive by itself."""
        callee = self.callee
        if self.is_released:
            out.append(Proven(is_alive=False))
        elif callee is None or self.caller.is_early:
            out.append(Proven(is_alive=True))
        else:
            # A transferor may hang up while the other waits for the third.
            legs = tuple(leg for leg in (self.caller, callee) if not leg.is_over)
            limit_s = self._settings.probe_timeout_s if limit_s is None else limit_s
            self._probing.ask(legs, limit_s=limit_s, now=now, out=out)

    def release(
        self,
        released_by: Side,
        reason: str,
        status: int,
        *,
        now: float,
        out: list[CallCommand],
        refusal: int = 480,
    ) -> None:
        """End the answered call once; ``refusal`` is for a caller whose INVITE is still open."""
        if self.is_released:
            return
        self.is_released = True
        leg_of_side = {"caller": self.caller, "callee": self.callee}.get(released_by)
        calls = () if leg_of_side is None else leg_of_side.calls
        out.append(Released(released_by, reason, status, calls, is_told=not self.caller.is_early))
        self.abandon_relays(out=out)
        self._probing.give_up(out=out)
        self.handover.abandon(out=out)
        self.handover = Handover(self._identifiers, self._settings)
        fields = (("reason", reason),) if reason else ()
        for leg in list(self.legs.values()):
            leg.hang_up(now=now, out=out, fields=fields, status=refusal)

    def report_refer(self, event: ReportRefer, *, now: float, out: list[CallCommand]) -> None:
        """Tell the transferor; after a failure nobody is left if he hung up meanwhile."""
        alone = self.handover.report(event, now=now, out=out)
        self.release_alone(alone, event.status, now=now, out=out)

    def conclude_join(self, outcome: int | None, *, now: float, out: list[CallCommand]) -> None:
        """Seat the newcomer, or hang up on it; None: the exchange goes on."""
        if outcome is None:
            return
        # Of two offers that met there is a session, even if nobody wants to talk of it again.
        is_crossed = self.handover.is_crossed and outcome not in GONE
        replaced, transferor = self.handover.replaced, self.handover.transferor
        newcomer = self.handover.end_exchange()
        if newcomer is None:
            return
        if outcome == JOINED or is_crossed:
            self.is_updated = True
            if transferor is not None:
                self._seat(newcomer, transferor, now=now, out=out)
        elif newcomer is self.callee:
            self.release("switch", f"SIP;cause={outcome}", outcome, now=now, out=out)
        else:
            if replaced is not None:
                self.is_updated = True
                replaced.calls, newcomer.calls = newcomer.calls, ()
            newcomer.hang_up(now=now, out=out)
            out.append(JoinFailed(outcome, newcomer.calls))
            self.report_refer(ReportRefer(outcome), now=now, out=out)
            self.release_alone(replaced, outcome, now=now, out=out)

    def release_alone(
        self, leg: Leg | None, status: int, *, now: float, out: list[CallCommand]
    ) -> None:
        """End the call of a leg that hung up while somebody was about to take its place."""
        if leg is not None and leg.is_over:
            reason = f"SIP;cause={status}"
            self.release(self._side_of(leg), reason, 200, now=now, out=out)

    def stays(self) -> Leg | None:
        """Return who is to be transferred: the leg opposite the transferor's."""
        transferor = self.handover.transferor
        return None if transferor is None else self.opposite(transferor)

    # Time.

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        deadlines = [leg.next_deadline() for leg in self.legs.values()]
        deadlines.append(self.handover.next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def fire(self, *, now: float, out: list[CallCommand]) -> None:
        """Do what is due."""
        self.conclude_join(self.handover.fire(now=now, out=out), now=now, out=out)
        for leg in list(self.legs.values()):
            if not leg.repeat_accepted(now=now, out=out):
                self.release("switch", 'SIP;cause=408;text="ACK missing"', 408, now=now, out=out)
            for number, pending in list(leg.pending.items()):
                if pending.deadline <= now and number in leg.pending:
                    self._give_up(leg, number, pending, now=now, out=out)
            if leg.is_over:
                continue
            for action in leg.timer.fire(now=now):
                if action is session_timer.Action.SEND_REFRESH:
                    refresh(
                        leg,
                        settings=self._settings,
                        retry_s=self._glare_delay(leg),
                        now=now,
                        out=out,
                    )
                elif action is session_timer.Action.END_SESSION:
                    self._expire(now=now, out=out)

    # Requests.

    def _receive_bye(
        self, event: RequestReceived, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        is_transferor = leg is self.handover.transferor
        if leg is not self.caller and leg is not self.callee:
            leg.receive_bye(event, now=now, out=out)
            if leg is self.handover.newcomer:
                self.handover.abandon(out=out)
                self.conclude_join(GONE_STATUS, now=now, out=out)
            return
        self.abandon_relays(out=out)
        leg.receive_bye(event, now=now, out=out)
        if not is_transferor:
            side = self._side_of(leg)
            self.release(side, reason_of(event.request), 200, now=now, out=out)

    def _receive_refer(
        self, event: RequestReceived, leg: Leg, partner: Leg | None, *, out: list[CallCommand]
    ) -> None:
        """Ask call control about a transfer; there is one at a time (RFC 3515 §2.4.2).

        The next one waits until the end of the one before has been heard of: else whoever refers
        without end, and answers nothing, would be sent ever more.
        """
        if partner is None or self.caller.is_early or self.handover.is_open or is_told(leg):
            leg.respond(event, 491, out=out)
        else:
            self.handover.refer(event, leg, out=out)

    # Responses.

    def _conclude(
        self,
        leg: Leg,
        pending: Pending,
        status: int,
        response: Response | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        """Take a final response, or None where none came."""
        body = NO_BODY
        if pending.request.method in _OFFERING:
            if response is not None and response.is_success:
                body = agree(leg, pending, response, settings=self._settings, now=now, out=out)
            elif pending.has_offer and leg.offer_answer.state is State.OFFER_SENT:
                leg.offer_answer.step(Input.RECEIVE_REJECTION)
        if pending.kind is Kind.BYE:
            leg.terminate()
        elif pending.kind is Kind.ACKNOWLEDGEMENT:
            pass
        elif pending.kind is Kind.PROBE:
            self._probing.conclude(leg, status, out=out)
        elif pending.kind is Kind.NOTIFY:
            self.handover.conclude_report(leg, status, now=now, out=out)
        elif pending.kind is Kind.JOIN:
            is_dead = status in GONE and leg is not self.handover.newcomer
            outcome = self.handover.conclude(leg, pending, status, body, now=now, out=out)
            self.conclude_join(outcome, now=now, out=out)
            if is_dead:
                self.release("switch", f"SIP;cause={status}", status, now=now, out=out)
        elif pending.kind is Kind.REFRESH:
            retry_s = self._glare_delay(leg)
            if not conclude_refresh(leg, pending, status, retry_s=retry_s, now=now):
                self._expire(now=now, out=out)
        elif response is not None and response.is_success:
            if (asker := self.opposite(leg)) is not None and tell_success(
                asker, pending, response, body, settings=self._settings, now=now, out=out
            ):
                self.is_updated = self.callee is not None
        else:
            self._pass_failure(leg, pending, status, response, now=now, out=out)

    def _pass_failure(
        self,
        leg: Leg,
        pending: Pending,
        status: int,
        response: Response | None,
        *,
        now: float,
        out: list[CallCommand],
    ) -> None:
        """Pass a failure; the session stays as it was, unless the peer knows no such dialog."""
        is_change = pending.request.method in ("INVITE", "UPDATE")
        passed = status_within_call(status)
        if response is None and not is_change:
            passed = status_within_call(NO_RESPONSE)
        fields = () if response is None else failure_fields(response)
        tell_failure(self.opposite(leg), pending, passed, out=out, fields=fields)
        if leg.is_early or leg.is_terminated:
            return
        if status == 481 or (status in GONE and is_change):
            self.release("switch", f"SIP;cause={status}", status, now=now, out=out)

    # Transfers.

    def _seat(self, newcomer: Leg, transferor: Leg, *, now: float, out: list[CallCommand]) -> None:
        if transferor is self.caller:
            self.caller = newcomer
        else:
            self.callee = newcomer
        out.append(Joined(newcomer.calls, transferor.calls))
        self.handover.report(ReportRefer(JOINED), now=now, out=out)
        self.handover.part(transferor, now=now, out=out)

    def abandon_relays(self, *, out: list[CallCommand]) -> None:
        """Answer what still waits for the other side: the call is over (§15.1.2)."""
        for leg in self.legs.values():
            for pending in leg.pending.values():
                tell_failure(self.opposite(leg), pending, 487, out=out)

    # Time.

    def _give_up(
        self, leg: Leg, number: int, pending: Pending, *, now: float, out: list[CallCommand]
    ) -> None:
        if pending.request.method == "INVITE" and not pending.is_cancelled:
            leg.cancel(number, now=now, out=out)
            return
        del leg.pending[number]
        self._conclude(leg, pending, _TIMEOUT, None, now=now, out=out)

    def _expire(self, *, now: float, out: list[CallCommand]) -> None:
        self.release("switch", 'SIP;cause=408;text="Session expired"', 408, now=now, out=out)

    def _glare_delay(self, leg: Leg) -> float:
        """Wait longer where the Call-ID is ours, so that the two ends do not meet again (§14.1)."""
        low, high = (0.0, 2.0) if leg is self.caller and not leg.target else (2.1, 4.0)
        return self._identifiers.spread(low, high)

    def _side_of(self, leg: Leg) -> Side:
        return "caller" if leg is self.caller else "callee"

    def opposite(self, leg: Leg) -> Leg | None:
        """Return the leg that talks with this one."""
        if leg is self.caller and self.callee is not None:
            return self.callee
        if leg is self.callee:
            return self.caller
        number = self.early_partners.get(leg.number)
        return None if number is None else self.legs.get(number)
