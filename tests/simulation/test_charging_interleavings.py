"""Two calls, one slot, and every order in which INVITE, log, 200, log and BYE can come.

In each order the log may break at any one of its four words, with or without the record on disk;
and the process may die after any step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from itertools import combinations

import pytest

from freiton.accounting.admission import Admitted
from freiton.accounting.charging_events import CallAnswered
from tests.freiton.accounting.desk import PREPAID, Desk, flatrate

STORY = ("invite", "log", "answer", "log", "bye")
PAID = 60_000
SECOND = 1_000
SLOT = flatrate(1)


class Log(Enum):
    WRITES = 0
    LOSES = 1
    WRITES_UNHEARD = 2


def orders() -> Iterator[tuple[tuple[str, str], ...]]:
    """Give every interleaving of the two stories as (call, step) pairs."""
    steps = len(STORY)
    for places in combinations(range(2 * steps), steps):
        left = {"x": list(STORY), "y": list(STORY)}
        names = ["x" if place in places else "y" for place in range(2 * steps)]
        yield tuple((name, left[name].pop(0)) for name in names)


ORDERS = tuple(orders())


def speak(desk: Desk, log: Log, *, end: Callable[[str], None]) -> None:
    """Let the log take what waits for it, or break; who was answered meanwhile hears a BYE."""
    if log is Log.WRITES:
        desk.write()
        return
    for record in desk.accounting.outgoing():
        if log is Log.WRITES_UNHEARD:
            desk.log.append(record)
        desk.fail(record.seq)
        event = record.event
        if isinstance(event, CallAnswered) and event.call_id in desk.accounting.state.calls:
            end(event.call_id)
    desk.repair()


class Story:
    """The two calls at one desk; each step takes one second."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.pay(PAID, "before")
        self.desk.write()
        self.talk_began: dict[str, float] = {}
        self.charged: dict[str, int] = {}

    def is_open(self, name: str) -> bool:
        return name in self.desk.accounting.state.calls

    def step(self, name: str, what: str, log: Log = Log.WRITES) -> None:
        desk = self.desk
        desk._set(desk.now + 1.0)
        if what == "invite":
            held = desk.slots(SLOT)
            admitted = isinstance(desk.admit(name, SLOT, terms=PREPAID), Admitted)
            assert admitted == (not held)
        elif what == "log":
            self.speak(log)
        elif what == "answer" and self.is_open(name):
            desk.answer(name)
            self.talk_began[name] = desk.now
        elif what == "bye" and self.is_open(name):
            self.end(name)
        self.check()

    def speak(self, log: Log) -> None:
        speak(self.desk, log, end=self.end)

    def end(self, name: str) -> None:
        self.charged[name] = self.desk.end(name).gross_micros

    def check(self) -> None:
        state = self.desk.accounting.state
        assert len(self.desk.slots(SLOT)) <= 1
        assert self.desk.slots(SLOT) == set(state.calls)
        assert state.book.imbalance_micros() == (0, 0)
        assert 0 <= self.desk.available() <= self.desk.balance() <= PAID
        for name, micros in self.charged.items():
            talked_s = self.desk.now - self.talk_began.get(name, self.desk.now)
            assert micros <= talked_s * SECOND

    def finish(self) -> None:
        self.desk.write()
        assert self.desk.accounting.state.calls == {}
        assert self.desk.balance() == PAID - sum(self.charged.values())
        assert self.desk.available() == self.desk.balance()
        assert self.desk.in_memory() == self.desk.folded()


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


def test_in_some_order_both_calls_talk_and_pay() -> None:
    """The exploration is worth nothing if nothing happens in it."""
    outcomes: set[tuple[str, ...]] = set()
    for order in ORDERS:
        story = Story()
        for name, what in order:
            story.step(name, what)
        story.finish()
        outcomes.add(tuple(sorted(name for name, micros in story.charged.items() if micros)))
    assert outcomes == {("x",), ("y",), ("x", "y")}


def test_every_order_with_a_crash_after_every_step() -> None:
    for order in ORDERS:
        for crash_after in range(1, len(order)):
            story = Story()
            for name, what in order[:crash_after]:
                story.step(name, what)
            recovered = story.desk.die(down_s=100)
            for record in recovered.closed:
                assert record.amount_micros == 0
            for call in recovered.open_calls:
                record = story.desk.accounting.close_lost(
                    call.call_id, at=story.desk.at, now=story.desk.now
                )
                talked_s = story.desk.now - 100 - story.talk_began[call.call_id]
                assert record.amount_micros <= talked_s * SECOND
            story.desk.write()
            assert story.desk.slots(SLOT) == set()
            assert story.desk.available() == story.desk.balance()
            assert story.desk.in_memory() == story.desk.folded()
