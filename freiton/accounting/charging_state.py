"""The fold of the charging log: balances, slots and open calls as they follow from its events.

The process that decides and the reader that replays run the same `apply`, so that the state in
memory is the fold of the log by construction. Nothing here decides: an event is a fact, even
where replaying it would be refused today.
"""

from __future__ import annotations

from collections.abc import Sequence

from freiton.accounting.charged_call import NOBODY, ChargedCall
from freiton.accounting.charging_events import (
    AnyEvent,
    AttemptRefused,
    CallAdmitted,
    CallAnswered,
    CallEnded,
    CallJoined,
    CallReadopted,
    CallRerated,
    GrantExtended,
    Heartbeat,
    PersonalFields,
    ProcessStarted,
    RatingRunBegun,
    SessionChanged,
    SlotMoved,
    TermsSet,
    ToppedUp,
)
from freiton.accounting.instants import Instant, datetime_of
from freiton.accounting.slots import Slots
from rating.allowances import (
    AllowanceBook,
    AllowanceKey,
    AllowanceShare,
    AllowanceTerms,
    period_of,
)
from rating.charging import ChargingSession, CreditControlAnswer, Grant
from rating.engine import Quote
from rating.ledger import Book, SpendingTerms, TransferId


def ledger_account_id(account_id: str, *, is_prepaid: bool) -> str:
    """Name the money account of a telephone account; what is owed and what is paid never mix."""
    return f"prepaid/{account_id}" if is_prepaid else f"postpaid/{account_id}"


class ChargingState:
    """What the log says so far."""

    __slots__ = (
        "allowances",
        "answered_count",
        "book",
        "calls",
        "last_alive",
        "rating_run",
        "rating_run_id",
        "slots",
    )

    def __init__(self, book: Book | None = None, allowances: AllowanceBook | None = None) -> None:
        self.book = book or Book()
        self.allowances = allowances or AllowanceBook()
        self.slots = Slots()
        self.calls: dict[str, ChargedCall] = {}
        self.answered_count = 0
        self.last_alive: Instant | None = None
        # The newest rating run; 0 and no id before the first.
        self.rating_run = 0
        self.rating_run_id = ""

    def apply(self, event: AnyEvent, personal: PersonalFields | None = None) -> None:
        """Fold one event; an event about a call that is not open changes nothing."""
        match event:
            case CallAdmitted():
                self._admit(event, personal or NOBODY)
            case CallAnswered():
                self._answer(event, personal)
            case SessionChanged():
                self._change(event, personal)
            case CallJoined():
                self._change(event, personal)
                self._join(event.call_id, event.joined_to)
            case GrantExtended():
                self._extend(event)
            case CallEnded():
                self._end(event)
            case AttemptRefused():
                self._close(event.call_id)
            case SlotMoved():
                self._move(event)
            case CallReadopted():
                self._readopt(event)
            case RatingRunBegun():
                self.rating_run, self.rating_run_id = event.number, event.run_id
            case CallRerated():
                self._rerate(event)
            case ToppedUp():
                self._top_up(event)
            case TermsSet():
                self._set_terms(event)
            case ProcessStarted():
                self._start_process()
            case Heartbeat():
                pass
        self._prove_life(event)

    def new_session(
        self,
        call_id: str,
        account_id: str,
        *,
        is_prepaid: bool,
        cap_s: int,
        allowances: Sequence[AllowanceTerms] = (),
        quote: Quote | None = None,
    ) -> ChargingSession:
        """Make a call's charging session on the books of its account."""
        share = AllowanceShare(call_id, self.allowances, account_id=account_id, terms=allowances)
        return ChargingSession(
            call_id,
            self.book,
            account_id=ledger_account_id(account_id, is_prepaid=is_prepaid),
            cap_s=cap_s,
            quote=quote,
            allowances=share,
        )

    def open_call(self, call: ChargedCall, owners: tuple[str, ...]) -> None:
        """Enter an open call with its slots."""
        admitted = call.admitted
        self.calls[admitted.call_id] = call
        self.slots.hold(admitted.call_id, owners, is_emergency=admitted.is_emergency)
        self.answered_count += call.is_answered

    def _admit(self, event: CallAdmitted, personal: PersonalFields) -> None:
        if event.call_id in self.calls:
            return
        session = self.new_session(
            event.call_id,
            event.account_id,
            is_prepaid=event.is_prepaid,
            cap_s=event.cap_s,
            allowances=event.allowances,
        )
        session.allowances.grant()
        if event.price_micros:
            self._ensure_account(session.account_id, is_prepaid=event.is_prepaid)
        answer = CreditControlAnswer(
            0, Grant(event.granted_s, event.is_final), event.price_micros, event.spans
        )
        session.enter(answer, used_s=0, at=event.when.at)
        self.open_call(ChargedCall(event, session, personal), event.owners)

    def _answer(self, event: CallAnswered, personal: PersonalFields | None) -> None:
        call = self.calls.get(event.call_id)
        if call is None or call.is_answered:
            return
        call.answered = call.anchor = event.when
        self.answered_count += 1
        if personal is not None:
            call.personal = PersonalFields(
                call.personal.calling_number, call.personal.called_number, personal.resume
            )
        self._join(event.call_id, event.joined_to)

    def _join(self, call_id: str, joined_to: str) -> None:
        """Remember on both calls that they were one conversation: their records will say so."""
        call = self.calls.get(call_id)
        if call is None:
            return
        call.joined_to = joined_to
        other = self.calls.get(joined_to)
        if other is not None:
            call.joined = _with(call.joined, joined_to)
            other.joined = _with(other.joined, call_id)

    def _change(self, event: SessionChanged | CallJoined, personal: PersonalFields | None) -> None:
        call = self.calls.get(event.call_id)
        if call is None:
            return
        call.changes = event.number
        if personal is not None:
            call.personal = PersonalFields(
                call.personal.calling_number, call.personal.called_number, personal.resume
            )

    def _extend(self, event: GrantExtended) -> None:
        call = self.calls.get(event.call_id)
        if call is None or event.granted_s <= call.session.grant.seconds:
            return
        answer = CreditControlAnswer(
            event.request_number,
            Grant(event.granted_s, event.is_final),
            event.price_micros,
            event.spans,
        )
        if event.price_micros:
            # Free seconds or an allowance may have been all that the call has asked for so far.
            self._ensure_account(call.session.account_id, is_prepaid=call.admitted.is_prepaid)
        call.session.enter(answer, used_s=event.used_s, at=event.when.at)

    def _end(self, event: CallEnded) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            call.session.enter_termination(
                event.charged_micros, allowance_used_s=event.allowance_used_s, at=event.when.at
            )
            self._close(event.call_id)

    def _close(self, call_id: str) -> None:
        call = self.calls.pop(call_id, None)
        if call is None:
            return
        # The slots first, and what is reserved whatever the session says: a call whose ending
        # failed half-way is closed here as well, and must leave nothing held.
        self.slots.release(call_id)
        self.answered_count -= call.is_answered
        for transfer in self.book.transfers(call_id):
            self.book.expire(transfer.id)
        self.book.forget(call_id)
        self.allowances.give_back(call_id)

    def _move(self, event: SlotMoved) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            self.slots.replace(
                event.call_id,
                event.from_owner,
                event.to_owner,
                is_emergency=call.admitted.is_emergency,
            )
            call.trunk_id = event.trunk_id
            call.changes = event.number

    def _readopt(self, event: CallReadopted) -> None:
        call = self.calls.get(event.call_id)
        if call is not None and call.is_answered:
            call.anchor = event.when
            call.talked_us = event.talked_us
            call.last_proof = None

    def _top_up(self, event: ToppedUp) -> None:
        account_id = ledger_account_id(event.account_id, is_prepaid=True)
        self._ensure_account(account_id, is_prepaid=True)
        transfer_id = TransferId(event.key, 0)
        self.book.top_up(
            transfer_id,
            account_id,
            amount_micros=event.amount_micros,
            at=event.when.at,
        )
        # The log's unique key recognises a repeat for ever; the book need not remember it too.
        self.book.forget(event.key)

    def _rerate(self, event: CallRerated) -> None:
        started_at = datetime_of(event.started_us)
        account_id = ledger_account_id(event.account_id, is_prepaid=event.is_prepaid)
        self._ensure_account(account_id, is_prepaid=event.is_prepaid)
        self.book.correct(
            account_id,
            refund_micros=event.refund_micros,
            charge_micros=event.charge_micros,
            at=started_at,
        )
        refund_s, used_s = event.allowance_refund_s, event.allowance_used_s
        for option_id in {**refund_s, **used_s}:
            self.allowances.correct(
                AllowanceKey(event.account_id, option_id, period_of(started_at)),
                refund_s=refund_s.get(option_id, 0),
                used_s=used_s.get(option_id, 0),
            )

    def _set_terms(self, event: TermsSet) -> None:
        self.book.open_account(
            ledger_account_id(event.account_id, is_prepaid=event.is_prepaid),
            SpendingTerms(event.is_prepaid, event.daily_limit_micros),
        )

    def _ensure_account(self, account_id: str, *, is_prepaid: bool) -> None:
        if not self.book.has_account(account_id):
            self.book.open_account(account_id, SpendingTerms(is_prepaid))

    def _start_process(self) -> None:
        for call in self.calls.values():
            call.restarts += 1
            if call.last_proof is None:
                call.last_proof = self.last_alive

    def _prove_life(self, event: AnyEvent) -> None:
        if isinstance(event, RatingRunBegun | CallRerated):
            return  # looking back is possible without a switch, and says nothing of open calls
        newest = self.last_alive
        when = event.when
        # An event that waited for a broken log is older than those of calls that went on.
        if newest is None or when.boot_id != newest.boot_id or when.mono_us > newest.mono_us:
            self.last_alive = when


def _with(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    return ids if one in ids else (*ids, one)
