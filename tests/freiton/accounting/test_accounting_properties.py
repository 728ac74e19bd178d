from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from freiton.accounting.admission import Admitted
from freiton.accounting.call_records import load_record
from freiton.accounting.charging_events import AnyEvent, CallAnswered, CallEnded, LogRecord
from rating.allowances import AllowanceTerms
from rating.cdr import CallDetailRecord
from rating.ledger import SpendingTerms
from tests.freiton.accounting.desk import PREPAID, Desk, flatrate, trunk

CALLS = ("c1", "c2", "c3", "c4", "c5")
LIMIT = SpendingTerms.postpaid(60_000)
FREE_S, PACKAGE_S = 40, 25
MONTHS = ("2026-04", "2026-05", "2026-06")


class AccountingMachine(RuleBasedStateMachine):
    """Calls, payments, a log that breaks at any record, and a process that dies at any moment.

    All calls share the allowances of one account, which begin anew with each month. A call id is
    used again only in a new run, so a suffix counts the lives of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.lives = dict.fromkeys(CALLS, 0)
        self.records: dict[str, CallDetailRecord] = {}
        self.true_talk: dict[str, float] = {}
        self.unproven: set[str] = set()
        self.payments = 0
        self.paid = 0
        self.month = 0
        self.month_of: dict[str, str] = {}
        # What the ended calls used of allowances, as far as this process knows.
        self.used: dict[str, dict[str, int]] = {}

    def name(self, call: str) -> str:
        return f"{call}.{self.lives[call]}"

    def is_open(self, call: str) -> bool:
        return self.name(call) in self.desk.accounting.state.calls

    @rule(
        call=st.sampled_from(CALLS),
        terms=st.sampled_from([PREPAID, LIMIT]),
        options=st.integers(0, 2),
    )
    def admit(self, call: str, terms: SpendingTerms, options: int) -> None:
        if self.is_open(call) and self.name(call) not in self.desk.accounting._admissions:
            return  # it was readopted, or waits to be
        if self.name(call) in self.desk.accounting._ended or self.name(call) in self.records:
            self.lives[call] += 1
        month = self.month_of.setdefault(self.name(call), MONTHS[self.month])
        answer = self.desk.admit(
            self.name(call),
            flatrate(3),
            trunk("a", 4, reserved=1),
            terms=terms,
            allowances=allowances_of(month)[:options],
        )
        assert isinstance(answer, Admitted) or not self.is_open(call)

    @precondition(lambda self: self.month + 1 < len(MONTHS))
    @rule()
    def a_new_month_begins(self) -> None:
        self.month += 1

    @rule(number=st.integers(1, 3))
    def admit_emergency(self, number: int) -> None:
        name = f"sos{number}.{len(self.records)}"
        assert isinstance(self.desk.admit(name, trunk("a", 4, 1), is_emergency=True), Admitted)
        self.write()
        self.note(self.desk.end(name))

    @rule(call=st.sampled_from(CALLS))
    def answer(self, call: str) -> None:
        if self.is_open(call) and self.name(call) not in self.unproven:
            self.desk.answer(self.name(call))
            self.true_talk.setdefault(self.name(call), self.desk.now)

    @rule(call=st.sampled_from(CALLS))
    def end(self, call: str) -> None:
        if self.is_open(call):
            self.close(call)

    @rule(call=st.sampled_from(CALLS), to=st.sampled_from("ab"))
    def move(self, call: str, to: str) -> None:
        if self.is_open(call):
            other = "a" if to == "b" else "b"
            self.desk.accounting.move(
                self.name(call),
                f"trunk/{other}",
                to=trunk(to, 4, reserved=1),
                trunk_id=to,
                at=self.desk.at,
                now=self.desk.now,
            )

    @rule(seconds=st.floats(0, 45))
    def run(self, seconds: float) -> None:
        for cut in self.desk.run(seconds):
            self.note(self.desk.end(cut.call_id, cause="cut"))
            assert self.records[cut.call_id].rated_us <= cut.at_s * 1_000_000

    @rule(seconds=st.floats(-90_000, 90_000))
    def set_the_wall_clock(self, seconds: float) -> None:
        self.desk.step_wall_clock(seconds)

    @precondition(lambda self: not self.desk.is_log_broken)
    @rule(micros=st.integers(1, 50_000))
    def pay(self, micros: int) -> None:
        self.payments += 1
        self.desk.pay(micros, f"r{self.payments}")
        self.desk.write()
        self.paid += micros

    @rule()
    def write(self) -> None:
        if self.desk.is_log_broken:
            self.the_log_breaks(0)
        self.desk.write()

    @rule(durable=st.integers(0, 3))
    def the_log_breaks(self, durable: int) -> None:
        """Some records reach the disk unheard, the rest do not."""
        for number, record in enumerate(self.desk.accounting.outgoing()):
            if number < durable and not self.desk.is_log_broken:
                self.desk.log.append(record)
            self.fail(record)
        self.desk.is_log_broken = True

    def fail(self, record: LogRecord) -> None:
        """Do as call control does: a call whose answer was not taken is ended at once."""
        self.desk.fail(record.seq)
        event = record.event
        if isinstance(event, CallAnswered) and event.call_id in self.desk.accounting.state.calls:
            self.note(self.desk.end(event.call_id, cause="log-down"))

    @rule()
    def the_log_is_repaired(self) -> None:
        if self.desk.is_log_broken:
            self.desk.repair()

    @rule(
        down_s=st.floats(0, 30),
        reboots=st.booleans(),
        found=st.sets(st.sampled_from(CALLS)),
        waits=st.booleans(),
    )
    def the_process_dies(
        self, *, down_s: float, reboots: bool, found: set[str], waits: bool
    ) -> None:
        self.desk.is_log_broken = False
        boot_id = f"{self.desk.boot_id}'" if reboots else None
        self.used = used_by_the_log(self.desk)
        recovered = self.desk.die(down_s=down_s, boot_id=boot_id)
        for record in recovered.closed:
            assert record.amount_micros == 0
            assert record.allowance_used_s == {}
            self.note(record)
        self.unproven = {call.call_id for call in recovered.open_calls}
        for call in CALLS:
            if not self.is_open(call):
                # What became of it may be in the log alone: its id is not used again.
                self.lives[call] += 1
            # A call whose end was lost with the process is open again; its life goes on.
            if self.name(call) not in self.unproven or waits:
                continue
            self.unproven.discard(self.name(call))
            if call in found:
                self.desk.accounting.readopt(self.name(call), at=self.desk.at, now=self.desk.now)
            else:
                self.note(
                    self.desk.accounting.close_lost(
                        self.name(call), at=self.desk.at, now=self.desk.now
                    )
                )
        self.desk.write()

    def close(self, call: str) -> None:
        name = self.name(call)
        record = self.note(self.desk.end(name))
        self.unproven.discard(name)
        if record.rated_us and name in self.true_talk:
            talked = self.desk.now - self.true_talk[name]
            assert talked < 0 or record.rated_us <= round(talked * 1_000_000) + 1

    def note(self, record: CallDetailRecord) -> CallDetailRecord:
        self.records[record.call_id] = record
        self.used[record.call_id] = dict(record.allowance_used_s)
        return record

    @invariant()
    def no_second_of_an_allowance_is_lost_or_taken_twice(self) -> None:
        state = self.desk.accounting.state
        spans = {
            call_id: call.session.allowances.used_s(10**6, call.session.allowances.spans)
            for call_id, call in state.calls.items()
        }
        for month in MONTHS:
            for number, terms in enumerate(allowances_of(month)):
                used_s, reserved_s = self.desk.allowance(terms)
                assert used_s + reserved_s <= terms.granted_s
                assert used_s == sum(
                    used.get(terms.option_id, 0)
                    for call_id, used in self.used.items()
                    if self.month_of.get(call_id) == month
                )
                assert reserved_s == sum(
                    of_call[number]
                    for call_id, of_call in spans.items()
                    if self.month_of.get(call_id) == month and number < len(of_call)
                )

    @invariant()
    def sums_are_zero(self) -> None:
        assert self.desk.accounting.state.book.imbalance_micros() == (0, 0)

    @invariant()
    def slots_are_held_by_open_calls_alone(self) -> None:
        state = self.desk.accounting.state
        for owner, limit in ((flatrate(3).owner, 3), ("trunk/a", 3), ("trunk/b", 3)):
            holders = state.slots.holders(owner)
            assert holders <= set(state.calls)
            assert len([name for name in holders if not name.startswith("sos")]) <= limit

    @invariant()
    def nobody_is_charged_what_was_not_there(self) -> None:
        book = self.desk.accounting.state.book
        if book.has_account("prepaid/1"):
            account = book.account("prepaid/1")
            assert account.balance_micros >= account.debits_pending >= 0

    @invariant()
    def every_record_can_be_computed_again(self) -> None:
        assert all(record.is_consistent() for record in self.records.values())

    @invariant()
    def memory_is_the_fold_of_the_log(self) -> None:
        """Whenever the log has everything."""
        outbox = self.desk.accounting._journal.outbox
        if outbox._in_flight or outbox._kept or not outbox.is_up:
            return
        ours, folded = self.desk.in_memory(), self.desk.folded()
        assert [call.admitted.call_id for call in ours.calls] == [
            call.admitted.call_id for call in folded.calls
        ]
        assert [(call.owners, call.talked_us, call.anchor) for call in ours.calls] == [
            (call.owners, call.talked_us, call.anchor) for call in folded.calls
        ]
        # After an outage slices may be posted later; what was taken from whom is the same.
        assert sums_of(ours.book) == sums_of(folded.book)
        assert taken_of(ours.allowances) == taken_of(folded.allowances)


def sums_of(book: dict[str, list[dict[str, list[int]]]]) -> list[object]:
    return [
        (account["id"], sum(account["debits"]), sum(account["credits"]))
        for account in book["accounts"]
    ]


def taken_of(allowances: dict[str, list[list[Any]]] | None) -> list[object]:
    """Give what is used and reserved; what was only granted may be a failed admission's."""
    if allowances is None:
        return [[], []]
    used = [balance for balance in allowances["balances"] if balance[-1]]
    return [used, allowances["reserved"]]


def allowances_of(month: str) -> tuple[AllowanceTerms, ...]:
    return (
        AllowanceTerms("FREE", month, FREE_S),
        AllowanceTerms("PACKAGE", month, PACKAGE_S),
    )


def used_by_the_log(desk: Desk) -> dict[str, dict[str, int]]:
    used = {}
    for body, personal in desk.log.rows:
        event: AnyEvent = msgspec.msgpack.decode(body, type=AnyEvent)
        if isinstance(event, CallEnded):
            used[event.call_id] = dict(load_record(event, personal).allowance_used_s)
    return used


TestAccounting = AccountingMachine.TestCase
TestAccounting.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
