"""Calls go by again and meet the slots and prices of another plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rating.engine import UnpricedReason
from rating.pricing import Subscription
from rating.replay import (
    Combination,
    RecordedCall,
    Replay,
    Simulation,
    by_account,
    combinations,
    peak_of,
    simulate,
)
from tests.rating.replay.calls import START, TARIFF, booked, made, sample_tariffs, subscribed
from tests.rating.shipped import numbering

SAMPLE = sample_tariffs()


def simulated(*calls: RecordedCall, subscription: Subscription) -> Simulation:
    ordered = by_account(calls)["1"]
    return simulate(Replay(SAMPLE, numbering().prefix_table), ordered, subscription)


def test_a_call_beyond_the_booked_flats_is_refused_and_takes_nothing() -> None:
    calls = (made(after_s=0), made(after_s=30), made(after_s=45), made(after_s=60))
    found = simulated(*calls, subscription=subscribed(booked("FLAT")))
    assert (found.calls, found.priced, found.refused, found.lost) == (4, 2, 2, 2)
    assert simulated(*calls, subscription=subscribed(booked("FLAT", 3))).refused == 0
    assert simulated(*calls, subscription=subscribed()).refused == 0


def test_a_refused_call_uses_no_allowance() -> None:
    found = simulated(
        made("01711234567", after_s=0, lasts_s=50),
        made("01711234567", after_s=10, lasts_s=50),
        made("01711234567", after_s=50, lasts_s=50),
        subscription=subscribed(booked("FLAT"), booked("PACK")),
    )
    assert (found.refused, found.allowance_s) == (1, 100)


def test_a_limit_counts_from_the_day_of_the_order_though_the_price_is_that_of_the_month() -> None:
    flat = booked("FLAT", since=(START + timedelta(days=1)).date())
    calls = [made(after_s=day * 86_400 + after_s) for day in (0, 1) for after_s in (0, 30)]
    found = simulated(*calls, subscription=subscribed(flat))
    assert (found.refused, found.gross_micros) == (1, 0)


def test_a_call_without_a_price_holds_no_slot() -> None:
    found = simulated(
        made("0041441234567", after_s=0),
        made(after_s=10),
        subscription=subscribed(booked("FLAT")),
    )
    assert found.unpriced == {UnpricedReason.NO_ROW: 1}
    assert (found.refused, found.priced, found.lost) == (0, 1, 1)


def test_what_rings_in_vain_holds_a_slot_and_costs_nothing() -> None:
    ringing = replace(made("01711234567", lasts_s=40), rated_us=0)
    found = simulated(
        ringing, made("01711234567", after_s=20), subscription=subscribed(booked("FLAT"))
    )
    assert (found.refused, found.gross_micros) == (1, 0)


def test_money_is_counted_net_and_gross() -> None:
    found = simulated(made(), made(after_s=5), subscription=subscribed())
    assert (found.net_micros, found.gross_micros) == (120_000, 142_800)


def test_the_peak_is_where_most_calls_ran_at_once() -> None:
    calls = [made(after_s=0), made(after_s=50), made(after_s=60), made(after_s=100)]
    peak = peak_of(reversed(calls))
    assert (peak.calls, peak.at) == (3, calls[3].started_at)
    assert peak_of([]).calls == 0


def test_calls_are_told_apart_by_their_payers() -> None:
    late, early, other = made(after_s=9), made(after_s=3), made(account_id="2")
    assert by_account([late, early, other]) == {"1": [early, late], "2": [other]}


def names(*, is_trunk: bool, peak: int) -> set[str]:
    return {str(one) for one in combinations(SAMPLE, is_trunk=is_trunk, peak=peak)}


def test_every_combination_of_the_options_that_a_plan_allows_is_tried() -> None:
    assert names(is_trunk=True, peak=2) == {
        "sample/trunk",
        "sample/trunk + PACK",
        "sample/trunk + PACK:2",
        "sample/trunk + PACK:3",
    }
    of_phone = names(is_trunk=False, peak=2)
    assert {"sample/basic", "sample/basic + FLAT:2 + PACK:3"} <= of_phone
    assert len(of_phone) == 3 * 4


def test_of_options_that_free_the_same_calls_one_is_enough() -> None:
    twins = "".join(
        f"""
[[option]]
id = "ALL-{number}"
kind = "flat"
line = {number}
covers = ["DE/mobile"]
effective = "provision_day"
trunk_accounts = false
"""
        for number in (6, 7)
    )
    tariffs = sample_tariffs(tariff=TARIFF + twins)
    found = list(combinations(tariffs, is_trunk=False, peak=1))
    both = {("ALL-6", 1), ("ALL-7", 1)}
    assert len(found) == 2 * 4 * 3
    assert not [one for one in found if both <= set(one.options)]


def test_a_list_is_picked_where_there_is_a_choice() -> None:
    second = TARIFF[TARIFF.index("[[price_list]]") : TARIFF.index("[[option]]")]
    second = second.replace('id = "sample"', 'id = "cheap"\ndefault = true')
    tariffs = sample_tariffs(tariff=TARIFF + second)
    lists = {one.price_list for one in combinations(tariffs, is_trunk=True, peak=1)}
    assert lists == {"sample", "cheap"}


def test_a_combination_is_booked_as_of_a_day() -> None:
    combination = Combination("sample", "basic", None, (("FLAT", 2),))
    subscription = combination.subscription(START.date())
    assert subscription.plans[0].valid_from == START.date()
    assert SAMPLE.concurrent_calls_max(subscription, START) == 2
