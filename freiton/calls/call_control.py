"""Every running call: its SIP side, its place in the accounting, and the order between the two.

The order is the point. A call is dialled after its admission is durable, the caller hears of the
answer after the answer is durable (that wait is the call's own), and a slot is free in memory
before the BYE that freed it has been answered. Emergency calls wait for none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, Protocol

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.call_records import FAULT, FAULT_STATUS
from freiton.accounting.recovery import OpenCall
from freiton.calls.admission_request import trunk_owner
from freiton.calls.answers import Answer
from freiton.calls.attempts import attempt_of_request
from freiton.calls.call_conditions import CallConditions
from freiton.calls.call_registry import CallRegistry
from freiton.calls.call_reports import CallReports
from freiton.calls.call_stages import CallStages
from freiton.calls.carriers import Carriers
from freiton.calls.intake import Sender
from freiton.calls.joins import Joins
from freiton.calls.parties import caller_party
from freiton.calls.perform import perform
from freiton.calls.ports import CallWatcher, WallClock
from freiton.calls.resumption import Resumption
from freiton.calls.running_call import Phase, RunningCall
from freiton.routing.decision import Connect
from freiton.routing.directory import Device
from freiton.routing.refusals import (
    RETRY_AFTER_S,
    RefusalCause,
    answer_refusal,
    reason_value,
)
from freiton.routing.request import RouteRequest
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
    Ended,
    Exhausted,
    Hangup,
    Joined,
    JoinFailed,
    NotReached,
    PassedOver,
    Probe,
    Progressed,
    Proven,
    Rang,
    Reached,
    Referred,
    Released,
    SendAck,
    SendCancel,
    SendRequest,
    SendResponse,
    Updated,
)
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
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

WIRE_COMMANDS: Final = (SendRequest, SendCancel, SendAck, SendResponse)


class Action(Protocol):
    """Something that is done for one call."""

    def __call__(self, running: RunningCall, /, *, now: float) -> None:
        """Do it."""
        ...


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
        watcher: CallWatcher,
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._layer = layer
        self._accounting = accounting
        self._reports = reports
        self._identifiers = identifiers
        self._carriers = carriers
        self._clock = clock
        self._settings = settings
        self._warning_host = warning_host
        self._watcher = watcher
        self._on_fault = on_fault
        self._calls = CallRegistry()
        self._stages = CallStages(
            self._calls,
            accounting,
            carriers,
            reports=reports,
            identifiers=identifiers,
            clock=clock,
            warning_host=warning_host,
        )
        self._joins = Joins(
            self._calls,
            accounting,
            self._stages,
            identifiers=identifiers,
            clock=clock,
            settings=settings,
        )
        self._resumption = Resumption(
            self._calls,
            accounting,
            carriers,
            joins=self._joins,
            reports=reports,
            identifiers=identifiers,
            clock=clock,
            settings=settings,
            watcher=watcher,
            on_fault=on_fault,
        )

    # What the wire says.

    def start(
        self,
        received: RequestReceived,
        decision: Connect,
        *,
        device: Device | None,
        conditions: CallConditions,
        now: float,
    ) -> None:
        """Take over an INVITE that may become a call: claim its place, then dial."""
        call_id = self._identifiers.call_id()
        make = partial(
            Call.begin,
            call_id,
            received.request,
            received.transaction,
            received.flow,
            identifiers=self._identifiers,
            settings=self._settings,
            follows_over=() if decision.incoming_trunk is None else self._carriers.listeners,
            party=caller_party(decision, device),
        )
        call = self._watcher.make(make, call_id, received, now=now)
        self._watcher.decided(call_id, decision, conditions, now=now)
        running = RunningCall(
            call_id,
            call,
            received=received,
            decision=decision,
            device=device,
            conditions=conditions,
        )
        self._calls.add(running)
        self._calls.refresh(running)
        self._guarded(running, self._stages.admit, now=now)

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
        """Hand over what happened to the server transaction of an INVITE.

        The INVITE that began a call is known by its transaction; a re-INVITE, which a CANCEL may
        meet as well, by the dialog that the CANCEL names.
        """
        running = self._calls.of_invite(event.transaction)
        if running is None and isinstance(event, CancelReceived):
            running = self._calls.of_dialog(DialogId.of_request(event.request))
        self._step_if_any(running, event, now=now)

    def outcome(
        self, event: ResponseReceived | TransactionFailed, call_id: str, *, now: float
    ) -> bool:
        """Hand over what became of a request that a call sent; False when the call is gone."""
        return self._step_if_any(self._calls.get(call_id), event, now=now)

    def has_call_from(self, account_id: int, number: str) -> bool:
        """Tell whether somebody who shows this number calls, or talks with, an account."""
        return self._calls.has_call_from(account_id, number)

    def running(self) -> Iterator[RunningCall]:
        """Return every call, in any phase."""
        return iter(self._calls)

    def has_dialog(self, dialog_id: DialogId) -> bool:
        """Tell whether a leg of a call is in this dialog."""
        return self._calls.of_dialog(dialog_id) is not None

    @property
    def joins(self) -> Joins:
        """The calls that are one conversation, or are about to be; ``go_on`` comes next."""
        return self._joins

    def go_on(self, *, now: float) -> None:
        """Do what was left to be done for calls."""
        while followups := self._stages.take_followups():
            for other, event in followups:
                step: Action = self._stages.admit
                if event is not None:
                    step = partial(self._perform_step, event=event)
                self._try(other, step, now=now)

    # What the log says.

    def appended(self, seq: int, *, now: float) -> None:
        """Learn that a record is durable: dial, or let the caller hear of the answer."""
        running = self._calls.take_record(seq)
        if running is None:
            return
        if running.answered_seq == seq:
            self._step(running, Appended(), now=now)
        elif running.join_seq == seq:
            self._guarded(running, self._joins.durable, now=now)
        elif running.phase is Phase.ADMITTING:
            self._guarded(running, self._stages.admission_durable, now=now)

    def append_failed(self, seq: int, *, now: float) -> None:
        """Learn that a record is lost: what waited for it does not happen."""
        running = self._calls.take_record(seq)
        if running is None:
            return
        if running.answered_seq == seq:
            self._step(running, AppendFailed(), now=now)
        elif running.join_seq == seq:
            self._guarded(running, self._joins.lost, now=now)
        elif running.phase is Phase.ADMITTING:
            # The accounting took the admission back and recorded the attempt.
            self._guarded(running, self._stages.admission_lost, now=now)

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
                self._guarded(running, self._stages.log_is_late, now=now)
            else:
                self._step(running, self._patient_probe(), now=now)
        for cut in self._accounting.handle_deadlines(at=self._clock.utc(), now=now):
            used_up = self._calls.get(cut.call_id)
            if used_up is not None:
                used_up.cut_reason = cut.reason.value
                reason = reason_value(16, cut.reason.value)
                self._step(self._calls.host_of(used_up), Hangup(reason, 402), now=now)

    def tick(self, *, now: float) -> None:
        """Tell whoever follows what every running call costs by now."""
        for running in self._calls:
            if running.phase is Phase.TALKING and not running.is_unproven:
                cost = self._accounting.running_cost(running.id, now=now)
                self._reports.tick(running, cost, now=now)

    # What the operator says.

    def hang_up_all(self, reason: str, *, spares_emergency: bool, now: float) -> None:
        """End every call, and charge it up to now; those for help too, if they are not spared."""
        for running in self._calls:
            if spares_emergency and running.is_emergency:
                continue
            self._step(running, Hangup(reason, 503), now=now)

    def resume(
        self, open_calls: Iterable[OpenCall], listeners: Mapping[str, Listener], *, now: float
    ) -> None:
        """Take up the calls of a process that is gone, and ask both legs whether they live.

        What was not answered, or cannot be spoken to any more, is closed at its last proof of
        life.
        """
        for host in self._resumption.resume(open_calls, listeners, now=now):
            self._step(host, self._patient_probe(), now=now)

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
        call_id = self._identifiers.call_id()
        self._watcher.refused(call_id, cause, now=now)
        attempt = attempt_of_request(
            call_id, request, sender, cause=cause.value, status=answer.status
        )
        record = self._accounting.refuse(attempt, at=self._clock.utc(), now=now)
        self._reports.refuse(record, cause=cause)
        return Answer(answer.status, answer.phrase, answer.fields)

    def is_merged(self, request: Request) -> bool:
        """Tell whether this INVITE reached us before on another way (§8.2.2.2)."""
        return self._calls.is_merged(request)

    def open_over(self, trunk_id: int) -> int:
        """Return how many calls run over a trunk, in both directions."""
        return self._accounting.state.slots.count(trunk_owner(trunk_id))

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
        return sum(cost.gross_micros for cost in costs if cost is not None)

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

    @property
    def has_emergency(self) -> bool:
        """Whether somebody is calling for help, from the INVITE to the BYE."""
        return any(one.is_emergency and one.phase is not Phase.OVER for one in self._calls)

    # One step of one call.

    def _patient_probe(self) -> Probe:
        """Ask as long as a transaction lasts: nobody waits, and a live call must not be cut."""
        return Probe(self._settings.timers.timeout)

    def _step_if_any(self, running: RunningCall | None, event: CallEvent, *, now: float) -> bool:
        if running is None:
            return False
        self._step(running, event, now=now)
        return True

    def _step(self, running: RunningCall, event: CallEvent, *, now: float) -> None:
        self._guarded(running, partial(self._perform_step, event=event), now=now)

    def _guarded(self, running: RunningCall, action: Action, *, now: float) -> None:
        """Do something for a call, and then what follows from it.

        An exception ends the call that it was done for, and no other.
        """
        self._try(running, action, now=now)
        self.go_on(now=now)

    def _try(self, running: RunningCall, action: Action, *, now: float) -> None:
        try:
            action(running, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the neighbours go on
            self._on_fault(running.id, error)
            self._give_up(running, now=now)
        self._reports.step(running)

    def _perform_step(self, running: RunningCall, *, event: CallEvent, now: float) -> None:
        self._watcher.step(running.id, event, now=now)
        try:
            self._perform_commands(running, event, now=now)
        finally:
            self._watcher.stepped()
        if running.id in self._calls:
            self._calls.refresh(running)
        else:
            self._watcher.ended(running.id, now=now)

    def _perform_commands(self, running: RunningCall, event: CallEvent, *, now: float) -> None:
        commands = iter(running.call.step(event, now=now))
        try:
            for command in commands:
                self._perform(running, command, now=now)
        except Exception:
            # The call takes the rest for said, a goodbye to the other leg among it.
            self._send_all(commands, now=now)
            raise

    def _perform(self, running: RunningCall, command: CallCommand, *, now: float) -> None:
        match command:
            case Append(resume=resume):
                self._joins.append(running, resume, now=now)
            case Rang():
                running.phase = max(running.phase, Phase.RINGING)
                self._joins.rang(running)
            case Updated(resume=resume):
                self._joins.updated(running, resume, now=now)
            case PassedOver(target=failed):
                self._stages.passed_over(running, failed, now=now)
            case Answered(target=winner):
                self._stages.answered(running, winner, now=now)
            case Exhausted():
                self._stages.exhausted(running, command, now=now)
            case Abandoned():
                self._joins.abandoned(running, command, now=now)
            case Released():
                self._joins.released(running, command, now=now)
            case Proven(is_alive=is_alive):
                self._joins.proven(running, is_alive=is_alive, now=now)
            case Progressed():
                pass
            case Referred() | NotReached() | Reached() | Joined() | JoinFailed():
                self._joins.perform(running, command, now=now)
            case Ended():
                self._stages.forget(running)
            case _:
                perform(command, self._layer, now=now)

    def _give_up(self, running: RunningCall, *, now: float) -> None:
        """End a call whose own code failed: free it, say goodbye if that still works, forget it."""
        try:
            self._stages.fault(running, now=now)
        except Exception as error:  # noqa: BLE001 - goodbye is said whatever happens
            self._on_fault(running.id, error)
        try:
            hangup = Hangup(reason_value(41, FAULT), FAULT_STATUS)
            self._watcher.step(running.id, hangup, now=now)
            self._send_all(running.call.step(hangup, now=now), now=now)
        except Exception as error:  # noqa: BLE001 - the call is forgotten whatever happens
            self._on_fault(running.id, error)
        self._watcher.stepped()
        self._stages.forget(running)
        self._watcher.ended(running.id, now=now)

    def _send_all(self, commands: Iterable[CallCommand], *, now: float) -> None:
        for command in commands:
            if isinstance(command, WIRE_COMMANDS):
                perform(command, self._layer, now=now)
