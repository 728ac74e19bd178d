"""A call: the caller's leg, the fork that rings, the bridge that joins, and the answer's record.

``step`` takes one event and returns what is to be done, in order. Between the callee's 200 and
``Appended`` the callee's dialog is confirmed and the caller's still early (D14); whatever happens
then ends both or waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipcore.auth.client import DigestClient
from sipcore.b2bua.body import NO_BODY
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    AnswerRefer,
    Append,
    Appended,
    AppendFailed,
    CallCommand,
    CallEvent,
    DeadlineReached,
    Dial,
    Ended,
    Hangup,
    Join,
    Probe,
    Proven,
    Refuse,
    Replace,
    ReportRefer,
    Side,
    Updated,
)
from sipcore.b2bua.early_dialogs import EarlyDialogs
from sipcore.b2bua.fork import COMPLETED_ELSEWHERE, Fork
from sipcore.b2bua.fork_outcome import Early, Stray, Winner
from sipcore.b2bua.handover import newcomer_number
from sipcore.b2bua.header_policy import reason_of
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.opened_leg import open_leg, open_newcomer
from sipcore.b2bua.pending import is_answered, respond_outside
from sipcore.b2bua.phase import Phase
from sipcore.b2bua.replacing import connect, leave_place, pick_up, replace_in, take_place
from sipcore.b2bua.resume import CallRecord, read_record, resume_legs, write_answer
from sipcore.b2bua.seating import go_on, take_transfer_event
from sipcore.b2bua.session_ids import SessionIds
from sipcore.b2bua.settings import DEFAULT_SETTINGS, CallSettings
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)
from sipcore.transport.flow import Flow, Listener

CALLER_LEG: Final = 0


class Call:
    """One call; made by ``begin`` from an INVITE, or by ``resume`` from its record."""

    __slots__ = (
        "_answer", "_append_deadline", "_bridge", "_confirm", "_decision_deadline", "_early",
        "_fork", "_identifiers", "_is_recorded", "_parting", "_phase", "_resumed", "_session_ids",
        "_settings", "_target", "call_id",
    )  # fmt: skip

    def __init__(
        self,
        call_id: str,
        bridge: Bridge,
        *,
        identifiers: Identifiers,
        settings: CallSettings,
        fork: Fork | None = None,
        early: EarlyDialogs | None = None,
        parting: tuple[Leg, ...] = (),
        resumed: CallRecord | None = None,
    ) -> None:
        self.call_id = call_id
        self._bridge = bridge
        self._fork = fork
        self._identifiers = identifiers
        self._settings = settings
        self._session_ids = SessionIds()
        self._early = early
        self._phase = Phase.INVITED if resumed is None else Phase.CONNECTED
        self._target = "" if resumed is None else resumed.target
        self._resumed = resumed
        self._parting = parting
        self._answer = NO_BODY
        self._confirm = True
        self._is_recorded = False
        self._append_deadline: float | None = None
        self._decision_deadline: float | None = None

    @classmethod
    def begin(
        cls,
        call_id: str,
        invite: Request,
        transaction: TransactionId,
        flow: Flow,
        *,
        identifiers: Identifiers,
        settings: CallSettings = DEFAULT_SETTINGS,
        follows_over: tuple[Listener, ...] = (),
        party: str = "",
    ) -> Call:
        """Begin a call; RemoteError when its INVITE cannot make a dialog (see ``check_invite``).

        ``follows_over`` and ``party`` are for a caller what they are for a ``Target``.
        """
        received = RequestReceived(transaction, invite, flow)
        caller = open_leg(
            call_id,
            CALLER_LEG,
            received,
            party=party,
            identifiers=identifiers,
            settings=settings,
            follows_over=follows_over,
        )
        body = caller.received_body
        bridge = Bridge(caller, identifiers=identifiers, settings=settings)
        call = cls(
            call_id,
            bridge,
            identifiers=identifiers,
            settings=settings,
            fork=Fork(call_id, invite, body, identifiers=identifiers, settings=settings),
            early=EarlyDialogs(bridge, invite, is_offered=body.has_sdp, settings=settings),
        )
        call._session_ids.learn(received)
        return call

    @classmethod
    def resume(
        cls,
        call_id: str,
        record: bytes,
        listeners: Mapping[str, Listener],
        *,
        identifiers: Identifiers,
        settings: CallSettings = DEFAULT_SETTINGS,
        restarts: int = 1,
        credentials: Mapping[str, DigestClient] | None = None,
    ) -> Call:
        """Continue an answered call from its record, on ``listeners`` by name.

        ``restarts`` counts the processes since the record was written. ``credentials`` are found
        by the name of the target that had won. Session timers start anew with the first step.
        Raises LocalError when the record cannot be used.
        """
        written = read_record(record)
        caller, callee, parting = resume_legs(
            call_id,
            written,
            listeners,
            caller_number=CALLER_LEG,
            identifiers=identifiers,
            settings=settings,
            restarts=restarts,
            credentials=credentials,
        )
        bridge = Bridge(caller, identifiers=identifiers, settings=settings)
        bridge.add(callee)
        bridge.callee = callee
        return cls(
            call_id,
            bridge,
            identifiers=identifiers,
            settings=settings,
            parting=parting,
            resumed=written,
        )

    def step(self, event: CallEvent, *, now: float) -> list[CallCommand]:
        """Take one event that belongs to this call; ``Ended`` is the last command ever."""
        out: list[CallCommand] = []
        if self._phase is Phase.ENDED:
            if isinstance(event, RequestReceived):
                out.append(respond_outside(event, 481))
            elif isinstance(event, ResponseReceived):
                self._bridge.repeat_surrendered_ack(event, out=out)
            return out
        if self._resumed is not None:
            go_on(self._bridge, self._resumed, self._parting, now=now, out=out)
            self._resumed = None
        self._session_ids.learn(event)
        try:
            self._take(event, now, out)
        except RemoteError as error:
            received = event.received if isinstance(event, Replace) else event
            if isinstance(received, RequestReceived) and not is_answered(received, out):
                out.append(respond_outside(received, error.status_hint))
        self._conclude(now, out)
        self._session_ids.write(out, caller=self._bridge.caller, callee=self._bridge.callee)
        return out

    def next_deadline(self) -> float | None:
        """Return when ``DeadlineReached`` is to be stepped next."""
        deadlines = (
            self._append_deadline,
            self._decision_deadline,
            self._bridge.next_deadline(),
            None if self._early is None else self._early.next_deadline(),
            None if self._fork is None else self._fork.next_deadline(),
        )
        return min((at for at in deadlines if at is not None), default=None)

    def dialog_ids(self) -> set[DialogId]:
        """Return the dialogs whose requests belong to this call; they change with every step."""
        dialogs = {leg.dialog.id for leg in self._bridge.legs.values() if not leg.is_terminated}
        if self._fork is not None:
            dialogs |= self._fork.early_dialogs()
        return dialogs

    def legs(self) -> list[Leg]:
        """Return the legs that are up, the caller's first; those still ringing are none."""
        return [leg for leg in self._bridge.legs.values() if not leg.is_terminated]

    @property
    def bridge(self) -> Bridge:
        """The legs, for who joins two calls."""
        return self._bridge

    @property
    def ringing(self) -> Fork | None:
        """The phones that ring, as long as one of them may answer."""
        return self._fork if self._phase is Phase.INVITED else None

    def leg_in(self, dialog_id: DialogId) -> Leg | None:
        """Return the leg of a dialog."""
        legs = self._bridge.legs.values()
        return next((leg for leg in legs if leg.dialog.id == dialog_id), None)

    def _take(self, event: CallEvent, now: float, out: list[CallCommand]) -> None:
        match event:
            case ResponseReceived():
                self._receive_response(event, now, out)
            case RequestReceived():
                self._receive_request(event, now, out)
            case AckReceived():
                leg = self.leg_in(DialogId.of_request(event.request))
                if leg is not None:
                    self._bridge.receive_ack(event, leg, now=now, out=out)
            case CancelReceived():
                self._receive_cancel(event, now, out)
            case TransactionFailed():
                self._receive_failure(event, now, out)
            case DeadlineReached():
                self._fire(now, out)
            case Dial():
                self._dial(event, now, out)
            case Refuse():
                self._refuse(event, now, out)
            case Appended():
                self._learn_durable(now, out)
            case AppendFailed():
                self._fail_append(now, out)
            case Hangup():
                self._hang_up(event, now, out)
            case Probe(limit_s=limit_s):
                if self._phase is Phase.OVER:
                    out.append(Proven(is_alive=False))
                else:
                    self._bridge.probe(limit_s, now=now, out=out)
            case AnswerRefer() | ReportRefer() | Join():
                take_transfer_event(self._bridge, event, call_id=self.call_id, now=now, out=out)
            case Replace():
                self._replace(event, now, out)
            case AckMissing():
                pass  # The caller never acknowledged our refusal; there is nobody to tell.

    # From call control.

    def _dial(self, event: Dial, now: float, out: list[CallCommand]) -> None:
        if self.ringing is not None:
            self._confirm = event.confirm
            self.ringing.dial(event.targets, now=now, out=out)

    def _refuse(self, event: Refuse, now: float, out: list[CallCommand]) -> None:
        if self._phase is Phase.INVITED:
            self._bridge.caller.reject(
                event.status, out=out, reason=event.reason, fields=event.fields
            )
            self._close((), now, out)

    def _hang_up(self, event: Hangup, now: float, out: list[CallCommand]) -> None:
        if self._phase is Phase.INVITED:
            self._abandon("switch", event.reason, event.status, now, out)
        elif self._phase is Phase.OVER or self._bridge.is_released:
            for leg in list(self._bridge.legs.values()):
                leg.hang_up(now=now, out=out)
        elif self._phase in (Phase.ANSWERING, Phase.CONNECTED):
            self._bridge.release(
                "switch", event.reason, event.status, now=now, out=out, refusal=event.status
            )

    def _learn_durable(self, now: float, out: list[CallCommand]) -> None:
        self._append_deadline = None
        if self._phase is Phase.ANSWERING:
            self._accept(now, out)
        elif self._phase is Phase.CONNECTED:
            take_place(self._bridge, now=now, out=out)

    def _fail_append(self, now: float, out: list[CallCommand]) -> None:
        self._append_deadline = None
        if self._phase is Phase.ANSWERING:
            reason = 'SIP;cause=503;text="Answer not recorded"'
            self._bridge.release("switch", reason, 503, now=now, out=out, refusal=503)
        elif self._phase is Phase.CONNECTED:
            leave_place(self._bridge, now=now, out=out)

    def _replace(self, event: Replace, now: float, out: list[CallCommand]) -> None:
        """Let somebody take a phone's call that rings, or a place in the conversation."""
        number = newcomer_number(self._bridge.legs)
        newcomer = open_newcomer(self.call_id, number, event, self._identifiers, self._settings)
        if self.ringing is not None:
            offer = self._bridge.caller.received_body
            winner = pick_up(self.ringing, event, newcomer, offer, now=now, out=out)
            if winner is not None:
                self._receive_answer(winner, now, out)
        elif self._phase is not Phase.CONNECTED:
            out.append(respond_outside(event.received, 491))
        elif replace_in(self._bridge, event, newcomer, out=out):
            self._append_deadline = now + self._settings.append_timeout_s

    # From the wire.

    def _receive_response(
        self, event: ResponseReceived, now: float, out: list[CallCommand]
    ) -> None:
        number = int(event.owner[1])
        leg = self._bridge.legs.get(number)
        if leg is not None:
            self._bridge.receive_response(event, leg, now=now, out=out)
            return
        attempt = None if self._fork is None else self._fork.attempt_of(number)
        if self._fork is None or attempt is None:
            return
        match self._fork.receive_response(event, attempt, now=now, out=out):
            case Early() as early:
                if self._early is not None:
                    self._early.tell(early, now=now, out=out)
            case Winner() as winner:
                self._receive_answer(winner, now, out)
            case Stray() as stray:
                self._bridge.add(stray.leg)
                stray.leg.acknowledge(stray.invite, out=out)
                has_winner = self._bridge.callee is not None
                stray.leg.hang_up(
                    now=now, out=out, fields=COMPLETED_ELSEWHERE if has_winner else ()
                )
            case int() as answered:
                self._bridge.repeat_ack(answered, event, out=out)

    def _receive_failure(
        self, event: TransactionFailed, now: float, out: list[CallCommand]
    ) -> None:
        number = int(event.owner[1])
        leg = self._bridge.legs.get(number)
        if leg is not None:
            self._bridge.receive_failure(event, leg, now=now, out=out)
        elif self._fork is not None and (attempt := self._fork.attempt_of(number)) is not None:
            self._fork.receive_failure(event, attempt, now=now, out=out)

    def _receive_request(self, event: RequestReceived, now: float, out: list[CallCommand]) -> None:
        dialog_id = DialogId.of_request(event.request)
        leg = self.leg_in(dialog_id)
        attempt = None if self._fork is None else self._fork.attempt_in(dialog_id)
        if self._fork is not None and attempt is not None and not _is_for(leg, event):
            self._fork.receive_request(event, attempt, now=now, out=out)
        elif leg is None:
            out.append(respond_outside(event, 481))
        elif self._phase is Phase.INVITED and leg.is_given_up_by(event):
            leg.respond(event, 200, out=out)
            self._abandon("caller", reason_of(event.request), 487, now, out)
        else:
            self._bridge.receive_request(event, leg, now=now, out=out)

    def _receive_cancel(self, event: CancelReceived, now: float, out: list[CallCommand]) -> None:
        invite = self._bridge.caller.invite
        is_first = invite is not None and invite.transaction == event.transaction
        if is_first and self._phase is Phase.INVITED:
            self._abandon("caller", reason_of(event.request), 487, now, out)
        elif is_first and self._phase is Phase.ANSWERING:
            reason = reason_of(event.request)
            self._bridge.release("caller", reason, 487, now=now, out=out, refusal=487)
        else:
            self._bridge.receive_cancel(event, now=now, out=out)

    # Ringing and answering.

    def _receive_answer(self, winner: Winner, now: float, out: list[CallCommand]) -> None:
        if self._early is None:
            return
        self._phase = Phase.ANSWERING
        self._target = winner.target.name
        caller, self._answer = self._early.answer(winner)
        self._early.settle(caller, winner.leg)
        if self._answer.has_sdp:
            caller.sent_body = self._answer
        caller.agree_session(now=now)
        out.append(Append(self._record(winner.leg)))
        out.append(Answered(winner.target))
        if self._confirm:
            self._append_deadline = now + self._settings.append_timeout_s
        else:
            self._accept(now, out)

    def _accept(self, now: float, out: list[CallCommand]) -> None:
        self._append_deadline = None
        self._is_recorded = True
        if self._bridge.caller.awaits_prack:
            return
        self._phase = Phase.CONNECTED
        self._bridge.caller.accept(self._answer, now=now, out=out)
        self._answer = NO_BODY
        connect(self._bridge, now=now, out=out)

    # The end.

    def _abandon(
        self, abandoned_by: Side, reason: str, status: int, now: float, out: list[CallCommand]
    ) -> None:
        out.append(Abandoned(abandoned_by, reason, status))
        fields = (("reason", reason),) if reason else ()
        self._bridge.caller.reject(
            status, out=out, fields=fields if abandoned_by == "switch" else ()
        )
        self._close(fields, now, out)

    def _close(
        self, fields: tuple[tuple[str, str], ...], now: float, out: list[CallCommand]
    ) -> None:
        self._phase = Phase.OVER
        if self._early is not None:
            self._early.end(out=out)
        if self._fork is not None:
            self._fork.close(fields, now=now, out=out)

    def _conclude(self, now: float, out: list[CallCommand]) -> None:
        """Bring the phase up to date after a step; see whether anything is left."""
        if self._bridge.is_released:
            self._phase = Phase.OVER
        if self._phase is Phase.INVITED:
            self._watch_decision(now)
            return
        if self._phase is Phase.ANSWERING and self._is_recorded:
            self._accept(now, out)
        self._decision_deadline = None
        if self._phase is Phase.OVER:
            self._append_deadline = None
            if self._bridge.is_done and (self._fork is None or self._fork.is_done):
                self._phase = Phase.ENDED
                out.append(Ended())
        elif self._bridge.is_updated and self._bridge.callee is not None:
            self._bridge.is_updated = False
            out.append(Updated(self._record(self._bridge.callee)))

    # Time.

    def _fire(self, now: float, out: list[CallCommand]) -> None:
        if self._decision_deadline is not None and self._decision_deadline <= now:
            self._abandon("switch", "", 500, now, out)
            return
        if self._append_deadline is not None and self._append_deadline <= now:
            self._fail_append(now, out)
        if self._early is not None and not self._early.fire(now=now, out=out):
            self._hang_up(Hangup('SIP;cause=504;text="PRACK missing"', 504), now, out)
        if self._fork is not None:
            self._fork.fire(now=now, out=out)
        self._bridge.fire(now=now, out=out)

    def _watch_decision(self, now: float) -> None:
        if self._fork is not None and self._fork.is_ringing:
            self._decision_deadline = None
        elif self._decision_deadline is None:
            self._decision_deadline = now + self._settings.decision_timeout_s

    def _record(self, callee: Leg) -> bytes:
        return write_answer(self._bridge.caller, callee, target=self._target)


def _is_for(leg: Leg | None, event: RequestReceived) -> bool:
    """Tell whether a target's early dialog is a leg that takes this itself; a BYE ends more."""
    return leg is not None and not leg.is_terminated and event.request.method != "BYE"
