"""Calls for help: before every other rule, waiting for none of them."""

from __future__ import annotations

import pytest

from freiton.routing.refusals import RefusalCause
from tests.freiton.calls.scene import (
    BEN,
    NORTH,
    RESCUE,
    assert_refused,
    last_record,
    open_switch,
    talk,
)
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, SWITCH, Town, account, trunk

PREPAID = account(1, "anna", flatrates=1, prepaid=True)


@pytest.mark.parametrize("dialled", ["110", "112", "urn:service:sos", "urn:service:sos.fire"])
def test_a_registered_phone_is_connected_without_password_credit_or_limit(dialled: str) -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH, RESCUE))
    switch.drain()
    phone = switch.phone("anna")
    phone.challenges.clear()
    phone.password = "forgotten"
    caller = phone.call(dialled)
    rescue = switch.carrier("rescue")
    assert caller.statuses == []
    rescue.answer(rescue.sides[0])
    assert caller.finals == [200]
    assert phone.challenges == {}, "it was challenged"
    assert switch.slots("account/1/outgoing") == set()
    assert len(switch.slots("trunk/3")) == 1
    switch.wire.advance(5 * 3600)
    assert caller.is_talking, "nothing ends it"
    phone.bye(caller)
    record = last_record(switch)
    assert record.is_emergency
    assert record.amount_micros == 0
    assert record.duration_us == 5 * 3600 * 1_000_000


def test_it_is_not_counted_and_not_refused_when_the_only_slot_is_taken() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN, trunks=(NORTH,))
    talk(switch)
    help_call = switch.phone("anna").call("112")
    assert len(switch.carrier("north").sides) == 2
    assert help_call.finals == []
    assert len(switch.slots("account/1/outgoing")) == 1


def test_it_leaves_the_slot_to_a_call_that_comes_after_it() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN, trunks=(NORTH,))
    talk(switch, dialled="112")
    assert switch.phone("anna").call(MOBILE).finals == []


def test_it_tries_every_carrier_and_moves_its_channel() -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH, RESCUE))
    caller = switch.phone("anna").call("112")
    rescue, north = switch.carrier("rescue"), switch.carrier("north")
    rescue.refuse(rescue.sides[0], 503)
    assert switch.slots("trunk/3") == set()
    assert len(switch.slots("trunk/1")) == 1
    north.answer(north.sides[0])
    assert caller.finals == [200]


def test_it_goes_over_full_trunks() -> None:
    switch = open_switch(PREPAID, BEN, trunks=(trunk(1, "north", channels=1),))
    talk(switch, "ben")
    assert switch.phone("anna").call("112").finals == []
    assert len(switch.slots("trunk/1")) == 2


def test_it_is_put_through_when_the_switch_is_full() -> None:
    switch = one_call_switch()
    talk(switch, "ben")
    assert_refused(switch, switch.phone("ben").call(MOBILE), RefusalCause.OVERLOADED)
    assert switch.phone("anna").call("112").finals == []


def one_call_switch() -> VirtualSwitch:
    switch = open_switch(PREPAID, BEN)
    limits = switch.config.limits.model_copy(update={"calls_max": 1})
    small = VirtualSwitch(switch.town, settings=switch.config.model_copy(update={"limits": limits}))
    small.phone("anna").register()
    small.phone("ben").register()
    small.carrier("north")
    return small


def test_a_blocked_account_stays_registered_and_calls_for_help() -> None:
    blocked = account(1, "anna", enabled=False)
    switch = open_switch(account(1, "anna"), BEN, trunks=(NORTH, RESCUE))
    phone = switch.phone("anna")
    switch.reload(Town((blocked, BEN), (NORTH, RESCUE)))
    switch.wire.advance(1800)
    phone.challenges.clear()
    phone.register()
    assert phone.statuses["REGISTER"] == [200, 200]
    switch.wire.advance(3500)
    phone.challenges.clear()
    caller = phone.call("112")
    rescue = switch.carrier("rescue")
    rescue.answer(rescue.sides[0])
    assert caller.finals == [200]
    assert phone.challenges == {}, "it was challenged"
    assert "+493023125001" in rescue.sides[0].received[0].required("p-asserted-identity")


def test_a_blocked_account_is_rung_by_nobody() -> None:
    switch = open_switch(account(1, "anna", enabled=False), BEN)
    switch.phone("anna").register()
    assert_refused(switch, switch.phone("ben").call("anna"), RefusalCause.NOT_REGISTERED)
    assert switch.phone("anna").sides == []


@pytest.mark.parametrize("dialled", ["0112", "+49112"])
def test_what_only_looks_like_it_is_a_number_like_any_other(dialled: str) -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH,))
    assert switch.phone("anna").call(dialled).finals != []
    assert switch.carrier("north").sides == []


def test_a_stranger_is_refused_by_default() -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH,))
    stranger = ScriptedPhone(switch.wire, "stranger", ("192.0.2.99", 5060), switch=SWITCH)
    assert_refused(switch, stranger.call("112"), RefusalCause.EMERGENCY_FROM_STRANGER)


@pytest.mark.parametrize("restarts", [0, 1])
def test_the_deadline_of_a_shutdown_ends_all_but_calls_for_help(restarts: int) -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH, RESCUE))
    helped, _ = talk(switch, dialled="112", carrier="rescue")
    ordinary, _ = talk(switch, "ben")
    for _ in range(restarts):
        switch.crash()
        switch.start()
        switch.wire.advance(1)
    switch.drain()
    switch.hang_up_all(spares_emergency=True)
    assert not ordinary.is_talking
    assert helped.is_talking
    assert has_emergency(switch)
    switch.wire.advance(500)
    assert helped.is_talking
    switch.phone("anna").bye(helped)
    assert not has_emergency(switch)
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_call_for_help_that_still_rings_is_spared_too_until_all_are_ended() -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH, RESCUE))
    helped = switch.phone("anna").call("112")
    switch.hang_up_all(spares_emergency=True)
    assert helped.finals == []
    assert has_emergency(switch)
    switch.hang_up_all()
    assert helped.finals == [503]
    assert not has_emergency(switch)


def test_a_caller_who_hides_is_shown_to_the_rescue() -> None:
    switch = open_switch(PREPAID, BEN, trunks=(NORTH, RESCUE))
    switch.phone("anna").call("*31#112", fields=(("privacy", "id"),))
    invite = switch.carrier("rescue").sides[0].received[0]
    assert "+493023125001" in invite.required("p-asserted-identity")
    assert "anonymous" not in invite.required("from")
    assert not invite.has("privacy")


def has_emergency(switch: VirtualSwitch) -> bool:
    return switch.parts.calls.has_emergency
