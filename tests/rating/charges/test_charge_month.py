"""What holds for the fees of every month, whatever is booked."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.charges import (
    Billing,
    Booking,
    ChargeBook,
    FeePart,
    Grant,
    Month,
    MonthParams,
    charge_month,
    load_charges,
)
from rating.errors import LocalError
from tests.rating.shipped import tariffs, texts

MAY = Month(2026, 5)
days = st.integers(min_value=0, max_value=70).map(lambda n: date(2026, 4, 1) + timedelta(days=n))


@cache
def book(provider: str) -> ChargeBook:
    return load_charges(texts("tariffs"), tariffs())[provider]


def monthly(
    provider: str, *bookings: Booking, month: Month = MAY, grants: tuple[Grant, ...] = ()
) -> Fraction:
    charges = charge_month(MonthParams(book(provider), month, bookings, grants))
    fees = (fee for fee in charges.fees if fee.part is FeePart.MONTHLY)
    return sum((fee.amount.exact for fee in fees), Fraction(0))


def daily_items() -> list[str]:
    (charges,) = book("tgnet").lists
    return [item for (item, _), rows in charges.fees.items() if rows.billing is Billing.DAILY]


@given(st.sampled_from(daily_items()), days, days, days)
def test_two_parts_of_a_booking_cost_what_the_whole_costs(
    item: str, one: date, two: date, three: date
) -> None:
    begins, middle, ends = sorted((one, two, three))
    whole = monthly("tgnet", Booking(item, begins, valid_to=ends))
    first = Booking(item, begins, valid_to=middle)
    assert monthly("tgnet", first, Booking(item, middle, valid_to=ends)) == whole


@given(st.lists(st.tuples(days, st.integers(1, 12)), max_size=5))
def test_the_days_of_all_months_are_the_days_of_the_booking(
    drawn: list[tuple[date, int]],
) -> None:
    bookings = tuple(Booking("NUMBER-LOCAL", day, count=count) for day, count in drawn)
    charges = charge_month(MonthParams(book("tgnet"), MAY, bookings))
    charged = sum(fee.unit_days for fee in charges.fees if fee.part is FeePart.MONTHLY)
    held = sum(one.count for one in bookings for day in MAY.days() if one.holds_on(day))
    assert charged == held


@given(days, st.integers(1, 150), st.integers(1, 150))
def test_more_members_never_cost_less(day: date, fewer: int, more: int) -> None:
    few, many = sorted((fewer, fewer + more))
    for item in ("NUMBER-LOCAL", "ACCOUNT", "FLAT.DE"):
        cheap = monthly("tgnet", Booking(item, day, count=few))
        assert cheap <= monthly("tgnet", Booking(item, day, count=many))


@given(st.fractions(0, 1, max_denominator=1000), days)
def test_a_percentage_is_taken_off_exactly(percent: Fraction, day: date) -> None:
    booking = Booking("NUMBER-LOCAL", day)
    reduced = monthly("tgnet", booking, grants=(Grant("PRO", percent),))
    assert reduced == monthly("tgnet", booking) * (1 - percent)


def test_a_month_without_bookings_costs_nothing() -> None:
    charges = charge_month(MonthParams(book("enreach"), MAY, ()))
    assert (charges.fees, charges.unpriced) == ((), ())


def test_net_and_gross_are_rounded_from_the_exact_amount() -> None:
    charges = charge_month(MonthParams(book("tgnet"), MAY, (Booking("PLUS", date(2026, 5, 20)),)))
    amount = charges.fees[-1].amount
    assert amount.exact == Fraction(357, 155)
    assert (amount.amount_micros, amount.gross_micros, amount.net_micros) == (
        2_303_226,
        2_303_226,
        1_935_484,
    )


def test_a_reduction_that_nobody_knows_is_our_own_mistake() -> None:
    with pytest.raises(LocalError, match="no reduction 'GOLD'"):
        monthly("tgnet", grants=(Grant("GOLD"),))


def test_an_advantage_cannot_be_booked() -> None:
    booking = Booking("COMPANY-FLAT", date(2026, 5, 1))
    charges = charge_month(MonthParams(book("enreach"), MAY, (booking,)))
    assert [one.reason for one in charges.unpriced] == ["no_row", "no_row"]


@pytest.mark.parametrize("count", [0, -1])
def test_a_booking_has_units_and_does_not_end_before_it_begins(count: int) -> None:
    with pytest.raises(LocalError):
        Booking("PLUS", date(2026, 5, 1), count=count)
    with pytest.raises(LocalError):
        Booking("PLUS", date(2026, 5, 1), valid_to=date(2026, 4, 30))
