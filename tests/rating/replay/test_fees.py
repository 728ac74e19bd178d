"""What a combination costs besides calls, by the fees and order rules that ship."""

from __future__ import annotations

from datetime import date

from rating.charges import Month, load_charges
from rating.replay import Combination, Fees, fees_of, months_between
from tests.rating.shipped import tariffs, texts

BOOKS = load_charges(texts("tariffs"), tariffs())
MAY = Month(2026, 5)


def fees(
    provider: str,
    plan_id: str,
    *options: tuple[str, int],
    months: tuple[Month, ...] = (MAY,),
    calls_at_once: int = 1,
    facts: frozenset[str] = frozenset(),
) -> Fees:
    return fees_of(
        BOOKS[provider],
        Combination(provider, plan_id, None, options),
        tariffs().plan(provider).plan(plan_id),
        months=months,
        calls_at_once=calls_at_once,
        facts=facts,
    )


def test_channels_and_their_flats_are_as_many_as_calls_at_once() -> None:
    # Example prices, net: three channels at 2.22, once 22.22, and as many flats at 1.11.
    found = fees("plusnet", "sip-trunk", ("TRUNK-FLAT-FIXED", 1), calls_at_once=3)
    assert found.is_orderable
    assert found.monthly_micros == round((3 * 2_220_000 + 3 * 1_110_000) * 1.19)
    assert found.once_micros == round(3 * 22_220_000 * 1.19)


def test_a_plan_that_is_no_channel_is_needed_once() -> None:
    assert fees("enreach", "starter", calls_at_once=9).monthly_micros == round(4_900_000 * 1.19)


def test_each_month_is_charged_and_what_is_due_once_is_charged_once() -> None:
    one, two = (fees("enreach", "advanced", months=(MAY, MAY.next)[:count]) for count in (1, 2))
    assert two.monthly_micros == 2 * one.monthly_micros == 2 * round(8_900_000 * 1.19)
    assert two.once_micros == one.once_micros == round(25_000_000 * 1.19)


def test_what_the_order_rules_forbid_is_not_orderable() -> None:
    found = fees("plusnet", "sip-trunk", ("TRUNK-FLAT-MOBILE", 1))
    assert [one.rule_id for one in found.violations] == ["national-flat-mandatory"]
    assert not found.is_orderable


def test_a_fact_may_lift_a_rule() -> None:
    assert [one.rule_id for one in fees("zaluma", "team").violations] == ["businesses-only"]
    assert fees("zaluma", "team", facts=frozenset({"business"})).is_orderable


def test_what_has_no_fee_on_a_day_is_not_orderable() -> None:
    found = fees("enreach", "starter", months=(Month(2019, 1),))
    assert [one.reason for one in found.unpriced] == ["no_list", "no_list"]
    assert not found.is_orderable


def test_months_are_those_of_both_days_and_all_between() -> None:
    months = months_between(date(2025, 12, 31), date(2026, 2, 1))
    assert list(map(str, months)) == ["2025-12", "2026-01", "2026-02"]
    assert months_between(date(2026, 5, 1), date(2026, 5, 31)) == (MAY,)
