"""Who gets the last slot: two INVITEs at once, a BYE and an INVITE at once, and a dead holder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch, shipped_config
from tests.support.virtual_town import GERMANY, MOBILE, Town, account, trunk

PAIRS = 1_000
OWNER = "account/1/outgoing"
FLATRATE_TEXT = "Alle gebuchten Flatrates sind im Gespräch"


def one_slot() -> VirtualSwitch:
    shipped = shipped_config()
    defence = shipped.defence.model_copy(update={"calls_per_account_per_s": 0})
    switch = VirtualSwitch(
        Town((account(1, "anna", flatrates=1),), (trunk(1, "north"),)),
        settings=shipped.model_copy(update={"defence": defence}),
    )
    for place in (1, 2):
        phone = switch.phone("anna", place)
        phone.register()
        # It has seen a challenge for INVITE as well, so its next INVITE is signed at once.
        phone.call("0000")
    switch.carrier("north")
    return switch


@contextmanager
def both_at_once(switch: VirtualSwitch) -> Iterator[None]:
    """What phones say within comes in one wake-up; the log answers when asked to."""
    yield
    switch.wake_once()


def talk(switch: VirtualSwitch, phone: ScriptedPhone, dialled: str = MOBILE) -> tuple[Side, Side]:
    caller = phone.call(dialled)
    callee = switch.carrier("north").sides[-1]
    switch.carrier("north").answer(callee)
    assert caller.finals == [200]
    return caller, callee


def assert_refused(side: Side) -> None:
    """486, and why, for the phone and for people."""
    assert side.finals == [486]
    assert side.final.required("reason") == f'Q.850;cause=17;text="{FLATRATE_TEXT}"'
    assert side.final.required("warning") == f'399 example.org "{FLATRATE_TEXT}"'
    assert not side.final.has("retry-after")


def test_a_thousand_pairs_for_one_slot() -> None:
    switch = one_slot()
    chance = random.Random(1)  # noqa: S311 - repeatable
    phones = [switch.phone("anna", 1), switch.phone("anna", 2)]
    north = switch.carrier("north")
    for _ in range(PAIRS):
        north.sides.clear()
        chance.shuffle(phones)
        with both_at_once(switch):
            first = phones[0].call(chance.choice((MOBILE, GERMANY)), settle=False)
            switch.wire.collect()
            second = phones[1].call(chance.choice((MOBILE, GERMANY)), settle=False)
        assert len(switch.slots(OWNER)) == 1
        assert len(north.sides) == 1, "not exactly one was dialled"
        admitted, refused = (first, second) if second.finals else (second, first)
        assert admitted.finals == []
        assert_refused(refused)
        owner = next(one for one in phones if admitted in one.sides)
        if chance.random() < 0.5:
            owner.cancel(admitted)
            assert admitted.finals == [487]
        else:
            north.answer(north.sides[0])
            switch.wire.advance(0.1)
            owner.bye(admitted)
        assert switch.slots(OWNER) == set()
        for phone in phones:
            phone.sides.clear()
    switch.wire.advance(200)
    switch.assert_quiet()
    records = [one for one in switch.log.records() if one.ending != "unknown-number"]
    assert len(records) == 2 * PAIRS
    assert sum(one.ending == "flatrate-limit" for one in records) == PAIRS


def test_a_second_flatrate_lets_both_through_at_once() -> None:
    switch = one_slot()
    switch.reload(Town((account(1, "anna", flatrates=2),), switch.town.trunks))
    with both_at_once(switch):
        sides = [switch.phone("anna", place).call(MOBILE, settle=False) for place in (1, 2)]
    assert len(switch.slots(OWNER)) == 2
    assert [side.finals for side in sides] == [[], []]


@pytest.mark.parametrize("bye_first", [True, False])
def test_a_bye_and_an_invite_in_one_wake_up_succeed(*, bye_first: bool) -> None:
    """The slot is free in memory at once; an INVITE before the BYE waits for the holder's word."""
    switch = one_slot()
    caller, _ = talk(switch, switch.phone("anna", 1))
    switch.wire.advance(3)
    with both_at_once(switch):
        if bye_first:
            switch.phone("anna", 1).bye(caller, settle=False)
            switch.wire.collect()
        following = switch.phone("anna", 2).call(MOBILE, settle=False)
        if not bye_first:
            switch.wire.collect()
            switch.phone("anna", 1).bye(caller, settle=False)
    assert len(switch.carrier("north").sides) == 2
    assert following.finals == []
    assert len(switch.slots(OWNER)) == 1


@pytest.mark.parametrize("whose", ["caller", "callee"])
@pytest.mark.parametrize("death", ["481", "408", "timeout", "flow"])
def test_a_dead_holder_makes_room(death: str, whose: str) -> None:
    switch = one_slot()
    caller, callee = talk(switch, switch.phone("anna", 1))
    switch.wire.advance(60)
    dead = switch.phone("anna", 1) if whose == "caller" else switch.carrier("north")
    if death in ("481", "408"):
        dead.answers["OPTIONS"] = int(death)
        dead.answers["BYE"] = 481
    else:
        dead.is_dead = True
    asked_at = switch.wire.now
    following = switch.phone("anna", 2).call(MOBILE)
    if death == "flow":
        switch.fail_flow(dead.address)
    if whose == "callee":
        # The dialogs of the first call stay lost; the carrier itself is there again.
        switch.wire.advance(2.0 if death == "timeout" else 0.0)
        dead.is_dead = False
        dead.answers.clear()
        dead.sides.remove(callee)
        switch.wire.advance(0.6)
    switch.wire.advance(2.0)
    assert following.finals == []
    assert len(switch.slots(OWNER)) == 1
    assert not switch.carrier("north").sides[-1].is_closed
    lost = switch.log.records()[-1]
    assert lost.ending == "lost"
    assert lost.released_by == "switch"
    assert lost.rated_us <= round((asked_at - (callee.accepted_at or 0) + 2.0) * 1_000_000)
    assert caller.byes_received + callee.byes_received >= 1


def test_a_living_holder_keeps_its_slot() -> None:
    switch = one_slot()
    caller, callee = talk(switch, switch.phone("anna", 1))
    following = switch.phone("anna", 2).call(MOBILE)
    assert_refused(following)
    assert [one.method for one in caller.received] == ["OPTIONS"]
    assert [one.method for one in callee.received] == ["INVITE", "OPTIONS"]
    assert caller.is_talking
    again = switch.phone("anna", 2).call(MOBILE)
    assert_refused(again)


def test_a_slow_holder_is_waited_for_no_longer_than_two_seconds() -> None:
    switch = one_slot()
    talk(switch, switch.phone("anna", 1))
    switch.phone("anna", 1).is_dead = True
    following = switch.phone("anna", 2).call(MOBILE)
    switch.wire.advance(1.9)
    assert len(switch.carrier("north").sides) == 1
    switch.wire.advance(0.2)
    assert len(switch.carrier("north").sides) == 2
    assert following.finals == []


def test_who_waits_for_a_holder_may_give_up() -> None:
    switch = one_slot()
    talk(switch, switch.phone("anna", 1))
    switch.phone("anna", 1).is_dead = True
    following = switch.phone("anna", 2).call(MOBILE)
    switch.wire.advance(1)
    switch.phone("anna", 2).cancel(following)
    assert following.finals == [487]
    switch.wire.advance(200)
    assert len(switch.carrier("north").sides) == 1
    switch.assert_quiet()
    endings = sorted(one.ending for one in switch.log.records())
    assert endings[0] == "cancelled"
    assert "lost" in endings


def test_several_wait_for_one_holder_and_one_of_them_gets_the_slot() -> None:
    switch = one_slot()
    talk(switch, switch.phone("anna", 1))
    switch.phone("anna", 1).is_dead = True
    waiting = [switch.phone("anna", 2).call(MOBILE) for _ in range(3)]
    switch.wire.advance(2.5)
    assert len(switch.slots(OWNER)) == 1
    assert len(switch.carrier("north").sides) == 2
    assert sorted(side.finals for side in waiting) == [[], [486], [486]]


def test_every_holder_is_probed_every_five_minutes() -> None:
    switch = one_slot()
    caller, callee = talk(switch, switch.phone("anna", 1))
    switch.wire.advance(299)
    assert caller.received == []
    switch.wire.advance(2)
    assert [one.method for one in caller.received] == ["OPTIONS"]
    switch.phone("anna", 1).is_dead = True
    switch.wire.advance(335)  # the probe, and the 32 s that a transaction lasts
    assert switch.slots(OWNER) == set()
    assert callee.byes_received == 1
    assert switch.log.records()[-1].ending == "lost"
