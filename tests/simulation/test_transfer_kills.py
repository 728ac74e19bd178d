"""A transfer, blind and attended, and a crash of the switch at every step of it.

Between two steps the process may die with its records in flight on the disk or not. The phones
know the truth: nobody pays for more than was talked, nothing is paid twice, and nobody is left
talking with nobody.
"""

from __future__ import annotations

from typing import Literal

import pytest

from rating.cdr import CallDetailRecord
from tests.simulation.mortal_story import US, MortalStory
from tests.support.phones import sdp
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, account, trunk

Kind = Literal["blind", "attended"]


class Story(MortalStory):
    """Anna talks with a mobile and hands it to ben; `dies_at` is the step the switch dies after."""

    def __init__(self, kind: Kind, *, dies_at: int | None = None, written: int = 0) -> None:
        self.kind = kind
        switch = VirtualSwitch(Town((account(1, "anna"), account(2, "ben")), (trunk(1, "north"),)))
        super().__init__(switch, dies_at=dies_at, written=written)
        self.anna, self.ben = self.switch.phone("anna"), self.switch.phone("ben")
        self.north = self.switch.carrier("north")
        self.anna.register()
        self.ben.register()
        self.north.sdp, self.ben.sdp = sdp("north"), sdp("ben")
        self.switch.wire.settle()
        self.switch.log.manner = "by hand"
        self.caller: Side | None = None
        self.asked: Side | None = None

    @property
    def callee(self) -> Side | None:
        return next(reversed(self.north.sides), None)

    @property
    def target(self) -> Side | None:
        return next(reversed(self.ben.sides), None)

    def tell(self) -> None:
        self.caller = self.anna.call(MOBILE)
        self.step()
        if self.callee is not None and not self.callee.is_closed:
            self.north.answer(self.callee)
            self.step()
            self.talk(5.0)
        if self.kind == "attended":
            self.asked = self.anna.call("ben")
            self.step()
            self._answer_target()
            self.talk(5.0)
        if self.caller.is_talking:
            self._refer(self.caller)
        self._answer_target()
        self.talk(10.0)
        self._end()

    def _refer(self, caller: Side) -> None:
        uri = "sip:ben@example.org"
        if self.asked is not None:
            ours = self.asked.local.partition(";tag=")[2]
            theirs = self.asked.remote.partition(";tag=")[2]
            uri += f"?Replaces={self.asked.call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{ours}"
        self.anna.send_in_dialog(caller, "REFER", fields=(("refer-to", f"<{uri}>"),))
        self.switch.wire.settle()
        self.step()

    def _answer_target(self) -> None:
        if self.target is not None and not self.target.is_closed:
            self.ben.answer(self.target)
            self.step()

    def _end(self) -> None:
        """Say the goodbyes that people would say, the mobile first."""
        for phone, side in ((self.north, self.callee), (self.anna, self.caller),
                            (self.anna, self.asked), (self.ben, self.target)):  # fmt: skip
            if side is not None and side.is_talking:
                phone.bye(side)
                self.step()
            elif phone is self.anna and side is not None and not side.is_closed:
                phone.cancel(side)
                self.step()
        self.come_to_rest(700.0)

    # The oracle.

    def judge(self) -> None:
        records = self.expect_all_recorded_once()
        for record in records:
            side = self.callee if record.direction == "outbound" else self.target
            assert record.rated_us <= _talked_us(side), "charged for more than was talked"
            assert record.is_consistent()
        assert self.switch.owed_micros(1) == sum(one.gross_micros for one in records)
        for phone in (self.anna, self.ben, self.north):
            assert not any(side.is_talking for side in phone.sides), "somebody is left behind"

    def record_of(self, direction: str) -> CallDetailRecord:
        return next(one for one in self.switch.log.records() if one.direction == direction)


def _talked_us(side: Side | None) -> int:
    if side is None or side.accepted_at is None or side.ended_at is None:
        return 0
    return round((side.ended_at - side.accepted_at) * US)


@pytest.mark.parametrize("kind", ["blind", "attended"])
def test_the_story_itself(kind: Kind) -> None:
    story = Story(kind)
    story.tell()
    story.judge()
    assert story.callee is not None
    assert story.target is not None
    assert story.callee.heard_sdp == story.ben.sdp
    assert story.target.heard_sdp == story.north.sdp
    outbound, on_net = story.record_of("outbound"), story.record_of("on-net")
    assert outbound.duration_us == _talked_us(story.callee)
    assert on_net.duration_us == _talked_us(story.target)
    assert outbound.joined_call_ids == (on_net.call_id,)


def steps_of(kind: Kind) -> int:
    story = Story(kind)
    story.tell()
    return story.steps


@pytest.mark.parametrize("written", [0, 1, 9])
@pytest.mark.parametrize("kind", ["blind", "attended"])
def test_a_crash_at_every_step(kind: Kind, written: int) -> None:
    for dies_at in range(1, steps_of(kind) + 1):
        story = Story(kind, dies_at=dies_at, written=written)
        try:
            story.tell()
            story.judge()
        except AssertionError as error:
            raise AssertionError(f"{kind}, dead after step {dies_at}: {error}") from error
        assert story.has_died


@pytest.mark.parametrize("kind", ["blind", "attended"])
def test_a_join_that_was_durable_is_finished_by_the_next_process(kind: Kind) -> None:
    """The answer, or the join, is on the disk, and nobody has been told of it yet."""
    story = Story(kind)
    joined = False

    def die_with_the_join_written() -> None:
        nonlocal joined
        waiting = story.switch.log.waiting
        kinds = [getattr(one.event, "joined_to", "") for one in waiting]
        if not joined and any(kinds):
            joined = True
            story.die(written=len(waiting))
        story.write_all()

    story.step = die_with_the_join_written  # type: ignore[method-assign]
    story.tell()
    story.judge()
    assert joined
    assert story.callee is not None
    assert story.target is not None
    assert story.callee.heard_sdp == story.ben.sdp
    assert story.target.heard_sdp == story.north.sdp
    assert story.caller is not None
    assert story.caller.byes_received == 1
    for direction, side in (("outbound", story.callee), ("on-net", story.target)):
        assert story.record_of(direction).rated_us == _talked_us(side)
