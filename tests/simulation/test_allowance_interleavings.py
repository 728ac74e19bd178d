"""Two calls, one allowance, little money, and every order in which their steps can come.

The allowance ends while they talk: one of them is split to the second, or lives on what the other
gives back. In each order the process may die after any step, and the log may break at any word.
"""

from __future__ import annotations

import pytest

from freiton.accounting.admission import Admitted
from rating.allowances import AllowanceTerms
from rating.cdr import CallDetailRecord
from tests.freiton.accounting.desk import PREPAID, Desk
from tests.simulation.test_charging_interleavings import ORDERS, Log, speak

MAY = AllowanceTerms("FREE", "2026-05", 25)
PAID = 20_000
SECOND = 1_000
STEP_S = 11.3
NAMES = ("x", "y")


class Story:
    """The two calls at one desk. Between two steps the clock goes on, and grants are extended."""

    def __init__(self, months: tuple[AllowanceTerms, AllowanceTerms] = (MAY, MAY)) -> None:
        self.desk = Desk()
        self.desk.pay(PAID, "before")
        self.desk.write()
        self.months = dict(zip(NAMES, months, strict=True))
        self.talk_began: dict[str, float] = {}
        self.records: dict[str, CallDetailRecord] = {}
        # How many spans a call's seconds of the allowance ever lay in.
        self.spans: set[int] = set()

    def is_open(self, name: str) -> bool:
        return name in self.desk.accounting.state.calls

    def step(self, name: str, what: str, log: Log = Log.WRITES) -> None:
        desk = self.desk
        self.wait()
        if what == "invite":
            before = self.sums()
            admitted = desk.admit(name, terms=PREPAID, allowances=(self.months[name],))
            assert isinstance(admitted, Admitted) or self.sums() == before
        elif what == "log":
            self.speak(log)
        elif what == "answer" and self.is_open(name):
            desk.answer(name)
            self.talk_began[name] = desk.now
        elif what == "bye" and self.is_open(name):
            self.end(name)
        self.check()

    def wait(self) -> None:
        """Let time pass without a word of the log, so that extensions may be lost with it."""
        desk = self.desk
        end = desk.now + STEP_S
        while (deadline := desk.accounting.next_deadline()) is not None and deadline <= end:
            desk._set(max(deadline, desk.now))
            for cut in desk.accounting.handle_deadlines(at=desk.at, now=desk.now):
                self.end(cut.call_id)
            self.check()
        desk._set(end)

    def end(self, name: str) -> None:
        self.records[name] = self.desk.end(name)

    def speak(self, log: Log) -> None:
        speak(self.desk, log, end=self.end)

    def sums(self) -> list[int]:
        states = self.desk.accounting.state.allowances.states()
        return [number for state in states for number in (state.used_s, state.reserved_s)]

    def check(self) -> None:
        state = self.desk.accounting.state
        self.spans |= {len(call.session.allowances.spans) for call in state.calls.values()}
        assert state.book.imbalance_micros() == (0, 0)
        assert 0 <= self.desk.available() <= self.desk.balance() <= PAID
        for month in set(self.months.values()):
            used_s, reserved_s = self.desk.allowance(month)
            assert used_s + reserved_s <= month.granted_s
            assert used_s == sum(
                record.allowance_used_s.get(month.option_id, 0)
                for name, record in self.records.items()
                if self.months[name] == month
            )
            assert reserved_s == sum(
                call.session.allowances.reserved_s
                for name, call in state.calls.items()
                if self.months[name] == month
            )

    def finish(self) -> None:
        self.desk.write()
        self.check()
        assert self.desk.accounting.state.calls == {}
        assert self.desk.available() == self.desk.balance()
        assert self.desk.balance() == PAID - sum(
            record.amount_micros for record in self.records.values()
        )
        for name, record in self.records.items():
            assert record.is_consistent()
            talked_s = -(-record.rated_us // 1_000_000)
            paid_s = sum(record.allowance_used_s.values())
            # Each second is paid once: by the allowance or in money.
            assert record.amount_micros == (talked_s - paid_s) * SECOND, name
        ours, folded = self.desk.in_memory(), self.desk.folded()
        assert ours.book == folded.book
        assert [self.desk.allowance(month)[1] for month in self.months.values()] == [0, 0]


def test_every_order_shares_the_seconds() -> None:
    splits: set[tuple[int, ...]] = set()
    spans: set[int] = set()
    for order in ORDERS:
        story = Story()
        for name, what in order:
            story.step(name, what)
        story.finish()
        assert story.desk.in_memory() == story.desk.folded()
        spans |= story.spans
        splits.add(
            tuple(
                story.records[name].allowance_used_s.get("FREE", 0)
                for name in NAMES
                if name in story.records
            )
        )
    # The exploration is worth nothing if nothing happens in it: both talk, in many proportions,
    # and one goes back from money to what the other left of the allowance.
    assert len(splits) >= 8
    assert any(sum(split) == MAY.granted_s and min(split) > 0 for split in splits)
    assert spans == {0, 1, 2}


def test_every_order_across_a_change_of_the_month() -> None:
    for order in ORDERS:
        story = Story((MAY, MAY._replace(period="2026-06")))
        for name, what in order:
            story.step(name, what)
        story.finish()


@pytest.mark.parametrize("log", [Log.LOSES, Log.WRITES_UNHEARD])
@pytest.mark.parametrize("word", range(4))
def test_every_order_with_a_log_that_breaks_once(log: Log, word: int) -> None:
    for order in ORDERS:
        story = Story()
        words = 0
        for name, what in order:
            broken = what == "log" and words == word
            words += what == "log"
            story.step(name, what, log if broken else Log.WRITES)
        story.finish()


@pytest.mark.parametrize("found", [(), ("x", "y")])
def test_every_order_with_a_crash_after_every_step(found: tuple[str, ...]) -> None:
    for order in ORDERS:
        for crash_after in range(2, len(order)):
            story = Story()
            for name, what in order[:crash_after]:
                story.step(name, what)
            _die(story, found)
            story.finish()


def test_a_kill_after_every_record_of_a_long_story() -> None:
    """Whatever the disk had by then, what calls used and what is left add up to what there was."""
    story = Story()
    desk = story.desk
    for name, ends in (("a", ""), ("b", "a"), ("c", "b"), ("d", "d"), ("e", "")):
        desk.pay(PAID, name)
        desk.write()
        desk.connect(name, terms=PREPAID, allowances=(MAY,))
        desk.run(STEP_S)
        if ends:
            story.end(ends)
        desk.write()
    rows, keys = list(desk.log.rows), list(desk.log.positions)
    assert len(rows) > 20
    for length in range(len(rows) + 1):
        desk.log.rows = rows[:length]
        desk.log.positions = {key: number for number, key in enumerate(keys[:length], start=1)}
        ended = [record for name, record in story.records.items() if _is_in_log(desk, name)]
        recovered = desk.die(down_s=1)
        closed = [
            *recovered.closed,
            *(
                desk.accounting.close_lost(call.call_id, at=desk.at, now=desk.now)
                for call in recovered.open_calls
            ),
        ]
        used_s = sum(record.allowance_used_s.get("FREE", 0) for record in (*ended, *closed))
        assert desk.allowance(MAY) == (used_s, 0)
        assert used_s <= MAY.granted_s
        assert desk.accounting.state.book.imbalance_micros() == (0, 0)


def _die(story: Story, found: tuple[str, ...]) -> None:
    """Lose what the log does not know; find some calls alive, let them talk on, and close all."""
    desk = story.desk
    recovered = desk.die(down_s=3)
    story.records = {
        call_id: record for call_id, record in story.records.items() if _is_in_log(desk, call_id)
    }
    for record in recovered.closed:
        assert record.amount_micros == 0
        assert record.allowance_used_s == {}
        story.records[record.call_id] = record
    for call in recovered.open_calls:
        if call.call_id in found:
            desk.accounting.readopt(call.call_id, at=desk.at, now=desk.now)
        else:
            story.records[call.call_id] = desk.accounting.close_lost(
                call.call_id, at=desk.at, now=desk.now
            )
        story.check()
    story.wait()
    for name in found:
        if story.is_open(name):
            story.end(name)


def _is_in_log(desk: Desk, call_id: str) -> bool:
    return f"{call_id}/ended" in desk.log.positions
