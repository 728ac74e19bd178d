"""The one writer of slots and money: admits, charges and ends calls, in memory, without waiting.

Every decision becomes an event; the event is folded into the state at once and handed out to be
made durable. So a BYE frees its slot in the moment it is seen, and the state in memory is what
replaying the log gives. What must not happen before its event is durable (dialling, passing the
caller's 200 on) is call control's to hold back until `appended` has told it; what was taken for
an event that the log did not take is given back here, in `append_failed`.

Time comes twice: `at` says when (UTC, for people and the tariff calendar), `now` how long
(monotonic seconds). No duration is ever made of `at`.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

from freiton.accounting.admission import (
    CAUSE_OF_SLOT,
    AdmissionCause,
    AdmitRequest,
    Admitted,
    Cut,
    Refused,
    Side,
)
from freiton.accounting.call_records import (
    FAULT,
    LOST,
    RESTART,
    Attempt,
    CallEnding,
    record_of_abandoned,
    record_of_attempt,
    record_of_call,
    record_of_undone,
    stored_record,
)
from freiton.accounting.charged_call import ChargedCall
from freiton.accounting.charging_events import (
    AttemptRefused,
    CallAdmitted,
    CallAnswered,
    CallEnded,
    CallJoined,
    CallReadopted,
    GrantExtended,
    LogRecord,
    PersonalFields,
    ProcessStarted,
    SessionChanged,
    SlotMoved,
    TermsSet,
    ToppedUp,
)
from freiton.accounting.charging_state import ChargingState, ledger_account_id
from freiton.accounting.errors import AccountingError, UnknownCall
from freiton.accounting.grant_watch import GrantWatch
from freiton.accounting.instants import MICROSECONDS, Instant, us_of_seconds
from freiton.accounting.journal import Journal
from freiton.accounting.opening import admission, open_session
from freiton.accounting.rating_runs import RatingRuns
from freiton.accounting.slots import SlotClaim, SlotsFull
from rating.cdr import CallDetailRecord
from rating.charging import CreditLimitReached
from rating.engine import RatedCall
from rating.ledger import SpendingTerms

# Ended calls that can still be asked for; a repeat comes within moments.
ENDED_KEPT_MAX: Final = 4_096
REFERENCE_CHARS_MAX: Final = 128


class CallAccounting:
    """All calls of the accounts that this process owns. Not shared between threads."""

    __slots__ = (
        "_admissions",
        "_answer_seqs",
        "_confirmed",
        "_ended",
        "_grants",
        "_journal",
        "_position",
        "rating_runs",
        "state",
    )

    def __init__(
        self, state: ChargingState | None = None, *, boot_id: str, position: int = 0
    ) -> None:
        """Go on from a state; `position` is the last position of the log folded into it."""
        self.state = state or ChargingState()
        self._journal = Journal(self.state, boot_id=boot_id)
        self._grants = GrantWatch(self._journal)
        self.rating_runs = RatingRuns(self._journal)
        self._position = position
        self._admissions: dict[str, Admitted] = {}
        self._answer_seqs: dict[str, int] = {}
        # Calls whose answer is durable, or need not be: only they are charged.
        self._confirmed: set[str] = set()
        self._ended: OrderedDict[str, CallDetailRecord] = OrderedDict()
        for call in self.state.calls.values():
            call.price_as_promised()

    # What call control asks.

    def admit(self, request: AdmitRequest, *, at: datetime, now: float) -> Admitted | Refused:
        """Test and set slots and money in one step; a repeat gets the first answer.

        An emergency call is refused by nothing here, not even by a broken log.
        """
        known = self._admissions.get(request.call_id)
        if known is not None:
            return known
        if request.call_id in self.state.calls or request.call_id in self._ended:
            raise AccountingError(f"call {request.call_id} was admitted before")
        if not request.is_emergency and not self._journal.outbox.is_up:
            return Refused(AdmissionCause.LOG_DOWN)
        full = self.state.slots.find_full(
            request.call_id, request.claims, is_emergency=request.is_emergency
        )
        if full is not None:
            return _refused_for(full)
        session = open_session(self.state, request)
        if session.is_metered:
            self.configure_account(request.account_id, request.terms, at=at, now=now)
        answer = session.decide_initial(at=at)
        if isinstance(answer, CreditLimitReached):
            is_prepaid = request.terms.is_prepaid
            return Refused(
                AdmissionCause.NO_CREDIT if is_prepaid else AdmissionCause.SPENDING_LIMIT
            )
        event = admission(request, session, answer, when=self._journal.moment(at, now))
        numbers = PersonalFields(request.calling_number, request.called_number)
        admitted = Admitted(answer.grant, self._journal.enter(event, numbers))
        self.state.calls[request.call_id].session.quote = session.quote
        self._admissions[request.call_id] = admitted
        return admitted

    def move(
        self,
        call_id: str,
        from_owner: str,
        *,
        to: SlotClaim,
        trunk_id: str,
        at: datetime,
        now: float,
    ) -> Refused | None:
        """Change the slot of one trunk for that of the next; None when the place was found."""
        call = self._call(call_id)
        is_emergency = call.admitted.is_emergency
        full = self.state.slots.find_full(call_id, (to,), is_emergency=is_emergency)
        if full is not None:
            return _refused_for(full)
        self._journal.enter(
            SlotMoved(
                when=self._journal.moment(at, now),
                call_id=call_id,
                number=call.changes + 1,
                from_owner=from_owner,
                to_owner=to.owner,
                trunk_id=trunk_id,
            )
        )
        return None

    def answer(
        self, call_id: str, resume: bytes, *, at: datetime, now: float, joined_to: str = ""
    ) -> int:
        """Take the callee's 200 in; give the number to wait for before the caller gets its own.

        `resume` is what call control needs to speak on both legs after a restart; `joined_to` the
        call whose conversation the callee is put into.
        """
        known = self._answer_seqs.get(call_id)
        if known is not None:
            return known
        call = self._call(call_id)
        when = self._journal.moment(at, now)
        event = CallAnswered(when=when, call_id=call_id, joined_to=joined_to)
        seq = self._answer_seqs[call_id] = self._journal.enter(event, PersonalFields(resume=resume))
        if call.admitted.is_emergency:
            self._confirmed.add(call_id)
        self._grants.arm(call)
        return seq

    def change_session(
        self, call_id: str, resume: bytes, *, at: datetime, now: float
    ) -> int | None:
        """Keep how to speak on both legs from here on; give the number to wait for.

        Nobody waits after a re-INVITE, somebody who takes a place does; None for no open call.
        """
        call = self.state.calls.get(call_id)
        if call is None:
            return None
        when = self._journal.moment(at, now)
        event = SessionChanged(when=when, call_id=call_id, number=call.changes + 1)
        return self._journal.enter(event, PersonalFields(resume=resume))

    def join(self, call_id: str, joined_to: str, resume: bytes, *, at: datetime, now: float) -> int:
        """Make a call part of another's conversation, or, without a name, stand alone again.

        Nothing of what either costs changes. Gives the number to wait for before anybody hears it.
        """
        call = self._call(call_id)
        when = self._journal.moment(at, now)
        event = CallJoined(when=when, call_id=call_id, number=call.changes + 1, joined_to=joined_to)
        return self._journal.enter(event, PersonalFields(resume=resume))

    def running_cost(self, call_id: str, *, now: float) -> RatedCall | None:
        """Price a running call as if it ended now; None where it has no price."""
        call = self._call(call_id)
        return call.session.rate(call.talk_us(us_of_seconds(now)))

    def end(
        self,
        call_id: str,
        *,
        cause: str,
        released_by: Side,
        final_status: int | None = None,
        at: datetime,
        now: float,
    ) -> CallDetailRecord:
        """Free the slots, charge at most the grant, and give the record; a repeat gets the same.

        A call whose answer is not durable yet was never passed on to the caller: it is free. One
        that was not proven alive since a restart is charged to its last proof of life.
        """
        known = self._ended.get(call_id)
        if known is not None:
            return known
        call = self._call(call_id)
        when = self._journal.moment(at, now)
        if call.last_proof is not None:
            return self._close_lost(call, call.last_proof, when)
        talk_us = call.talk_us(when.mono_us)
        return self._close(
            call,
            CallEnding(cause, released_by, final_status),
            talk_us=talk_us,
            charged_us=talk_us if call_id in self._confirmed else 0,
            ended_at_us=when.at_us,
            when=when,
        )

    def withdraw_answer(self, call_id: str) -> None:
        """Learn that an answer, durable or not, was never passed on: the call is free."""
        self._confirmed.discard(call_id)

    def abandon(self, call_id: str, *, at: datetime, now: float) -> CallDetailRecord:
        """Free a call that cannot be ended, and charge nothing: the last resort after `end`.

        It asks nothing of price, quote and charging session, since one of them has just failed.
        A prepaid account gets back what used slices had cost; on a bill only records count.
        """
        call = self._call(call_id)
        when = self._journal.moment(at, now)
        paid_micros = sum(transfer.posted_micros for transfer in self.state.book.transfers(call_id))
        record = record_of_abandoned(call, when=when)
        self._record_refusal(call_id, record, when)
        if paid_micros and call.admitted.is_prepaid:
            self._journal.announce(
                ToppedUp(
                    when=when,
                    account_id=call.admitted.account_id,
                    amount_micros=paid_micros,
                    reference=f"{FAULT}/{call_id}",
                )
            )
        return record

    def is_open(self, call_id: str) -> bool:
        """Tell whether a call holds its slots and reservation."""
        return call_id in self.state.calls

    def refuse(self, attempt: Attempt, *, at: datetime, now: float) -> CallDetailRecord:
        """Record an attempt that never became a call; a repeat gets the first record."""
        known = self._ended.get(attempt.call_id)
        if known is not None:
            return known
        if attempt.call_id in self.state.calls:
            raise AccountingError(f"call {attempt.call_id} was admitted: end it")
        when = self._journal.moment(at, now)
        record = record_of_attempt(attempt, when=when)
        self._record_refusal(attempt.call_id, record, when)
        return record

    # What the operator's side asks.

    def top_up(
        self, account_id: str, amount_micros: int, *, reference: str, at: datetime, now: float
    ) -> int:
        """Pay into a prepaid account; it may be spent once the number given is acknowledged.

        `reference` is the payer's own: paying twice under one reference pays once.
        """
        if "/" in account_id or not 0 < len(reference) <= REFERENCE_CHARS_MAX or amount_micros <= 0:
            raise AccountingError(f"no payment: {amount_micros} to {account_id!r} ({reference!r})")
        return self._journal.announce(
            ToppedUp(
                when=self._journal.moment(at, now),
                account_id=account_id,
                amount_micros=amount_micros,
                reference=reference,
            )
        )

    def configure_account(
        self, account_id: str, terms: SpendingTerms, *, at: datetime, now: float
    ) -> None:
        """Set what an account may spend from here on; what runs is not cut by it at once."""
        ledger_id = ledger_account_id(account_id, is_prepaid=terms.is_prepaid)
        book = self.state.book
        if book.has_account(ledger_id) and book.account(ledger_id).terms == terms:
            return
        self._journal.enter(
            TermsSet(
                when=self._journal.moment(at, now),
                account_id=account_id,
                is_prepaid=terms.is_prepaid,
                daily_limit_micros=terms.daily_limit_micros,
            )
        )

    def accounts_in_call(self) -> set[str]:
        """Give the accounts whose calls cost money while they run."""
        calls = self.state.calls.values()
        return {call.admitted.account_id for call in calls if call.session.is_metered}

    # What the clock asks.

    def next_deadline(self) -> float | None:
        """Give the instant (monotonic seconds) at which `handle_deadlines` has something to see."""
        grants_us, heartbeat_us = self._grants.next_us(), self._journal.heartbeat_us()
        if grants_us is None or heartbeat_us is None:
            next_us = grants_us if heartbeat_us is None else heartbeat_us
        else:
            next_us = min(grants_us, heartbeat_us)
        return None if next_us is None else next_us / MICROSECONDS

    def handle_deadlines(self, *, at: datetime, now: float) -> list[Cut]:
        """Extend the grants that run out, name the calls to cut, and prove that we live."""
        when = self._journal.moment(at, now)
        cuts = self._grants.pass_deadlines(when)
        self._journal.beat(when)
        return cuts

    # What the log says.

    @property
    def is_log_up(self) -> bool:
        """Whether the log takes records, as far as anybody has said."""
        return self._journal.outbox.is_up

    @property
    def lost_records(self) -> int:
        """How many refusals could not be kept for a broken log."""
        return self._journal.outbox.lost

    def outgoing(self) -> list[LogRecord]:
        """Hand out the records to be made durable, in order, once."""
        return self._journal.outbox.drain()

    def appended(self, seq: int, position: int) -> None:
        """Learn that a record is durable; a past position says that it had been before."""
        record = self._journal.acknowledge(seq, is_first=position > self._position)
        self._position = max(self._position, position)
        if record is not None and isinstance(record.event, CallAnswered):
            self._confirm(record.event.call_id, seq)
        if not self._journal.outbox.is_up:
            self.log_restored()

    def append_failed(self, seq: int, *, at: datetime, now: float) -> None:
        """Learn that a record was not taken; give back what only a durable one could hold."""
        record = self._journal.outbox.fail(seq)
        if record is None:
            return
        event = record.event
        if isinstance(event, GrantExtended):
            self._grants.extension_failed(event.call_id)
        if not isinstance(event, CallAdmitted | CallAnswered):
            return
        call = self.state.calls.get(event.call_id)
        if call is None:
            return
        if call.admitted.is_emergency:
            # It goes on whatever the log says; what it left behind is told when somebody listens.
            self._journal.outbox.keep(record)
        elif call.admitted is event:
            when = self._journal.moment(at, now)
            undone = record_of_undone(call, AdmissionCause.LOG_DOWN, when=when)
            self._record_refusal(event.call_id, undone, when)

    def log_restored(self) -> None:
        """Learn that the log takes records again; hand out what waited for it."""
        self._journal.outbox.restore()
        self._grants.repeat_unsaved()

    # What recovery asks; see `freiton.accounting.recovery`.

    def begin(self, *, at: datetime, now: float) -> None:
        """Say that a new process holds the log: from here on only readoption proves a call."""
        when = self._journal.moment(at, now)
        self._journal.enter(ProcessStarted(when=when, open_calls=len(self.state.calls)))

    def readopt(self, call_id: str, *, at: datetime, now: float) -> None:
        """Both legs were proven alive: the call goes on, and the time between is talk time.

        After a reboot of the host the time between is not: its clock did not run.
        """
        call = self._call(call_id)
        if call.anchor is None or call.last_proof is None:
            raise AccountingError(f"call {call_id} is not waiting to be readopted")
        when = self._journal.moment(at, now)
        if self._journal.is_of_this_boot(call.anchor):
            talked_us = call.talk_us(when.mono_us)
        else:
            talked_us = call.talk_us_at(call.last_proof)
        self._journal.enter(CallReadopted(when=when, call_id=call_id, talked_us=talked_us))
        self._confirmed.add(call_id)
        self._grants.arm(call)

    def close_lost(self, call_id: str, *, at: datetime, now: float) -> CallDetailRecord:
        """Close a call of a former process at its last proof of life; unanswered it is free."""
        known = self._ended.get(call_id)
        if known is not None:
            return known
        call = self._call(call_id)
        if call.last_proof is None:
            raise AccountingError(f"call {call_id} is held by this process: end it")
        return self._close_lost(call, call.last_proof, self._journal.moment(at, now))

    def _call(self, call_id: str) -> ChargedCall:
        call = self.state.calls.get(call_id)
        if call is None:
            raise UnknownCall(f"no open call {call_id}")
        return call

    def _confirm(self, call_id: str, seq: int) -> None:
        if self._answer_seqs.get(call_id) == seq and call_id in self.state.calls:
            self._confirmed.add(call_id)

    def _close_lost(self, call: ChargedCall, proof: Instant, when: Instant) -> CallDetailRecord:
        talk_us = call.talk_us_at(proof)
        ending = CallEnding(LOST, "switch", partial_cause=RESTART)
        return self._close(
            call, ending, talk_us=talk_us, charged_us=talk_us, ended_at_us=proof.at_us, when=when
        )

    def _close(
        self,
        call: ChargedCall,
        ending: CallEnding,
        *,
        talk_us: int,
        charged_us: int,
        ended_at_us: int,
        when: Instant,
    ) -> CallDetailRecord:
        rated = call.session.rate(charged_us) if charged_us > 0 else None
        record = record_of_call(call, ending, talk_us=talk_us, rated=rated, ended_at_us=ended_at_us)
        call_id = call.admitted.call_id
        self._journal.enter(
            CallEnded(
                when=when,
                call_id=call_id,
                record=stored_record(record),
                charged_micros=record.gross_micros,
                allowance_used_s=dict(record.allowance_used_s),
            ),
            PersonalFields(call.personal.calling_number, call.personal.called_number),
        )
        self._forget(call_id, record)
        return record

    def _record_refusal(self, call_id: str, record: CallDetailRecord, when: Instant) -> None:
        self._journal.enter(
            AttemptRefused(when=when, call_id=call_id, record=stored_record(record)),
            PersonalFields(record.calling_number, record.called_number),
        )
        self._forget(call_id, record)

    def _forget(self, call_id: str, record: CallDetailRecord) -> None:
        self._grants.forget(call_id)
        self._admissions.pop(call_id, None)
        self._answer_seqs.pop(call_id, None)
        self._confirmed.discard(call_id)
        self._ended[call_id] = record
        if len(self._ended) > ENDED_KEPT_MAX:
            self._ended.popitem(last=False)


def _refused_for(full: SlotsFull) -> Refused:
    return Refused(CAUSE_OF_SLOT[full.claim.kind], full.holders, full.claim.owner)
