"""Calls that have become one conversation: each keeps its own charge, one speaks for all.

The *host* is the running call whose legs talk; a *guest* is a call that is still charged, or owes a
goodbye, while its leg is the host's. A charge lives with a leg: it ends when that leg leaves, and
when the conversation ends all of them end at the same instant (decision 110).
"""

from __future__ import annotations

from typing import Final

from freiton.accounting.call_accounting import CallAccounting
from freiton.calls.call_conditions import CallConditions
from freiton.calls.call_registry import CallRegistry
from freiton.calls.call_stages import CallStages, Redirected
from freiton.calls.ports import WallClock
from freiton.calls.running_call import Phase, RunningCall
from freiton.routing.decision import Connect
from freiton.routing.directory import Device
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import (
    Abandoned,
    AnswerRefer,
    Hangup,
    Join,
    Joined,
    JoinFailed,
    NotReached,
    Reached,
    Referred,
    Released,
    Replace,
    ReportRefer,
    Side,
)
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.referred_call import ReferredCall
from sipcore.b2bua.resume import write_record
from sipcore.b2bua.seating import joined_record, offer_for_newcomer, surrender
from sipcore.b2bua.settings import CallSettings
from sipcore.b2bua.silent_call import SilentCall
from sipcore.dialog.dialog import DialogId
from sipcore.identifiers import Identifiers
from sipcore.message import Request

JOIN_FAILED: Final = "join-failed"
"""What ended a call that was answered but could not be put through to who waited for it."""

JOINED_CUT: Final = "joined-call-cut"
"""What ended a call because the one that it was joined with was cut."""

LEFT: Final = "transferred"
"""What ended the charge of a leg that handed the conversation on."""

RINGING: Final = 180

TransferCommand = Referred | NotReached | Reached | Joined | JoinFailed


class Joins:
    """Follows what calls say about transfers; charges are ended by the stages."""

    def __init__(
        self,
        registry: CallRegistry,
        accounting: CallAccounting,
        stages: CallStages,
        *,
        identifiers: Identifiers,
        clock: WallClock,
        settings: CallSettings,
    ) -> None:
        self._identifiers = identifiers
        self._settings = settings
        self._calls = registry
        self._accounting = accounting
        self._stages = stages
        self._clock = clock
        self._referrals: list[tuple[RunningCall, Referred]] = []

    def take_referrals(self) -> list[tuple[RunningCall, Referred]]:
        """Return the transfers that peers have asked for, once."""
        referrals, self._referrals = self._referrals, []
        return referrals

    def perform(self, running: RunningCall, command: TransferCommand, *, now: float) -> None:
        """Do what a call says about a transfer."""
        match command:
            case Referred():
                self._referrals.append((running, command))
            case NotReached(status=status, reason=reason):
                self._report(running, ReportRefer(status, reason))
            case Reached():
                self._reached(running)
            case Joined(calls=calls, ended=ended):
                self._joined(running, calls, ended, now=now)
            case JoinFailed(status=status, calls=calls):
                gone, running.leaving = (*calls, *running.leaving), ()
                for call_id in gone:
                    self._end(call_id, JOIN_FAILED, status=status, now=now)

    # A call that a phone sent elsewhere.

    def take_redirected(self) -> list[Redirected]:
        """Return the calls that phones have sent elsewhere, once."""
        return self._stages.take_redirected()

    @property
    def has_redirected(self) -> bool:
        """Whether a phone has sent a call elsewhere."""
        return self._stages.has_redirected

    def end_redirected(self, running: RunningCall, status: int) -> None:
        """End a call that cannot go on to where a phone sent it."""
        if running.id in self._calls:
            self._stages.then(running, Hangup(status=status))

    def forward(self, host: RunningCall, decision: Connect, *, conditions: CallConditions) -> None:
        """Let a call go on to another destination, charged beside it and dialled by it."""
        running = RunningCall(
            self._identifiers.call_id(),
            SilentCall(),
            decision=decision,
            conditions=conditions,
            referred_from=host.id,
        )
        running.is_forward = running.is_silent = True
        self._calls.add(running)
        self._calls.be_guest(running, host)
        host.forward = running.id
        host.redirections += 1
        self._stages.then(running, None)

    # A call on somebody's behalf.

    def tell(self, running: RunningCall, event: AnswerRefer | ReportRefer) -> None:
        """Tell a call, if it still is one, what becomes of a transfer."""
        if running.id in self._calls:
            self._stages.then(running, event)

    def start(
        self,
        host: RunningCall,
        invite: Request,
        decision: Connect,
        *,
        device: Device | None,
        conditions: CallConditions,
    ) -> None:
        """Set up the call that a party of another one asked for by a transfer."""
        call = ReferredCall(
            self._identifiers.call_id(),
            invite,
            offer_for_newcomer(_bridge_of(host)),
            identifiers=self._identifiers,
            settings=self._settings,
        )
        running = RunningCall(
            call.call_id,
            call,
            decision=decision,
            device=device,
            conditions=conditions,
            referred_from=host.id,
        )
        self._calls.add(running)
        self._stages.then(running, None)

    def in_dialog(self, dialog_id: DialogId) -> RunningCall | None:
        """Return the call of a dialog, in any phase."""
        return self._calls.of_dialog(dialog_id)

    def replace(self, running: RunningCall, replace: Replace) -> None:
        """Let somebody take a place in a conversation."""
        self._stages.then(running, replace)

    def talking_in(self, dialog_id: DialogId) -> RunningCall | None:
        """Return the call that is talked on in this dialog."""
        running = self._calls.of_dialog(dialog_id)
        return None if running is None or running.phase is not Phase.TALKING else running

    def party_in(self, running: RunningCall, dialog_id: DialogId) -> str:
        """Return who rings or talks in a dialog of a call, as its leg has it."""
        ringing = running.call.ringing
        attempt = None if ringing is None else ringing.attempt_in(dialog_id)
        if attempt is not None:
            return attempt.target.party
        leg = _leg_in(running, dialog_id)
        return "" if leg is None else leg.party

    def rang(self, running: RunningCall) -> None:
        """Tell the transferor that it rings."""
        self._report(running, ReportRefer(RINGING))

    def append(self, running: RunningCall, resume: bytes, *, now: float) -> None:
        """Record an answer, or who takes a place in a conversation, and wait for that."""
        is_talking = running.phase is Phase.TALKING
        record = self.updated if is_talking else self._answered
        running.answered_seq = record(running, resume, now=now)
        if running.answered_seq is not None:
            self._calls.await_record(running, running.answered_seq)

    def _answered(self, running: RunningCall, resume: bytes, *, now: float) -> int:
        """Record an answer; return the number to wait for.

        That of a referred call holds both legs that are going to talk: from the moment that it is
        durable, a restart would go on with those.
        """
        for forward in self._calls.guests(running.id):
            # First, so that the one that is waited for is durable last.
            if forward.phase is not Phase.OVER:
                self._accounting.answer(
                    forward.id, b"", at=self._clock.utc(), now=now, joined_to=running.id
                )
        host = self._calls.get(running.referred_from)
        joined_to = ""
        call = running.call
        if isinstance(call, ReferredCall) and host is not None and call.leg is not None:
            resume = joined_record(
                _bridge_of(host), call.leg, calls=self._ids(running), others=self._ids(host)
            )
            joined_to, running.has_record = host.id, True
        return self._accounting.answer(
            running.id, resume, at=self._clock.utc(), now=now, joined_to=joined_to
        )

    def _reached(self, running: RunningCall) -> None:
        host = self._calls.get(running.referred_from)
        call = running.call
        leg = call.take_leg() if host is not None and isinstance(call, ReferredCall) else None
        if host is None or leg is None:
            self._stages.then(running, Hangup(status=480))
            return
        calls, others = self._ids(running), self._ids(host)
        for guest in (running, *self._calls.guests(running.id)):
            self._move(guest, host)
        self._stages.then(host, Join(leg, calls=calls, others=others))

    def _ids(self, host: RunningCall) -> tuple[str, ...]:
        """Return the calls that end with the called leg of a conversation nobody has left yet."""
        return (host.id, *(one.id for one in self._calls.guests(host.id) if one.is_forward))

    def _report(self, running: RunningCall, report: ReportRefer) -> None:
        host = self._calls.get(running.referred_from)
        if host is not None and not running.host:
            self._stages.then(host, report)

    # Two calls that talk already.

    def begin(
        self, host: RunningCall, other: RunningCall, dialog_id: DialogId, *, now: float
    ) -> bool:
        """Write down that the leg opposite ``dialog_id`` goes over to the host; True if it can.

        ``durable`` does it.
        """
        transferor = _leg_in(other, dialog_id)
        leg = None if transferor is None else _bridge_of(other).opposite(transferor)
        if leg is None or transferor is None or other.joining is not None:
            return False
        record = joined_record(
            _bridge_of(host),
            leg,
            calls=leg.calls or self._ids(other),
            others=self._ids(host),
            parting=(transferor,),
        )
        at = self._clock.utc()
        other.join_seq = self._accounting.join(other.id, host.id, record, at=at, now=now)
        other.has_record = True
        other.joining = (host.id, dialog_id)
        self._calls.await_record(other, other.join_seq)
        return True

    def durable(self, other: RunningCall, *, now: float) -> None:
        """Let the leg go over, now that a restart would find it there."""
        host, dialog_id = self._take_joining(other)
        transferor = None if dialog_id is None else _leg_in(other, dialog_id)
        leg = None if transferor is None else surrender(_bridge_of(other), transferor)
        if host is None or leg is None:
            self._undo(other, host, status=480, now=now)
            return
        calls = leg.calls or self._ids(other)
        for guest in (other, *self._calls.guests(other.id)):
            if guest.id in calls:
                self._move(guest, host)
            else:
                host.leaving += (guest.id,)
                self._calls.be_guest(guest, host)
        self._calls.refresh(other)
        self._stages.then(host, Join(leg, calls=calls, others=self._ids(host)))

    def lost(self, other: RunningCall, *, now: float) -> None:
        """Leave both calls as they are, since nobody can say whether the log knows of it."""
        host, _ = self._take_joining(other)
        self._undo(other, host, status=503, now=now)

    def _undo(
        self, other: RunningCall, host: RunningCall | None, *, status: int, now: float
    ) -> None:
        other.has_record = False
        bridge = _bridge_of(other)
        if self._accounting.is_open(other.id) and bridge.callee is not None:
            record = write_record(bridge.caller, bridge.callee, target=bridge.callee.target)
            self._accounting.join(other.id, "", record, at=self._clock.utc(), now=now)
        if host is not None:
            self._stages.then(host, ReportRefer(status))

    def _take_joining(self, other: RunningCall) -> tuple[RunningCall | None, DialogId | None]:
        joining, other.joining, other.join_seq = other.joining, None, None
        if joining is None or other.phase is not Phase.TALKING:
            return None, None
        host = self._calls.get(joining[0])
        if host is None or host.phase is not Phase.TALKING:
            return None, None
        return host, joining[1]

    # One conversation.

    def updated(self, host: RunningCall, resume: bytes, *, now: float) -> int | None:
        """Keep how to speak on both legs; one of the calls keeps it for all.

        Returns the number of that record, None when no call is open any more.
        """
        at = self._clock.utc()
        open_calls = [
            one for one in (host, *self._calls.guests(host.id)) if self._accounting.is_open(one.id)
        ]
        seq: int | None = None
        for keeper in open_calls[:1]:
            seq = self._accounting.change_session(keeper.id, resume, at=at, now=now)
            keeper.has_record = True
        for other in open_calls[1:]:
            if other.has_record:
                other.has_record = False
                self._accounting.join(other.id, host.id, b"", at=at, now=now)
        return seq

    def released(self, host: RunningCall, released: Released, *, now: float) -> None:
        """End every call of a conversation that is over, at this instant."""
        guests = self._calls.guests(host.id)
        if any(one.cut_reason for one in (host, *guests)):
            for one in (host, *guests):
                one.cut_reason = one.cut_reason or JOINED_CUT
        at = self._clock.utc()
        self._stages.released(host, released, at=at, now=now)
        self._give_up(host)
        for guest in guests:
            side = _side_of_guest(guest, released)
            told = Released(side, released.reason, released.status, is_told=released.is_told)
            self._stages.released(guest, told, at=at, now=now)
            self._stages.then(guest, Hangup())
            self._forget_if_silent(guest)

    def abandoned(self, host: RunningCall, abandoned: Abandoned, *, now: float) -> None:
        """End a call that ended before any target answered, and what it had gone on with."""
        self._stages.abandoned(host, abandoned, now=now)
        for guest in self._calls.guests(host.id):
            if guest.phase is not Phase.OVER:
                self._stages.abandoned(guest, abandoned, now=now)
            self._forget_if_silent(guest)

    def resumed(self, guest: RunningCall, host: RunningCall) -> None:
        """Take a call up that was part of another's conversation before a restart."""
        guest.is_silent = guest.has_record = True
        # Before any transfer only a phone's 3xx makes one conversation of two calls.
        guest.is_forward = not any(leg.calls for leg in host.call.legs())
        self._move(guest, host)

    def proven(self, host: RunningCall, *, is_alive: bool, now: float) -> None:
        """Learn whether both legs of a conversation live, for all its calls."""
        self._stages.proven(host, is_alive=is_alive, now=now)
        for guest in self._calls.guests(host.id) if is_alive else ():
            self._stages.settle_alive(guest, now=now)

    def _joined(
        self, host: RunningCall, calls: tuple[str, ...], ended: tuple[str, ...], *, now: float
    ) -> None:
        gone, host.leaving = (*ended, *host.leaving), ()
        for call_id in gone:
            self._end(call_id, LEFT, status=200, now=now)
        for guest in self._calls.guests(host.id):
            if isinstance(guest.call, Call):
                # The transferor's own leg of a consultation.
                self._stages.then(guest, Hangup())
            if guest.id in calls:
                self._stages.joined(guest, now=now)

    def _end(self, call_id: str, cause: str, *, status: int, now: float) -> None:
        """End the charge of a leg that is no more; its call may still have a goodbye to say."""
        running = self._calls.get(call_id)
        if running is None:
            return
        by: Side = "callee" if cause == LEFT else "switch"
        self._stages.end(running, cause, released_by=by, status=status, now=now)
        self._stages.then(running, Hangup())
        self._forget_if_silent(running)

    def _give_up(self, host: RunningCall) -> None:
        for running in self._calls.errands(host.id):
            self._stages.then(running, Hangup(status=487))

    def _move(self, guest: RunningCall, host: RunningCall) -> None:
        self._calls.be_guest(guest, host)
        self._stages.stop_probing(guest)

    def _forget_if_silent(self, running: RunningCall) -> None:
        if running.is_silent:
            self._stages.forget(running)


def _bridge_of(running: RunningCall) -> Bridge:
    if not isinstance(running.call, Call):
        raise TypeError("a call without a caller has no transferor")
    return running.call.bridge


def _leg_in(running: RunningCall, dialog_id: DialogId) -> Leg | None:
    return running.call.leg_in(dialog_id) if isinstance(running.call, Call) else None


def _side_of_guest(guest: RunningCall, released: Released) -> Side:
    """Return who ended it, as the guest's own record sees it: its leg is the called one.

    Before any transfer its legs are the host's.
    """
    if released.released_by == "switch" or not released.calls:
        return released.released_by
    return "callee" if guest.id in released.calls else "caller"
