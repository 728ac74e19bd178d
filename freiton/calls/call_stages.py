"""The stages of a call between routing and record: admitted, dialled, answered, over.

Every stage does what the accounting must do now, and leaves what the call must do next in
``take_followups``: a call is never stepped from within its own step.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from freiton.accounting.admission import AdmissionCause, Refused, Side
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.call_records import FAULT, FAULT_STATUS
from freiton.calls.admission_request import admit_request, trunk_claim, trunk_owner
from freiton.calls.attempts import attempt_of_call
from freiton.calls.call_registry import CallRegistry
from freiton.calls.call_reports import OK, CallReports, result_of_status
from freiton.calls.call_targets import targets_of
from freiton.calls.carriers import Carriers
from freiton.calls.ports import WallClock
from freiton.calls.running_call import Phase, RunningCall
from freiton.calls.slot_probes import SlotProbes
from freiton.routing.decision import CallKind, DeviceGroup, TrunkGroup
from freiton.routing.directory import Account
from freiton.routing.refusals import (
    RETRY_AFTER_S,
    RefusalAnswer,
    RefusalCause,
    answer_refusal,
    reason_value,
)
from freiton.routing.trunks import fails_over
from sipcore.b2bua.call_events import (
    Abandoned,
    CallEvent,
    Dial,
    Exhausted,
    Hangup,
    Probe,
    Refuse,
    Released,
    Target,
)
from sipcore.b2bua.response_mapping import fields_for_caller
from sipcore.identifiers import Identifiers
from sipcore.message import Response

LOG_WAIT_S: Final = 0.5
"""An admission that is not durable by then is refused: the caller hears nothing meanwhile."""

PROBE_INTERVAL_S: Final = 300.0
"""How often both ends of every call are asked whether they live."""

TRUNK_RING_S: Final = 120.0
"""How long a carrier may let it ring; carriers end unanswered calls themselves before."""

LOST: Final = "lost"
"""What ended a call whose phone was gone when it was asked."""

PROBED_FOR: Final = frozenset(
    {AdmissionCause.FLATRATE_LIMIT, AdmissionCause.CHANNEL_LIMIT, AdmissionCause.TECHNICAL_LIMIT}
)
"""Refusals that a dead call of the same account may be the reason of."""

FollowUp = tuple[RunningCall, CallEvent | None]
"""A call and what it is told next; None lets it claim its place once more."""


class Redirected(NamedTuple):
    """A call that a phone of an account sends elsewhere, by a 3xx."""

    running: RunningCall
    account: Account
    response: Response
    status: int


class CallStages:
    """Moves calls on; slots and money are the accounting's, messages the call's own."""

    def __init__(
        self,
        registry: CallRegistry,
        accounting: CallAccounting,
        carriers: Carriers,
        *,
        reports: CallReports,
        identifiers: Identifiers,
        clock: WallClock,
        warning_host: str,
    ) -> None:
        self._calls = registry
        self._accounting = accounting
        self._carriers = carriers
        self._reports = reports
        self._identifiers = identifiers
        self._clock = clock
        self._warning_host = warning_host
        self._probes = SlotProbes()
        self._followups: list[FollowUp] = []
        self._redirected: list[Redirected] = []

    def take_followups(self) -> list[FollowUp]:
        """Return what calls are to be told next, once."""
        followups, self._followups = self._followups, []
        return followups

    @property
    def has_redirected(self) -> bool:
        """Whether ``take_redirected`` has something to give."""
        return bool(self._redirected)

    def take_redirected(self) -> list[Redirected]:
        """Return the calls that phones have sent elsewhere, once."""
        redirected, self._redirected = self._redirected, []
        return redirected

    def forget(self, running: RunningCall) -> None:
        """Drop a call that has nothing left to say, unless another call talks for it."""
        if running.host and running.phase is Phase.TALKING:
            running.is_silent = True
            return
        self._calls.forget(running)
        self._probes.leave(running.id)

    def fault(self, running: RunningCall, *, now: float) -> None:
        """Free a call whose own code failed, and record it, if that has not been done before.

        Whatever is raised while it is charged, its slots are free afterwards.
        """
        for errand in self._calls.errands(running.id):
            self.then(errand, Hangup(status=FAULT_STATUS))
        for guest in self._calls.guests(running.id):
            self.fault(guest, now=now)
            if guest.is_silent:
                self._calls.forget(guest)
            else:
                self.then(guest, Hangup(status=FAULT_STATUS))
        if not self._accounting.is_open(running.id):
            if running.phase is not Phase.OVER:
                self._record_attempt(
                    running, cause=FAULT, status=FAULT_STATUS, refusal=None, now=now
                )
            return
        try:
            self.end(running, FAULT, released_by="switch", status=FAULT_STATUS, now=now)
        finally:
            if self._accounting.is_open(running.id):
                self._abandon(running, now=now)

    def _abandon(self, running: RunningCall, *, now: float) -> None:
        running.phase = Phase.OVER
        record = self._accounting.abandon(running.id, at=self._clock.utc(), now=now)
        self._reports.end(record)
        self._settle_probes(running, is_alive=False)

    # Finding a place.

    def admit(self, running: RunningCall, *, now: float) -> None:
        """Claim slots and money; then wait for the log, or for those who hold the slots."""
        decision = running.decision
        if decision is None or running.phase is not Phase.ADMITTING:
            return
        outcome = self._accounting.admit(
            admit_request(
                running.id,
                decision,
                device=running.device,
                conditions=running.conditions,
                referred_by=running.referred_from,
            ),
            at=self._clock.utc(),
            now=now,
        )
        if isinstance(outcome, Refused):
            running.refused_by = outcome.owner
            if not self._has_asked_holders(running, outcome):
                self._refuse_unadmitted(running, RefusalCause(outcome.cause.value), now=now)
            return
        running.is_admitted = True
        running.admitted_seq = outcome.seq
        self._reports.admit(running, now=now)
        if decision.kind is CallKind.EMERGENCY:
            self.dial_next(running, now=now)
            return
        self._calls.await_record(running, outcome.seq)
        running.wait_deadline = self._calls.set_deadline(now + LOG_WAIT_S, running, "log")

    def _has_asked_holders(self, running: RunningCall, refused: Refused) -> bool:
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
            held = self._calls.get(holder)
            if held is not None:
                self.then(self._calls.host_of(held), Probe())
        return True

    def proven(self, running: RunningCall, *, is_alive: bool, now: float) -> None:
        """Learn whether both legs of a call live."""
        if running.is_unproven:
            self._prove_resumed(running, is_alive=is_alive, now=now)
        elif is_alive:
            self._arm_probe(running, now=now)
            self._settle_probes(running, is_alive=True)
        else:
            # Its release settles the probes, when the slot is free.
            running.cut_reason = LOST
            self.then(running, Hangup(reason_value(27, LOST), 480))

    def settle_alive(self, guest: RunningCall, *, now: float) -> None:
        """Learn that the conversation of a guest goes on."""
        if guest.is_unproven:
            guest.is_unproven = False
            guest.talking_since = now
            self._accounting.readopt(guest.id, at=self._clock.utc(), now=now)
        self._settle_probes(guest, is_alive=True)

    def joined(self, guest: RunningCall, *, now: float) -> None:
        """Tell that a call is part of another's conversation by now."""
        self._reports.join(guest, now=now)

    def stop_probing(self, guest: RunningCall) -> None:
        """Leave it to the host to ask whether anybody lives."""
        if guest.probe_deadline is not None:
            self._calls.cancel(guest.probe_deadline)
            guest.probe_deadline = None

    def _prove_resumed(self, running: RunningCall, *, is_alive: bool, now: float) -> None:
        if is_alive:
            running.is_unproven = False
            running.talking_since = now
            self._accounting.readopt(running.id, at=self._clock.utc(), now=now)
            self._arm_probe(running, now=now)
            self._settle_probes(running, is_alive=True)
            return
        self.then(running, Hangup(reason_value(27, LOST), 480))

    def admission_durable(self, running: RunningCall, *, now: float) -> None:
        """Dial, since the admission can be found again after a crash."""
        self._stop_waiting(running)
        self.dial_next(running, now=now)

    def admission_lost(self, running: RunningCall, *, now: float) -> None:  # noqa: ARG002 - as every stage
        """Refuse a call whose admission the accounting has undone and recorded."""
        self._take_back(running)

    def log_is_late(self, running: RunningCall, *, now: float) -> None:
        """Undo an admission that nobody has confirmed in time (D14)."""
        running.wait_deadline = None
        if running.phase is not Phase.ADMITTING or running.admitted_seq is None:
            return
        self._calls.take_record(running.admitted_seq)
        self._accounting.append_failed(running.admitted_seq, at=self._clock.utc(), now=now)
        self._take_back(running)

    def _take_back(self, running: RunningCall) -> None:
        running.phase = Phase.OVER
        running.is_admitted = False
        self._stop_waiting(running)
        self._reports.count_refusal(RefusalCause.LOG_DOWN)
        self._say(running, self._answer_of(running, RefusalCause.LOG_DOWN))

    # Dialling, and what becomes of it.

    def dial_next(self, running: RunningCall, *, now: float) -> None:
        """Ring the next group that can be rung at all; without any, the call has failed."""
        decision = running.decision
        while decision is not None and running.groups_left:
            previous, group = running.group, running.groups_left.pop(0)
            if isinstance(previous, TrunkGroup) and isinstance(group, TrunkGroup):
                refused = self._accounting.move(
                    running.id,
                    trunk_owner(previous.trunk.id),
                    to=trunk_claim(group.trunk),
                    trunk_id=str(group.trunk.id),
                    at=self._clock.utc(),
                    now=now,
                )
                if refused is not None:
                    continue
            running.group = group
            targets = targets_of(
                group,
                decision,
                self._carriers,
                now=now,
                trunk_ring_s=TRUNK_RING_S,
                is_referred=bool(running.referred_from) and not running.is_forward,
            )
            if targets:
                running.targets = targets
                running.phase = Phase.DIALLING
                confirm = decision.kind is not CallKind.EMERGENCY
                self.then(running, Dial(targets, confirm=confirm))
                return
        is_local = decision is not None and decision.called_account is not None
        cause = RefusalCause.NOT_REGISTERED if is_local else RefusalCause.TRUNKS_FAILED
        self._fail(running, cause, now=now)

    def passed_over(self, running: RunningCall, failed: Target, *, now: float) -> None:
        """Learn that a target is tried over its next way."""
        running.targets = tuple(
            one.fallback if one is failed and one.fallback is not None else one
            for one in running.targets
        )
        if isinstance(running.group, TrunkGroup):
            self._carriers.way_failed(failed.flow, now=now)

    def exhausted(self, running: RunningCall, exhausted: Exhausted, *, now: float) -> None:
        """Go on to the next group, or tell the caller why nobody answered."""
        host, running = running, self._calls.forward_of(running)
        for target, failure, _ in exhausted.failures:
            self._reports.leg(running, target, result_of_status(failure or 0), status=failure)
        running.targets = ()
        if self._is_redirected(running, exhausted, host):
            return
        if isinstance(running.group, TrunkGroup):
            _, status, is_transport_failure = exhausted.failures[0]
            # Help may be rung twice; anybody else only once.
            has_rung = running.phase is Phase.RINGING and not running.is_emergency
            if fails_over(status, is_transport_failure=is_transport_failure, has_rung=has_rung):
                self._carriers.block(running.group.trunk.id, now=now)
                self._carriers.way_failed(exhausted.failures[0][0].flow, now=now)
                self.dial_next(running, now=now)
                return
        status = exhausted.status
        if all(is_transport_failure for _, _, is_transport_failure in exhausted.failures):
            status = 480  # phones that cannot be reached are as good as not registered
        result = result_of_status(status)
        for one in {running.id: running, host.id: host}.values():
            self.end(one, result, released_by="callee", status=status, now=now)
        for guest in self._calls.guests(host.id):
            self.end(guest, result, released_by="callee", status=status, now=now)
            self._calls.forget(guest)
        fields = fields_for_caller(exhausted.response, status)
        self.then(host, Refuse(status, fields=fields))

    def _is_redirected(self, running: RunningCall, exhausted: Exhausted, host: RunningCall) -> bool:
        """Note where a phone of ours sends a call; a carrier's word is no reason to call on."""
        response, group = exhausted.response, running.group
        if response is None or host.is_emergency:
            return False
        if not 300 <= response.status < 400 or not isinstance(group, DeviceGroup):
            return False
        self._redirected.append(Redirected(host, group.account, response, exhausted.status))
        return True

    def answered(self, running: RunningCall, winner: Target, *, now: float) -> None:
        """Learn that a target won."""
        self._arm_probe(running, now=now)
        calls = (running, *self._calls.guests(running.id))
        if not any(winner in one.targets for one in calls):
            running.targets += (winner,)  # who has picked up
        for one in calls:
            if one.phase is Phase.OVER:
                continue
            one.phase = Phase.TALKING
            one.talking_since = now
            for target in one.targets:
                result = "answered" if target is winner else "elsewhere"
                self._reports.leg(one, target, result)
            one.targets = ()
            self._reports.answer(one, now=now)

    def abandoned(self, running: RunningCall, abandoned: Abandoned, *, now: float) -> None:
        """End a call that ended before any target answered."""
        by, status = abandoned.abandoned_by, abandoned.status
        cause = running.cut_reason or result_of_status(status)
        for target in running.targets:
            self._reports.leg(running, target, "cancelled")
        running.targets = ()
        if running.is_admitted:
            self.end(running, cause, released_by=by, status=status, now=now)
            return
        self._record_attempt(running, cause=cause, status=status, refusal=None, now=now)

    def released(
        self, running: RunningCall, released: Released, *, at: datetime | None = None, now: float
    ) -> None:
        """Charge an answered call; one whose answer nobody was told of is free, and says why.

        ``at`` is the instant of the conversation that several calls were; this one without.
        """
        if not released.is_told:
            self._accounting.withdraw_answer(running.id)
        status = OK if running.cut_reason else released.status
        cause = running.cut_reason or result_of_status(status)
        self.end(running, cause, released_by=released.released_by, status=status, at=at, now=now)

    # Refusals.

    def _fail(self, running: RunningCall, cause: RefusalCause, *, now: float) -> None:
        """End an admitted call that no way is left for."""
        answer = self._answer_of(running, cause)
        self.end(running, cause.value, released_by="switch", status=answer.status, now=now)
        self._say(running, answer)

    def _refuse_unadmitted(self, running: RunningCall, cause: RefusalCause, *, now: float) -> None:
        """Refuse a call that got no place, and record the attempt."""
        answer = self._answer_of(running, cause)
        self._record_attempt(
            running, cause=cause.value, status=answer.status, refusal=cause, now=now
        )
        self._say(running, answer)

    def _record_attempt(
        self,
        running: RunningCall,
        *,
        cause: str,
        status: int,
        refusal: RefusalCause | None,
        now: float,
    ) -> None:
        self._stop_waiting(running)
        record = self._accounting.refuse(
            attempt_of_call(running, cause=cause, status=status), at=self._clock.utc(), now=now
        )
        running.phase = Phase.OVER
        self._reports.refuse(record, cause=refusal)

    def _say(self, running: RunningCall, answer: RefusalAnswer) -> None:
        refuse = Refuse(answer.status, answer.phrase, answer.fields)
        self.then(running, refuse)

    def _answer_of(self, running: RunningCall, cause: RefusalCause) -> RefusalAnswer:
        return answer_refusal(
            cause,
            host=self._warning_host,
            language=running.language,
            status=running.chosen_status(cause),
            retry_after_s=self._identifiers.spread(*RETRY_AFTER_S),
        )

    # The end.

    def end(
        self,
        running: RunningCall,
        cause: str,
        *,
        released_by: Side,
        status: int,
        at: datetime | None = None,
        now: float,
    ) -> None:
        """Free the slots and charge: in memory at once, whatever is still to be said."""
        if running.phase is Phase.OVER:
            return
        self._stop_waiting(running)
        record = self._accounting.end(
            running.id,
            cause=cause,
            released_by=released_by,
            final_status=status,
            at=self._clock.utc() if at is None else at,
            now=now,
        )
        running.phase = Phase.OVER
        self._reports.end(record)
        self._settle_probes(running, is_alive=False)

    def _settle_probes(self, running: RunningCall, *, is_alive: bool) -> None:
        for waiter in self._probes.settle(running.id, is_alive=is_alive):
            waiting = self._calls.get(waiter)
            if waiting is not None:
                self._followups.append((waiting, None))

    def _arm_probe(self, running: RunningCall, *, now: float) -> None:
        if running.probe_deadline is not None:
            self._calls.cancel(running.probe_deadline)
        running.probe_deadline = self._calls.set_deadline(now + PROBE_INTERVAL_S, running, "probe")

    def _stop_waiting(self, running: RunningCall) -> None:
        self._probes.leave(running.id)
        if running.wait_deadline is not None:
            self._calls.cancel(running.wait_deadline)
            running.wait_deadline = None

    def then(self, running: RunningCall, event: CallEvent | None) -> None:
        """Tell a call something when the present step is over; None: to claim its place.

        Of one that goes on with another's legs, that other rings, and ends with it.
        """
        if running.is_forward and isinstance(event, Dial | Refuse):
            running = self._calls.host_of(running)
            event = event if isinstance(event, Dial) else Hangup(status=event.status)
        self._followups.append((running, event))
