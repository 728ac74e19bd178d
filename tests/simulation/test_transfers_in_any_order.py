"""Phones that call, transfer, take over, divert and hang up in any order, over a lossy wire.

The log is slow and the switch dies now and then. When all have hung up, nothing may be left, and
every call has one record, with which the accounts agree to the millionth of a euro.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import pytest

from tests.freiton.calls.scene import open_switch
from tests.freiton.calls.test_transfer import replacing
from tests.support.phones import sdp
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, MOBILE, account

NAMES: Final = ("anna", "ben", "clara", "dora")
PAID_MICROS: Final = 3_000_000
STORIES: Final = 60
RELIABLE: Final = (("supported", "100rel"),)


class Story:
    """One town and what happens there; equal seeds tell equal stories."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable story
        owners = [account(place + 1, name, prepaid=place == 3) for place, name in enumerate(NAMES)]
        self.switch: VirtualSwitch = open_switch(*owners)
        self.switch.pay_in(4, PAID_MICROS)
        self.north = self.switch.carrier("north")
        self.phones = [*(self.switch.phone(name) for name in NAMES), self.north]
        for phone in self.phones:
            phone.sdp, phone.may_hear_late = sdp(phone.name), True
        self.switch.log.delay_s = self.chance.choice((0.0, 0.003, 0.2))
        self.loss = self.chance.choice((0.0, 0.0, 0.1, 0.25))
        self.switch.wire.loses = lambda _packet: self.chance.random() < self.loss

    def tell(self) -> None:
        acts: tuple[tuple[Callable[[ScriptedPhone], None], float], ...] = (
            (self._call, 8), (self._answer, 12), (self._ring, 2), (self._refuse, 1),
            (self._divert, 2), (self._hang_up, 1), (self._transfer, 5), (self._join, 8),
            (self._take_over, 3), (self._cancel, 0.5), (self._wait, 3.5), (self._crash, 0.3),
            (self._be_stubborn, 0.3),
        )  # fmt: skip
        for _ in range(self.chance.randint(30, 120)):
            (act,) = self.chance.choices([one for one, _ in acts], [often for _, often in acts])
            act(self.chance.choice(self.phones))
            if self.chance.random() < 0.8:
                self.switch.wire.settle()

    def end(self) -> None:
        """Let the weather clear up and everybody hang up."""
        self.loss = 0.0
        for pause_s in (70, 90, 400):
            for phone in self.phones:
                phone.answers.clear()
            self.switch.wire.advance(pause_s)
            for phone in self.phones:
                for side in talking(phone):
                    phone.bye(side)

    # What a user does.

    def _call(self, phone: ScriptedPhone) -> None:
        if phone is not self.north and len(talking(phone)) < 3:
            dialled = self.chance.choice((*NAMES, MOBILE, GERMANY))
            phone.call(dialled, fields=self.chance.choice(((), (), RELIABLE)), settle=False)

    def _answer(self, _phone: ScriptedPhone) -> None:
        for phone in self.phones:
            for side in ringing(phone)[-1:]:
                phone.answer(side, settle=False)

    def _ring(self, phone: ScriptedPhone) -> None:
        for side in ringing(phone)[-1:]:
            if self.chance.random() < 0.5:
                phone.ring(side)
            else:
                phone.ring(side, 183, body=phone.sdp)

    def _refuse(self, phone: ScriptedPhone) -> None:
        for side in ringing(phone)[-1:]:
            phone.refuse(side, self.chance.choice((480, 486, 603)))

    def _divert(self, phone: ScriptedPhone) -> None:
        contact = f"<sip:{self.chance.choice((*NAMES, MOBILE))}@example.org>"
        for side in ringing(phone)[-1:]:
            phone.refuse(side, 302, fields=(("contact", contact),))

    def _hang_up(self, phone: ScriptedPhone) -> None:
        if sides := talking(phone):
            phone.bye(self.chance.choice(sides), settle=False)

    def _transfer(self, phone: ScriptedPhone) -> None:
        if sides := talking(phone):
            target = f"<sip:{self.chance.choice((*NAMES, MOBILE))}@example.org>"
            phone.send_in_dialog(self.chance.choice(sides), "REFER", fields=(("refer-to", target),))

    def _join(self, phone: ScriptedPhone) -> None:
        sides = talking(phone)
        if len(sides) > 1:
            one, other = self.chance.sample(sides, 2)
            phone.send_in_dialog(one, "REFER", fields=(("refer-to", replacing(other)),))

    def _take_over(self, phone: ScriptedPhone) -> None:
        colleague = self.chance.choice(self.phones[:-1])
        sides = talking(colleague) + ringing(colleague)
        if sides and phone is not self.north:
            side = self.chance.choice(sides)
            ours = side.local.partition(";tag=")[2]
            theirs = side.remote.partition(";tag=")[2]
            value = f"{side.call_id};to-tag={theirs};from-tag={ours}"
            phone.call("anna", fields=(("replaces", value),), settle=False)

    def _cancel(self, phone: ScriptedPhone) -> None:
        for side in phone.sides[-1:]:
            if side.invite is not None and side.invite_from is None and not side.is_closed:
                phone.cancel(side)

    def _be_stubborn(self, phone: ScriptedPhone) -> None:
        phone.answers["INVITE"] = self.chance.choice((200, 408, 481, 488, 491))

    # What happens to all.

    def _wait(self, _phone: ScriptedPhone) -> None:
        self.switch.wire.advance(self.chance.choice((0.01, 0.3, 1, 5, 5, 20, 100, 400)))

    def _crash(self, _phone: ScriptedPhone) -> None:
        self.switch.crash(written=self.chance.randint(0, 3))
        self.switch.wire.advance(2)
        self.switch.start()


def talking(phone: ScriptedPhone) -> list[Side]:
    return [side for side in phone.sides if side.is_talking]


def ringing(phone: ScriptedPhone) -> list[Side]:
    called = [side for side in phone.sides if side.invite_from is not None]
    return [side for side in called if not side.is_closed and not side.is_cancelled]


@pytest.mark.parametrize("seed", range(STORIES))
def test_nothing_is_left_and_nothing_charged_twice_or_lost(seed: int) -> None:
    story = Story(seed)
    story.tell()
    story.end()
    switch = story.switch
    switch.assert_quiet()
    assert not any(talking(phone) for phone in story.phones)
    records = switch.log.records()
    assert len({one.call_id for one in records}) == len(records)
    assert all(one.is_consistent() for one in records)
    charged = {str(place): 0 for place in range(1, 5)}
    for one in records:
        if one.account_id in charged:
            charged[one.account_id] += one.gross_micros
    assert [switch.owed_micros(place) for place in (1, 2, 3)] == [charged[key] for key in "123"]
    balance = switch.accounting.state.book.account("prepaid/4").balance_micros
    assert 0 <= balance == PAID_MICROS - charged["4"]


def test_the_stories_have_what_they_are_told_for() -> None:
    """Else a change of the phones could leave all of it out, and nobody would notice."""
    joined = diverted = told = 0
    for seed in range(10):
        story = Story(seed)
        story.tell()
        story.end()
        records = story.switch.log.records()
        joined += sum(bool(one.joined_call_ids) for one in records)
        diverted += sum(bool(one.referred_by) for one in records)
        told += sum(one.gross_micros > 0 for one in records)
    assert min(joined, diverted, told) > 10
