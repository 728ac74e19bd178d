"""Every running call: its SIP side, its place in the accounting, and the order between the two.

The order is the point. A call is dialled after its admission is durable, the caller hears of the
answer after the answer is durable (that wait is the call's own), and a slot is free in memory
before the BYE that freed it has been answered. Emergency calls wait for none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from freiton.accounting.admission import AdmissionCause, Refused, Side
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.recovery import OpenCall
from freiton.calls.admission_request import admit_request, trunk_claim, trunk_owner
from freiton.calls.answers import Answer
from freiton.calls.attempts import attempt_of_call, attempt_of_request
from freiton.calls.call_registry import CallRegistry
from freiton.calls.call_reports import OK, CallReports, result_of_status
from freiton.calls.call_targets import targets_of
from freiton.calls.carriers import Carriers
from freiton.calls.intake import Sender
from freiton.calls.perform import perform
from freiton.calls.ports import WallClock
from freiton.calls.running_call import Phase, RunningCall
from freiton.calls.slot_probes import SlotProbes
from freiton.routing.decision import CallKind, Connect, TrunkGroup
from freiton.routing.directory import Device
from freiton.routing.refusals import (
    RETRY_AFTER_S,
    RefusalAnswer,
    RefusalCause,
    answer_refusal,
    reason_value,
)
from freiton.routing.request import RouteRequest
from freiton.routing.trunks import fails_over
from rating.engine import Quote
from rating.ledger.account import local_date_of
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    Append,
    Appended,
    AppendFailed,
    CallCommand,
    CallEvent,
    DeadlineReached,
    Dial,
    Ended,
    Exhausted,
    Hangup,
    Probe,
    Progressed,
    Proven,
    Rang,
    Refuse,
    Released,
    SendAck,
    SendCancel,
    SendRequest,
    SendResponse,
    Updated,
)
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError, SipError
from sipcore.identifiers import Identifiers
from sipcore.message import Request
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Listener

LOG_WAIT_S: Final = 0.5
"""An admission that is not durable by then is refused: the caller hears nothing meanwhile."""

PROBE_INTERVAL_S: Final = 300.0
"""How often both ends of every call are asked whether they live."""

TRUNK_RING_S: Final = 120.0
"""How long a carrier may let it ring; carriers end unanswered calls themselves before."""

WIRE_COMMANDS: Final = (SendRequest, SendCancel, SendAck, SendResponse)

PROBED_FOR: Final = frozenset(
    {AdmissionCause.FLATRATE_LIMIT, AdmissionCause.CHANNEL_LIMIT, AdmissionCause.TECHNICAL_LIMIT}
)
"""Refusals that a dead call of the same account may be the reason of."""


class CallControl:
    """Owns all calls of the process; everything enters through one of its methods with ``now``."""

    def __init__(
        self,
        layer: TransactionLayer,
        accounting: CallAccounting,
        carriers: Carriers,
        *,
        reports: CallReports,
        identifiers: Identifiers,
        clock: WallClock,
        settings: CallSettings,
        warning_host: str,
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._layer = layer
        self._accounting = accounting
        self._carriers = carriers
        self._reports = reports
        self._identifiers = identifiers
        self._clock = clock
        self._settings = settings
        self._warning_host = warning_host
        self._on_fault = on_fault
        self._calls = CallRegistry()
        self._probes = SlotProbes()

    # What the wire says.

    def start(
        self,
        received: RequestReceived,
        decision: Connect,
        *,
        device: Device | None,
        quote: Quote | None,
        now: float,
    ) -> None:
        """Take over an INVITE that may become a call: claim its place, then dial."""
        call_id = self._identifiers.call_id()
        call = Call(
            call_id,
            received.request,
            received.transaction,
            received.flow,
            identifiers=self._identifiers,
            settings=self._settings,
        )
        running = RunningCall(
            call_id, call, received=received, decision=decision, device=device, quote=quote
        )
        self._calls.add(running)
        self._calls.refresh(running)
        self._guarded(running, self._admit, now=now)

    def receive_in_dialog(
        self, received: RequestReceived, dialog_id: DialogId, *, now: float
    ) -> bool:
        """Hand a request to the call of its dialog; False when there is none."""
        return self._step_if_any(self._calls.of_dialog(dialog_id), received, now=now)

    def acknowledge(self, received: AckReceived, *, now: float) -> None:
        """Hand over an ACK for a 2xx; one that belongs to nobody is dropped (§12.2.2)."""
        try:
            dialog_id = DialogId.of_request(received.request)
        except RemoteError:
            return
        self._step_if_any(self._calls.of_dialog(dialog_id), received, now=now)

    def invite_event(self, event: CancelReceived | AckMissing, *, now: float) -> None:
        """Hand over what happened to the server transaction of a caller's INVITE."""
        self._step_if_any(self._calls.of_invite(event.transaction), event, now=now)

    def outcome(
        self, event: ResponseReceived | TransactionFailed, call_id: str, *, now: float
    ) -> None:
        """Hand over what became of a request that a call sent."""
        self._step_if_any(self._calls.get(call_id), event, now=now)

    # What the log says.

    def appended(self, seq: int, *, now: float) -> None:
        """Learn that a record is durable: dial, or let the caller hear of the answer."""
        running = self._calls.take_record(seq)
        if running is None:
            return
        if running.answered_seq == seq:
            self._step(running, Appended(), now=now)
        elif running.phase is Phase.ADMITTING:
            self._stop_waiting(running)
            self._guarded(running, self._dial_next, now=now)

    def append_failed(self, seq: int, *, now: float) -> None:
        """Learn that a record is lost: what waited for it does not happen."""
        running = self._calls.take_record(seq)
        if running is None:
            return
        if running.answered_seq == seq:
            self._step(running, AppendFailed(), now=now)
        elif running.phase is Phase.ADMITTING:
            # The accounting took the admission back and recorded the attempt.
            self._guarded(running, self._take_back, now=now)

    # What the clock says.

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._calls.next_deadline()

    def handle_deadlines(self, *, now: float) -> None:
        """Wake the calls whose time has come, and cut those whose grant is used up."""
        for running, what in self._calls.due(now):
            if what == "call":
                running.deadline = None
                self._step(running, DeadlineReached(), now=now)
            elif what == "log":
                self._guarded(running, self._log_is_late, now=now)
            else:
                self._step(running, Probe(), now=now)
        for cut in self._accounting.handle_deadlines(at=self._clock.utc(), now=now):
            used_up = self._calls.get(cut.call_id)
            if used_up is not None:
                used_up.cut_reason = cut.reason.value
                reason = reason_value(16, cut.reason.value)
                self._step(used_up, Hangup(reason, 402), now=now)

    def tick(self, *, now: float) -> None:
        """Tell whoever follows what every running call costs by now."""
        for running in self._calls:
            if running.phase is Phase.TALKING and not running.is_unproven:
                cost = self._accounting.running_cost(running.id, now=now)
                self._reports.tick(running, cost, now=now)

    # What the operator says.

    def hang_up_all(self, reason: str, *, now: float) -> None:
        """End every call, and charge it up to now."""
        for running in self._calls:
            self._step(running, Hangup(reason, 503), now=now)

    def resume(
        self, open_calls: Iterable[OpenCall], listeners: Mapping[str, Listener], *, now: float
    ) -> None:
        """Take up the calls of a process that is gone, and ask both legs whether they live.

        What was not answered, or cannot be spoken to any more, is closed at its last proof of
        life.
        """
        for open_call in open_calls:
            call_id = open_call.call_id
            try:
                call = Call.resume(
                    call_id,
                    open_call.resume,
                    listeners,
                    identifiers=self._identifiers,
                    settings=self._settings,
                )
            except SipError as error:
                self._on_fault(call_id, error)
                record = self._accounting.close_lost(call_id, at=self._clock.utc(), now=now)
                self._reports.end(record)
                continue
            running = RunningCall(call_id, call)
            running.is_admitted = True
            running.is_unproven = True
            running.phase = Phase.TALKING
            self._calls.add(running)
            self._step(running, Probe(), now=now)

    # What others ask.

    def refuse_attempt(
        self,
        request: RouteRequest,
        sender: Sender,
        cause: RefusalCause,
        *,
        status: int | None = None,
        now: float,
    ) -> Answer:
        """Record an attempt that never becomes a call; return what the caller is told."""
        account = sender.source.account
        answer = answer_refusal(
            cause,
            host=self._warning_host,
            language="de" if account is None else account.language,
            status=status,
            retry_after_s=self._identifiers.spread(*RETRY_AFTER_S),
        )
        attempt = attempt_of_request(
            self._identifiers.call_id(), request, sender, cause=cause.value, status=answer.status
        )
        record = self._accounting.refuse(attempt, at=self._clock.utc(), now=now)
        self._reports.refuse(record, cause=cause)
        return Answer(answer.status, answer.phrase, answer.fields)

    def is_merged(self, request: Request) -> bool:
        """Tell whether this INVITE reached us before on another way (§8.2.2.2)."""
        return self._calls.is_merged(request)

    def open_by_trunk(self) -> dict[int, int]:
        """Return how many calls run over each trunk."""
        counts: dict[int, int] = {}
        for running in self._calls:
            for trunk_id in running.trunk_ids:
                counts[trunk_id] = counts.get(trunk_id, 0) + 1
        return counts

    def count(self, *phases: Phase) -> int:
        """Count the calls in any of these phases."""
        return sum(running.phase in phases for running in self._calls)

    def running_micros(self, *, now: float) -> int:
        """Return what all running calls have cost by now."""
        costs = (
            self._accounting.running_cost(running.id, now=now)
            for running in self._calls
            if running.phase is Phase.TALKING and not running.is_unproven
        )
        return sum(cost.amount_micros for cost in costs if cost is not None)

    @property
    def open_deadlines(self) -> int:
        """How many deadlines of calls are set."""
        return self._calls.deadline_count

    @property
    def total(self) -> int:
        """How many calls there are in any phase."""
        return len(self._calls)

    @property
    def is_idle(self) -> bool:
        """Whether no call is left, not even one that only says goodbye."""
        return len(self._calls) == 0

    # One step of one call.

    def _step_if_any(self, running: RunningCall | None, event: CallEvent, *, now: float) -> bool:
        if running is None:
            return False
        self._step(running, event, now=now)
        return True

    def _step(self, running: RunningCall, event: CallEvent, *, now: float) -> None:
        self._guarded(running, lambda one, now: self._perform_step(one, event, now=now), now=now)

    def _guarded(self, running: RunningCall, action: Callable[..., None], *, now: float) -> None:
        """Do something for a call; an exception ends this call and no other."""
        try:
            action(running, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the neighbours go on
            self._on_fault(running.id, error)
            self._give_up(running, now=now)

    def _perform_step(self, running: RunningCall, event: CallEvent, *, now: float) -> None:
        for command in running.call.step(event, now=now):
            self._perform(running, command, now=now)
        if running.id in self._calls:
            self._calls.refresh(running)

    def _perform(self, running: RunningCall, command: CallCommand, *, now: float) -> None:
        match command:
            case Append(resume=resume):
                running.answered_seq = self._accounting.answer(
                    running.id, resume, at=self._clock.utc(), now=now
                )
                self._calls.await_record(running, running.answered_seq)
            case Rang():
                running.phase = max(running.phase, Phase.RINGING)
            case Progressed() | Updated():
                pass
            case Answered():
                self._answered(running, now=now)
            case Exhausted():
                self._exhausted(running, command, now=now)
            case Abandoned():
                self._abandoned(running, command, now=now)
            case Released():
                self._released(running, command, now=now)
            case Proven(is_alive=is_alive):
                self._proven(running, is_alive=is_alive, now=now)
            case Ended():
                self._forget(running)
            case _:
                perform(command, self._layer, now=now)

    # Finding a place.

    def _admit(self, running: RunningCall, *, now: float) -> None:
        decision = running.decision
        if decision is None:
            return
        at = self._clock.utc()
        outcome = self._accounting.admit(
            admit_request(
                running.id,
                decision,
                device=running.device,
                quote=running.quote,
                today=local_date_of(at),
            ),
            at=at,
            now=now,
        )
        if isinstance(outcome, Refused):
            if not self._has_asked_holders(running, outcome, now=now):
                self._refuse_unadmitted(running, RefusalCause(outcome.cause.value), now=now)
            return
        running.is_admitted = True
        running.admitted_seq = outcome.seq
        self._reports.admit(running, now=now)
        if decision.kind is CallKind.EMERGENCY:
            self._dial_next(running, now=now)
            return
        self._calls.await_record(running, outcome.seq)
        running.wait_deadline = self._calls.set_deadline(now + LOG_WAIT_S, running, "log")

    def _has_asked_holders(self, running: RunningCall, refused: Refused, *, now: float) -> bool:
        """Ask once whether those who hold the slots still live; the answers come as ``Proven``."""
        if running.has_probed_holders or refused.cause not in PROBED_FOR:
            return False
        running.has_probed_holders = True
        holders = [
            holder
            for holder in refused.holders
            if (held := self._calls.get(holder)) is not None and held.phase is Phase.TALKING
        ]
        if not holders:
            return False
        for holder in self._probes.wait(running.id, holders):
            self._step_if_any(self._calls.get(holder), Probe(), now=now)
        return True

    def _proven(self, running: RunningCall, *, is_alive: bool, now: float) -> None:
        if running.is_unproven:
            self._prove_resumed(running, is_alive=is_alive, now=now)
        elif is_alive:
            self._arm_probe(running, now=now)
        else:
            running.cut_reason = "lost"
            self._perform_step(running, Hangup(reason_value(27, "lost"), 480), now=now)
        self._settle_probes(running, is_alive=is_alive, now=now)

    def _prove_resumed(self, running: RunningCall, *, is_alive: bool, now: float) -> None:
        if is_alive:
            running.is_unproven = False
            running.talking_since = now
            self._accounting.readopt(running.id, at=self._clock.utc(), now=now)
            self._arm_probe(running, now=now)
            return
        self._perform_step(running, Hangup(reason_value(27, "lost"), 480), now=now)

    def _log_is_late(self, running: RunningCall, *, now: float) -> None:
        """Undo an admission that nobody has confirmed in time (D14)."""
        running.wait_deadline = None
        if running.phase is not Phase.ADMITTING or running.admitted_seq is None:
            return
        self._calls.take_record(running.admitted_seq)
        self._accounting.append_failed(running.admitted_seq, at=self._clock.utc(), now=now)
        self._take_back(running, now=now)

    def _take_back(self, running: RunningCall, *, now: float) -> None:
        """Refuse a call whose admission the accounting has undone and recorded."""
        running.phase = Phase.OVER
        running.is_admitted = False
        self._stop_waiting(running)
        self._reports.count_refusal(RefusalCause.LOG_DOWN)
        self._say(running, self._answer_of(running, RefusalCause.LOG_DOWN), now=now)

    # Dialling, and what becomes of it.

    def _dial_next(self, running: RunningCall, *, now: float) -> None:
        """Ring the next group that can be rung at all; without any, the call has failed."""
        decision = running.decision
        while decision is not None and running.groups_left:
            previous, group = running.group, running.groups_left.pop(0)
            if isinstance(previous, TrunkGroup) and isinstance(group, TrunkGroup):
                refused = self._accounting.move(
                    running.id,
                    trunk_owner(previous.trunk),
                    to=trunk_claim(group.trunk),
                    trunk_id=str(group.trunk.id),
                    at=self._clock.utc(),
                    now=now,
                )
                if refused is not None:
                    continue
            running.group = group
            targets = targets_of(
                group, decision, self._carriers, now=now, trunk_ring_s=TRUNK_RING_S
            )
            if targets:
                running.phase = Phase.DIALLING
                confirm = decision.kind is not CallKind.EMERGENCY
                self._perform_step(running, Dial(targets, confirm=confirm), now=now)
                return
        self._fail(running, RefusalCause.TRUNKS_FAILED, now=now)

    def _exhausted(self, running: RunningCall, exhausted: Exhausted, *, now: float) -> None:
        if isinstance(running.group, TrunkGroup):
            _, status, is_transport_failure = exhausted.failures[0]
            if fails_over(status, is_transport_failure=is_transport_failure):
                self._carriers.block(running.group.trunk.id, now=now)
                self._dial_next(running, now=now)
                return
        result = result_of_status(exhausted.status)
        self._end(running, result, released_by="callee", status=exhausted.status, now=now)
        self._perform_step(running, Refuse(exhausted.status), now=now)

    def _answered(self, running: RunningCall, *, now: float) -> None:
        running.phase = Phase.TALKING
        running.talking_since = now
        self._arm_probe(running, now=now)
        self._reports.answer(running, now=now)

    def _abandoned(self, running: RunningCall, abandoned: Abandoned, *, now: float) -> None:
        by, status = abandoned.abandoned_by, abandoned.status
        cause = running.cut_reason or result_of_status(status)
        if running.is_admitted:
            self._end(running, cause, released_by=by, status=status, now=now)
            return
        self._record_attempt(running, cause=cause, status=status, refusal=None, now=now)

    def _released(self, running: RunningCall, released: Released, *, now: float) -> None:
        cause = running.cut_reason or "released"
        self._end(running, cause, released_by=released.released_by, status=released.status, now=now)

    # Refusals.

    def _fail(self, running: RunningCall, cause: RefusalCause, *, now: float) -> None:
        """End an admitted call that no way is left for."""
        answer = self._answer_of(running, cause)
        self._end(running, cause.value, released_by="switch", status=answer.status, now=now)
        self._say(running, answer, now=now)

    def _refuse_unadmitted(self, running: RunningCall, cause: RefusalCause, *, now: float) -> None:
        """Refuse a call that got no place, and record the attempt."""
        answer = self._answer_of(running, cause)
        self._record_attempt(
            running, cause=cause.value, status=answer.status, refusal=cause, now=now
        )
        self._say(running, answer, now=now)

    def _record_attempt(
        self,
        running: RunningCall,
        *,
        cause: str,
        status: int,
        refusal: RefusalCause | None,
        now: float,
    ) -> None:
        running.phase = Phase.OVER
        self._stop_waiting(running)
        record = self._accounting.refuse(
            attempt_of_call(running, cause=cause, status=status), at=self._clock.utc(), now=now
        )
        self._reports.refuse(record, cause=refusal)

    def _say(self, running: RunningCall, answer: RefusalAnswer, *, now: float) -> None:
        refuse = Refuse(answer.status, answer.phrase, answer.fields)
        self._perform_step(running, refuse, now=now)

    def _answer_of(self, running: RunningCall, cause: RefusalCause) -> RefusalAnswer:
        return answer_refusal(
            cause,
            host=self._warning_host,
            language=running.language,
            status=running.chosen_status(cause),
            retry_after_s=self._identifiers.spread(*RETRY_AFTER_S),
        )

    # The end.

    def _end(
        self, running: RunningCall, cause: str, *, released_by: Side, status: int, now: float
    ) -> None:
        """Free the slots and charge: in memory at once, whatever is still to be said."""
        if running.phase is Phase.OVER:
            return
        running.phase = Phase.OVER
        self._stop_waiting(running)
        record = self._accounting.end(
            running.id,
            cause=cause,
            released_by=released_by,
            final_status=status,
            at=self._clock.utc(),
            now=now,
        )
        self._reports.end(record)
        self._settle_probes(running, is_alive=False, now=now)

    def _settle_probes(self, running: RunningCall, *, is_alive: bool, now: float) -> None:
        for waiter in self._probes.settle(running.id, is_alive=is_alive):
            waiting = self._calls.get(waiter)
            if waiting is not None and waiting.phase is Phase.ADMITTING:
                self._guarded(waiting, self._admit, now=now)

    def _give_up(self, running: RunningCall, *, now: float) -> None:
        """End a call whose own code failed: free it, say goodbye if that still works, forget it."""
        try:
            if running.is_admitted:
                self._end(running, "fault", released_by="switch", status=500, now=now)
            for command in running.call.step(Hangup(reason_value(41, "fault"), 500), now=now):
                if isinstance(command, WIRE_COMMANDS):
                    perform(command, self._layer, now=now)
        except Exception as error:  # noqa: BLE001 - the call is forgotten whatever happens
            self._on_fault(running.id, error)
        self._forget(running)

    def _forget(self, running: RunningCall) -> None:
        self._calls.forget(running)
        self._probes.leave(running.id)

    def _arm_probe(self, running: RunningCall, *, now: float) -> None:
        if running.probe_deadline is not None:
            self._calls.cancel(running.probe_deadline)
        running.probe_deadline = self._calls.set_deadline(now + PROBE_INTERVAL_S, running, "probe")

    def _stop_waiting(self, running: RunningCall) -> None:
        self._probes.leave(running.id)
        if running.wait_deadline is not None:
            self._calls.cancel(running.wait_deadline)
            running.wait_deadline = None
