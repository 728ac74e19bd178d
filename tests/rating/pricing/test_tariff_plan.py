"""From which day options count, and how many calls at a time flats allow."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rating.pricing import BookedOption
from tests.rating.shipped import subscribed, tariffs

PLAN = tariffs().plan("tgnet")


def booked(
    option_id: str,
    *,
    ordered: date,
    valid_from: date | None = None,
    valid_to: date | None = None,
    count: int = 1,
) -> BookedOption:
    return BookedOption(option_id, count, valid_from or ordered, valid_to, ordered, "tgnet")


def counts(day: date, booking: BookedOption, *, trunk: bool = False) -> bool:
    plan_id = "trunk" if trunk else "account"
    return bool(PLAN.options_on(day, subscribed(booking, plan_id=plan_id)))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 4, 30), False),
        (date(2026, 5, 1), True),  # ordered on the 20th, free from the 1st
        (date(2026, 5, 19), True),
        (date(2026, 5, 20), True),
        (date(2026, 6, 1), True),
    ],
)
def test_a_flat_counts_from_the_first_of_its_month(day: date, *, expected: bool) -> None:
    assert counts(day, booked("FLAT.DE", ordered=date(2026, 5, 20))) is expected


def test_a_flat_for_a_later_month_does_not_reach_back_to_the_order() -> None:
    booking = booked("FLAT.DE", ordered=date(2026, 5, 20), valid_from=date(2026, 7, 10))
    assert not counts(date(2026, 6, 30), booking)
    assert counts(date(2026, 7, 1), booking)


def test_a_flat_never_reaches_before_the_month_of_its_order() -> None:
    booking = booked("FLAT.DE", ordered=date(2026, 5, 20), valid_from=date(2026, 2, 1))
    assert not counts(date(2026, 4, 30), booking)
    assert counts(date(2026, 5, 1), booking)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 5, 1), False), (date(2026, 5, 19), False), (date(2026, 5, 20), True)],
)
def test_plus_counts_from_its_day(day: date, *, expected: bool) -> None:
    assert counts(day, booked("PLUS", ordered=date(2026, 5, 20))) is expected


@pytest.mark.parametrize("option_id", ["FLAT.DE", "PLUS"])
def test_an_option_ends_before_its_last_day(option_id: str) -> None:
    booking = booked(option_id, ordered=date(2026, 5, 1), valid_to=date(2026, 8, 1))
    assert counts(date(2026, 7, 31), booking)
    assert not counts(date(2026, 8, 1), booking)


def test_a_count_of_zero_is_no_option() -> None:
    assert not counts(date(2026, 5, 1), booked("PLUS", ordered=date(2026, 5, 1), count=0))


def test_a_trunk_account_can_have_plus_but_no_flat() -> None:
    day = date(2026, 5, 1)
    assert not counts(day, booked("FLAT.DE", ordered=day), trunk=True)
    assert counts(day, booked("PLUS", ordered=day), trunk=True)


def limit(day: date, *bookings: BookedOption, trunk: bool = False) -> int | None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    plan_id = "trunk" if trunk else "account"
    return tariffs().concurrent_calls_max(subscribed(*bookings, plan_id=plan_id), at)


def test_without_a_flat_there_is_no_limit() -> None:
    assert limit(date(2026, 5, 1)) is None
    assert limit(date(2026, 5, 1), booked("PLUS", ordered=date(2026, 5, 1))) is None


def test_each_flat_allows_one_call_more() -> None:
    day = date(2026, 5, 20)
    one = booked("FLAT.DE", ordered=day)
    two = booked("FLAT.DE", ordered=day, count=2)
    assert limit(day, one) == 1
    assert limit(day, one, two) == 3


def test_the_limit_begins_with_the_order_not_with_the_price() -> None:
    booking = booked("FLAT.DE", ordered=date(2026, 5, 20))
    assert counts(date(2026, 5, 19), booking)
    assert limit(date(2026, 5, 19), booking) is None
    assert limit(date(2026, 5, 20), booking) == 1


def test_the_limit_ends_with_the_flat_and_never_binds_a_trunk() -> None:
    booking = booked("FLAT.DE", ordered=date(2026, 5, 1), valid_to=date(2026, 6, 1))
    assert limit(date(2026, 6, 1), booking) is None
    assert limit(date(2026, 5, 2), booking, trunk=True) is None
