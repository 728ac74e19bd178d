"""A call that rings is picked up, a conversation is taken over, and a crash at every step of it.

Between two steps the process may die with its records in flight on the disk or not. Nobody pays
for more than was talked, nothing is paid twice, and nobody is left talking with nobody.
"""

from __future__ import annotations

from typing import Literal

import pytest

from tests.simulation.mortal_story import US, MortalStory
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import Town, account, trunk

Kind = Literal["ringing", "talking"]


class Story(MortalStory):
    """Anna calls ben, and clara answers for him, or takes over from him."""

    def __init__(self, kind: Kind, *, dies_at: int | None = None, written: int = 0) -> None:
        self.kind = kind
        names = enumerate(("anna", "ben", "clara"), 1)
        accounts = tuple(account(number, name) for number, name in names)
        switch = VirtualSwitch(Town(accounts, (trunk(1, "north"),)))
        super().__init__(switch, dies_at=dies_at, written=written)
        self.phones = [self.switch.phone(one.name) for one in accounts]
        self.anna, self.ben, self.clara = self.phones
        for phone in self.phones:
            phone.register()
        self.clara.call("nobody")
        self.switch.log.manner = "by hand"
        self.caller: Side | None = None
        self.picked: Side | None = None

    def tell(self) -> None:
        self.caller = self.anna.call("ben")
        self.step()
        rung = next(reversed(self.ben.sides), None)
        if rung is not None and not rung.is_closed:
            self.ben.ring(rung)
            self.step()
            if self.kind == "talking":
                self.ben.answer(rung)
                self.step()
                self.talk(5.0)
            ours, theirs = (one.partition(";tag=")[2] for one in (rung.remote, rung.local))
            value = f"{rung.call_id};to-tag={ours};from-tag={theirs}"
            self.picked = self.clara.call("ben", fields=(("replaces", value),))
            self.step()
        self.talk(10.0)
        self._end()

    def _end(self) -> None:
        for phone in self.phones:
            for side in phone.sides:
                if side.is_talking:
                    phone.bye(side)
                    self.step()
        for phone, call in ((self.anna, self.caller), (self.clara, self.picked)):
            if call is not None and not call.is_closed:
                phone.cancel(call)
                self.step()
        self.come_to_rest(700.0)

    def judge(self) -> None:
        records = self.expect_all_recorded_once()
        assert self.caller is not None
        for record in records:
            assert record.rated_us <= self._talked_us(), "charged for more than was talked"
            assert record.is_consistent()
        for phone in self.phones:
            assert not any(side.is_talking for side in phone.sides), "somebody is left behind"

    def _talked_us(self) -> int:
        """How long anna was connected; her call began for the switch when it was answered."""
        side = self.caller
        if side is None or side.connected_at is None or side.ended_at is None:
            return 0
        return round((side.ended_at - side.connected_at) * US)


@pytest.mark.parametrize("kind", ["ringing", "talking"])
def test_the_story_itself(kind: Kind) -> None:
    story = Story(kind)
    story.tell()
    story.judge()
    assert story.picked is not None
    assert story.picked.finals == [200]
    record = next(one for one in story.switch.log.records() if one.answered_at is not None)
    assert record.duration_us == (10 if kind == "ringing" else 15) * US


@pytest.mark.parametrize("written", [0, 1, 9])
@pytest.mark.parametrize("kind", ["ringing", "talking"])
def test_a_crash_at_every_step(kind: Kind, written: int) -> None:
    story = Story(kind)
    story.tell()
    for dies_at in range(1, story.steps + 1):
        told = Story(kind, dies_at=dies_at, written=written)
        try:
            told.tell()
            told.judge()
        except AssertionError as error:
            raise AssertionError(f"{kind}, dead after step {dies_at}: {error}") from error
        assert told.has_died
