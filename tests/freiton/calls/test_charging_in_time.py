"""Money while it runs: cut-offs to the second, caps, the running cost, and the wall clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rating.pricing import BookedPlan, Subscription
from tests.freiton.calls.scene import ANNA, BEN, last_record, open_switch, talk
from tests.support.virtual_switch import SilentJournal, VirtualSwitch
from tests.support.virtual_town import MOBILE, account, trunk

PRICE_PER_S = 9950 / 3
"""Micro-euros a second to a German mobile, from the price list's 19.9 ct/min."""


def prepaid(micros: int) -> VirtualSwitch:
    switch = open_switch(account(1, "anna", prepaid=True), BEN)
    switch.pay_in(1, micros)
    return switch


@pytest.mark.parametrize("micros", [3_400, 33_167, 40_000, 100_000, 331_666, 331_667])
def test_credit_ends_the_call_at_the_exact_second(micros: int) -> None:
    switch = prepaid(micros)
    granted_s = int(micros / PRICE_PER_S)
    caller, callee = talk(switch)
    answered = switch.wire.now
    switch.wire.advance(granted_s - 0.01)
    assert caller.is_talking
    switch.wire.advance(0.06)
    for side in (caller, callee):
        assert side.byes_received == 1
        assert side.ended_at is not None
        assert 0 <= side.ended_at - answered - granted_s <= 0.05
        assert 'text="credit-exhausted"' in side.received[-1].required("reason")
    record = last_record(switch)
    assert record.ending == "credit-exhausted"
    assert record.released_by == "switch"
    assert record.billed_s == granted_s
    assert record.rated_us == granted_s * 1_000_000
    assert record.amount_micros <= micros
    book = switch.accounting.state.book
    assert book.account("prepaid/1").balance_micros == micros - record.amount_micros


def test_a_late_wake_up_is_not_paid_by_the_caller() -> None:
    """The switch slept over the end of the grant; the grant is charged, not the delay."""
    switch = prepaid(40_000)
    caller, _ = talk(switch)
    answered = switch.wire.now
    switch.wire.now += 9.5
    switch.fire()
    switch.wire.now = answered + 30.0
    switch.fire()
    switch.wire.settle()
    assert not caller.is_talking
    assert last_record(switch).billed_s == 12
    assert last_record(switch).amount_micros <= 40_000


def test_money_paid_in_during_the_call_prolongs_it() -> None:
    switch = prepaid(40_000)
    caller, _ = talk(switch)
    switch.wire.advance(8)
    switch.pay_in(1, 40_000, "second")
    switch.wire.advance(12)
    assert caller.is_talking
    switch.wire.advance(5)
    assert last_record(switch).billed_s == 24


def test_two_calls_share_one_balance_and_never_overdraw_it() -> None:
    switch = prepaid(200_000)
    talk(switch)
    switch.wire.advance(3)
    talk(switch)
    switch.wire.advance(120)
    records = [one for one in switch.log.records() if one.ending == "credit-exhausted"]
    assert len(records) == 2
    spent = sum(one.amount_micros for one in records)
    balance = switch.accounting.state.book.account("prepaid/1").balance_micros
    assert balance == 200_000 - spent
    assert 0 <= balance < 2 * PRICE_PER_S


@pytest.mark.parametrize(("dialled", "hours"), [("08001234567", 4), (MOBILE, 4), ("11833", 1)])
def test_the_longest_call(dialled: str, hours: int) -> None:
    rich = replace(ANNA, premium_allowed=True, daily_limit_micros=10**12)
    switch = open_switch(rich, BEN)
    caller, callee = talk(switch, dialled=dialled)
    switch.wire.advance(hours * 3600 - 0.01)
    assert caller.is_talking
    switch.wire.advance(0.06)
    assert caller.byes_received == callee.byes_received == 1
    assert last_record(switch).ending == "max-duration"
    assert last_record(switch).rated_us == hours * 3600 * 1_000_000


@pytest.mark.parametrize("talked_s", [0.0, 0.4, 1.0, 10.5, 59.999, 60.0, 61.2, 754.0])
def test_the_running_cost_at_the_end_is_the_final_charge(talked_s: float) -> None:
    switch = open_switch(ANNA, BEN)
    caller, _ = talk(switch)
    (call_id,) = switch.accounting.state.calls
    switch.wire.advance(talked_s)
    running = switch.accounting.running_cost(call_id, now=switch.wire.now)
    assert running is not None
    switch.phone("anna").bye(caller)
    record = last_record(switch)
    assert running.amount_micros == record.amount_micros == switch.owed_micros(1)
    assert record.is_consistent()


def test_a_follower_sees_the_cost_rise_to_the_final_charge() -> None:
    switch = open_switch(ANNA, BEN)
    switch.stream.is_followed = True
    caller, _ = talk(switch)
    switch.wire.advance(20.5)
    switch.phone("anna").bye(caller)
    kinds = [one.kind for one in switch.stream.reports]
    assert kinds[:2] == ["admit", "answer"]
    assert kinds[-1] == "end"
    ticks = [one.cost_micros for one in switch.stream.reports if one.kind == "tick"]
    assert 19 <= len(ticks) <= 22
    costs = [one for one in ticks if one is not None]
    assert costs == sorted(costs)
    assert switch.stream.reports[-1].cost_micros == switch.owed_micros(1)


def test_followers_and_the_log_are_told_gross_where_the_list_is_net(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[dict[str, object]] = []
    monkeypatch.setattr(SilentJournal, "info", lambda _, event, **told: lines.append(told))
    plan = BookedPlan("enreach", "advanced", date(2025, 1, 1))
    switch = open_switch(account(1, "anna", subscription=Subscription((plan,))), BEN)
    switch.stream.is_followed = True
    caller, _ = talk(switch)
    switch.wire.advance(59.5)
    switch.phone("anna").bye(caller)
    record = last_record(switch)
    assert record.gross_micros == switch.owed_micros(1) > record.amount_micros > 0
    *_, tick, end = (one.cost_micros or 0 for one in switch.stream.reports)
    assert end == lines[-1]["gross_micros"] == record.gross_micros
    assert record.amount_micros < tick < end


@pytest.mark.parametrize("jump_s", [-3600.0, -1.0, 1.0, 86_400.0])
def test_the_wall_clock_may_jump_and_the_duration_does_not(jump_s: float) -> None:
    switch = open_switch(ANNA, BEN)
    caller, _ = talk(switch)
    switch.wire.advance(30)
    switch.clock.step(jump_s)
    switch.wire.advance(30)
    switch.phone("anna").bye(caller)
    assert last_record(switch).duration_us == 60_000_000
    assert last_record(switch).rated_us == 60_000_000


def test_a_flatrate_covers_german_calls_and_is_still_recorded() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN)
    caller, _ = talk(switch, dialled="03023125900")
    switch.wire.advance(90.5)
    switch.phone("anna").bye(caller)
    record = last_record(switch)
    assert record.amount_micros == 0
    assert record.billed_s == 91
    assert record.quote is not None
    assert record.quote.covered_by == "FLAT.DE"


def test_the_price_at_the_answer_holds_whatever_is_booked_meanwhile() -> None:
    switch = open_switch(ANNA, BEN)
    caller, _ = talk(switch, dialled="03023125900")
    switch.wire.advance(10)
    switch.reload(replace(switch.town, accounts=(account(1, "anna", flatrates=1), BEN)))
    switch.wire.advance(10)
    switch.phone("anna").bye(caller)
    assert last_record(switch).amount_micros == round(20 * 1450 / 3)


def test_the_price_at_the_answer_holds_whatever_is_dialled_meanwhile() -> None:
    switch = open_switch(ANNA, BEN)
    german, _ = talk(switch, dialled="03023125900")
    switch.wire.advance(10)
    mobile, _ = talk(switch)
    switch.wire.advance(10)
    switch.phone("anna").bye(german)
    assert last_record(switch).amount_micros == round(20 * 1450 / 3)
    switch.phone("anna").bye(mobile)
    assert last_record(switch).amount_micros == round(10 * 9950 / 3)


def test_what_comes_in_from_a_carrier_costs_nobody_anything() -> None:
    switch = open_switch(ANNA, BEN, trunks=(trunk(1, "north"),))
    incoming = switch.carrier("north").call("+493023125001")
    anna = switch.phone("anna")
    anna.answer(anna.sides[-1])
    assert incoming.finals == [200]
    switch.wire.advance(10)
    anna.bye(anna.sides[-1])
    assert last_record(switch).direction == "inbound"
    assert last_record(switch).amount_micros == 0
    assert last_record(switch).duration_us == 10_000_000
