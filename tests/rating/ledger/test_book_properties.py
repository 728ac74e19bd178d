from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rating.ledger import Book, InsufficientFunds, SpendingTerms, Transfer, TransferId
from rating.ledger.transfer import TransferState

START = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
LIMIT = 5_000


class BookMachine(RuleBasedStateMachine):
    """Random requests, repeats and double releases against a model of plain sums."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.book.open_account("pre", SpendingTerms.prepaid())
        self.book.open_account("post", SpendingTerms.postpaid(LIMIT))
        self.at = START
        self.paid_in = 0
        self.payments: dict[str, int] = {}
        self.open: dict[TransferId, tuple[str, int]] = {}
        self.closed: dict[TransferId, Transfer] = {}
        self.refused: dict[TransferId, InsufficientFunds] = {}
        self.charged = {"pre": 0, "post": 0}

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(reference=st.sampled_from("abcdef"), micros=st.integers(0, 10_000))
    def pay(self, reference: str, micros: int) -> None:
        self.book.top_up(TransferId(reference, 0), "pre", amount_micros=micros, at=self.at)
        if reference not in self.payments:
            self.payments[reference] = micros
            self.paid_in += micros

    @rule(
        session=st.sampled_from(["c1", "c2", "c3"]),
        number=st.integers(0, 8),
        account=st.sampled_from(["pre", "post"]),
        micros=st.integers(0, 3_000),
    )
    def reserve(self, session: str, number: int, account: str, micros: int) -> None:
        transfer_id = TransferId(session, number)
        first = self.open.get(transfer_id)
        available = self.book.available_micros(account, at=self.at)
        assert available is not None
        answer = self.book.reserve(transfer_id, account, amount_micros=micros, at=self.at)
        if transfer_id in self.closed:
            assert answer is self.closed[transfer_id]
        elif first is not None:
            assert isinstance(answer, Transfer)
            assert (answer.debit_account_id, answer.amount_micros) == first
        elif transfer_id in self.refused:
            assert answer is self.refused[transfer_id]
        elif isinstance(answer, InsufficientFunds):
            assert micros > available
            self.refused[transfer_id] = answer
        else:
            assert micros <= available
            self.open[transfer_id] = (account, micros)

    @rule(data=st.data(), how=st.sampled_from(["post", "void", "expire"]))
    def resolve(self, data: st.DataObject, how: str) -> None:
        known = sorted([*self.open, *self.closed])
        if not known:
            return
        transfer_id = data.draw(st.sampled_from(known))
        if transfer_id in self.closed:
            assert self.book.void(transfer_id) is self.closed[transfer_id]
            return
        account, reserved = self.open.pop(transfer_id)
        if how == "post":
            used = data.draw(st.integers(0, reserved))
            self.closed[transfer_id] = self.book.post(transfer_id, amount_micros=used)
            self.charged[account] += used
        elif how == "void":
            self.closed[transfer_id] = self.book.void(transfer_id)
        else:
            self.closed[transfer_id] = self.book.expire(transfer_id)

    @rule()
    def restart(self) -> None:
        record = self.book.to_record()
        self.book = Book.from_record(record)
        assert self.book.to_record() == record
        self.refused.clear()
        self.closed = {
            transfer.id: transfer
            for session in ("c1", "c2", "c3")
            for transfer in self.book.transfers(session)
            if transfer.state is not TransferState.PENDING
        }

    @invariant()
    def sums_are_zero(self) -> None:
        assert self.book.imbalance_micros() == (0, 0)

    @invariant()
    def nothing_is_lost_or_twice(self) -> None:
        for name in ("pre", "post"):
            account = self.book.account(name)
            pending = sum(micros for owner, micros in self.open.values() if owner == name)
            assert account.debits_pending == pending
            assert account.debits_posted == self.charged[name]
        assert self.book.account("pre").balance_micros == self.paid_in - self.charged["pre"]

    @invariant()
    def prepaid_never_owes(self) -> None:
        account = self.book.account("pre")
        assert account.balance_micros >= account.debits_pending

    @invariant()
    def no_date_is_overspent(self) -> None:
        assert all(0 <= spent <= LIMIT for spent in self.book.account("post").spent_on.values())


TestBook = BookMachine.TestCase
TestBook.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
