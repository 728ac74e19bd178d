"""One prepaid call with several grants, and a crash of the switch at every step of it.

A step is an event of the wire, a second of talk, or one record made durable; between two of them
the process may die with its records in flight on the disk or not. The phones know the truth.
"""

from __future__ import annotations

from typing import Final, Literal

import pytest

from freiton.accounting.charging_events import CallAnswered
from tests.simulation.mortal_story import US, MortalStory
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, account, trunk

Ending = Literal["caller", "callee", "credit"]
PAID_MICROS: Final = 100_000
"""Thirty seconds of a call to a German mobile: a grant and two extensions."""
GRANT_S: Final = 30
TALK_S: Final = 24.5


class Story(MortalStory):
    """The call, told step by step; `dies_at` is the step after which the switch dies."""

    def __init__(self, ending: Ending, *, dies_at: int | None = None, written: int = 0) -> None:
        self.ending = ending
        self.was_talking = False
        switch = VirtualSwitch(
            Town((account(1, "anna", prepaid=True, flatrates=1),), (trunk(1, "north"),))
        )
        super().__init__(switch, dies_at=dies_at, written=written)
        self.anna = self.switch.phone("anna")
        self.north = self.switch.carrier("north")
        self.anna.register()
        self.switch.wire.settle()
        self.switch.log.manner = "by hand"
        self.caller: Side | None = None

    @property
    def callee(self) -> Side | None:
        return next(reversed(self.north.sides), None)

    def tell(self) -> None:
        self.write_all()
        self.switch.pay_in(1, PAID_MICROS)
        self.step()
        self.caller = self.anna.call(MOBILE)
        self.step()
        if self.callee is not None and not self.callee.is_closed:
            self.north.ring(self.callee)
            self.step()
            self.talk(1.0)
            self.north.answer(self.callee)
            self.step()
            self._converse()
        self._end()

    def _converse(self) -> None:
        assert self.callee is not None
        for _ in range(60):
            talked_s = self.switch.wire.now - (self.callee.accepted_at or 0.0)
            if not self.callee.is_talking or (self.ending != "credit" and talked_s >= TALK_S):
                return
            self.talk(1.0)

    def _end(self) -> None:
        """Say the BYE that is due, and whatever else the people on the phone would do."""
        caller, callee = self.caller, self.callee
        assert caller is not None
        if self.ending == "callee" and callee is not None and callee.is_talking:
            self.north.bye(callee)
        elif caller.is_talking:
            self.anna.bye(caller)
        elif not caller.is_closed:
            self.anna.cancel(caller)
        self.step()
        if callee is not None and callee.is_talking:
            self.north.bye(callee)
            self.step()
        self.come_to_rest(200.0)

    def before_death(self) -> None:
        self.was_talking = self._is_connected()

    def after_start(self) -> None:
        if self.was_talking:
            assert self._is_connected(), "a call did not survive"

    def _is_connected(self) -> bool:
        return self.caller is not None and self.caller.is_talking

    # The oracle.

    def judge(self) -> None:
        switch, records = self.switch, self.expect_all_recorded_once()
        rated_us = sum(one.rated_us for one in records)
        charged = sum(one.amount_micros for one in records)
        assert rated_us <= self._truth_us(), "charged for more than was talked"
        assert rated_us <= GRANT_S * US
        balance = switch.accounting.state.book.account("prepaid/1").balance_micros
        paid = PAID_MICROS if any(one.kind == "topped_up" for one in switch.log.events) else 0
        assert balance == paid - charged
        assert balance >= 0
        if self.was_talking or not self.has_died:
            self._judge_whole_call(rated_us)

    def _judge_whole_call(self, rated_us: int) -> None:
        """A call that was connected when the switch died is charged as if it had not."""
        assert self.caller is not None
        assert self.callee is not None
        (record,) = self.switch.log.records()
        assert rated_us == min(self._truth_us(), GRANT_S * US)
        if self.ending == "credit":
            assert record.ending == "credit-exhausted"
            assert self.caller.byes_received == self.callee.byes_received == 1
        else:
            assert self.caller.bye_statuses + self.callee.bye_statuses == [200]
            assert self.caller.byes_received + self.callee.byes_received == 1

    def _truth_us(self) -> int:
        total = 0
        for callee in self.north.sides:
            if callee.accepted_at is None:
                continue
            ends = [one.ended_at for one in (callee, self.caller) if one is not None]
            end = min(one for one in ends if one is not None)
            total += round(end * US) - round(callee.accepted_at * US)
        return total


@pytest.mark.parametrize("ending", ["caller", "callee", "credit"])
def test_without_a_crash(ending: Ending) -> None:
    story = Story(ending)
    story.tell()
    story.judge()
    assert story.steps >= 30
    assert sum(isinstance(one, CallAnswered) for one in story.switch.log.events) == 1
    assert sum(one.kind == "extended" for one in story.switch.log.events) == 2


@pytest.mark.parametrize("written", [0, 1, 9])
@pytest.mark.parametrize("ending", ["caller", "callee", "credit"])
def test_a_crash_after_every_step(ending: Ending, written: int) -> None:
    whole = Story(ending)
    whole.tell()
    for dies_at in range(1, whole.steps + 1):
        story = Story(ending, dies_at=dies_at, written=written)
        try:
            story.tell()
            assert story.has_died
            story.judge()
        except Exception as error:
            raise AssertionError(
                f"dead after step {dies_at} of {whole.steps}, {written} written: {error!r}"
            ) from error


@pytest.mark.parametrize("written", [0, 9])
def test_many_restarts_charge_the_same_call_once(written: int) -> None:
    story = Story("credit", dies_at=20)
    die = story._die_if_due

    def die_often() -> None:
        die()
        if story.steps == story.dies_at:
            for _ in range(3):
                story.die(written=written)
                assert story._is_connected()

    story._die_if_due = die_often  # type: ignore[method-assign]  # it dies four times
    story.tell()
    story.judge()
    assert story.was_talking
