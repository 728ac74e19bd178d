"""What must hold for every price, duration and allowance."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rating.engine import (
    Quote,
    RatedCall,
    RatingParams,
    grant_seconds,
    next_change_s,
    price_of_seconds,
    rate_call,
)
from rating.money import MICROS_PER_EURO
from rating.pricing import Basis
from tests.rating.engine.quotes import QUOTES, slow_price
from tests.rating.slow_checker import SlowPrice, paid_seconds, six_decimals

SECOND = 1_000_000
NAMES = ("FREE-120", "PACKAGE")
WITH_ALLOWANCES = QUOTES.map(lambda quote: replace(quote, allowances=NAMES))
TO_THE_SECOND = WITH_ALLOWANCES.map(
    lambda quote: replace(
        quote,
        increments=replace(quote.increments, first_s=1, next_s=1),
        free_first_s=0,
        caps_s=None,
    )
)
SECONDS = st.integers(0, 2_000)
LEFT = st.tuples(st.integers(0, 400), st.integers(0, 400))
MONEY = st.one_of(st.integers(0, 2_000_000), st.integers(0, 10**9))
CAPS = st.integers(0, 5_000)


def rated(quote: Quote, seconds: int, allowance_s: tuple[int, ...]) -> RatedCall:
    return rate_call(RatingParams(quote, seconds * SECOND, allowance_s))


def exact(price: SlowPrice, seconds: int, allowance_s: int) -> Fraction:
    """Count the charged seconds one by one: the first ones are the allowances'."""
    if seconds == 0:
        return Fraction(0)
    paid_s = sum(1 for second in range(paid_seconds(price, Fraction(seconds)))
                 if second >= allowance_s)  # fmt: skip
    return price.per_call + price.per_minute * paid_s / 60


@settings(max_examples=300)
@given(WITH_ALLOWANCES, SECONDS, LEFT)
def test_the_engine_equals_counting_by_hand(
    quote: Quote, seconds: int, left: tuple[int, int]
) -> None:
    found = rated(quote, seconds, left)
    slow = exact(slow_price(quote), seconds, sum(left))
    assert found.amount_micros == six_decimals(slow) * MICROS_PER_EURO
    first, second = found.allowance_used_s
    assert 0 <= first <= left[0]
    assert 0 <= second <= left[1]
    assert not second or first == left[0], "the second pays before the first is used up"
    if quote.unit_price.second:
        assert first + second == min(found.charged_s, sum(left))
    else:
        assert first == second == 0


@given(WITH_ALLOWANCES, SECONDS, SECONDS, LEFT)
def test_longer_never_costs_less_nor_uses_less(
    quote: Quote, one: int, other: int, left: tuple[int, int]
) -> None:
    shorter, longer = (rated(quote, seconds, left) for seconds in sorted((one, other)))
    assert shorter.amount_micros <= longer.amount_micros
    assert sum(shorter.allowance_used_s) <= sum(longer.allowance_used_s)


@given(WITH_ALLOWANCES, SECONDS, LEFT, st.integers(0, 100))
def test_a_larger_allowance_never_costs_more(
    quote: Quote, seconds: int, left: tuple[int, int], more: int
) -> None:
    larger = (left[0] + more, left[1])
    assert rated(quote, seconds, larger).amount_micros <= rated(quote, seconds, left).amount_micros


@given(WITH_ALLOWANCES, SECONDS, LEFT)
def test_a_call_is_the_same_with_what_it_has_used(
    quote: Quote, seconds: int, left: tuple[int, int]
) -> None:
    """What the record keeps gives the amounts of the record."""
    found = rated(quote, seconds, left)
    assert rated(quote, seconds, found.allowance_used_s) == found


@given(TO_THE_SECOND, SECONDS, SECONDS, LEFT)
def test_two_parts_cost_what_the_whole_does_where_the_list_adds_time_up(
    quote: Quote, first_s: int, second_s: int, left: tuple[int, int]
) -> None:
    """With the allowance handed on from part to part, and the fee per call paid once."""
    assume(first_s and second_s)
    whole = rated(quote, first_s + second_s, left)
    first = rated(quote, first_s, left)
    rest = (left[0] - first.allowance_used_s[0], left[1] - first.allowance_used_s[1])
    second = rated(quote, second_s, rest)
    used = tuple(map(sum, zip(first.allowance_used_s, second.allowance_used_s, strict=True)))
    assert used == whole.allowance_used_s
    assert first.paid_s + second.paid_s == whole.paid_s
    fee_micros = quote.price_per_call * MICROS_PER_EURO
    parts = first.amount_micros + second.amount_micros - fee_micros
    # Each of the three amounts is rounded once, by half a micro-euro at most.
    assert abs(parts - whole.amount_micros) <= Fraction(3, 2)


@given(WITH_ALLOWANCES, MONEY, CAPS, st.integers(0, 800))
def test_a_grant_is_the_largest_whole_second_that_can_be_paid(
    quote: Quote, available: int, cap_s: int, allowance_s: int
) -> None:
    granted = grant_seconds(quote, available, cap_s=cap_s, allowance_s=allowance_s)
    assert 0 <= granted <= cap_s
    assert price_of_seconds(quote, granted, allowance_s=allowance_s) <= available
    if granted not in (cap_s, quote.caps_s):
        assert price_of_seconds(quote, granted + 1, allowance_s=allowance_s) > available


@given(WITH_ALLOWANCES, MONEY, CAPS, LEFT, SECONDS)
def test_a_call_cut_at_its_grant_takes_no_more_than_there_was(
    quote: Quote, available: int, cap_s: int, left: tuple[int, int], talked_s: int
) -> None:
    granted = grant_seconds(quote, available, cap_s=cap_s, allowance_s=sum(left))
    assert rated(quote, min(talked_s, granted), left).gross_micros <= available


@given(WITH_ALLOWANCES, st.integers(0, 5_000), st.integers(0, 800))
def test_a_reservation_is_never_below_the_charge(
    quote: Quote, seconds: int, allowance_s: int
) -> None:
    reserved = price_of_seconds(quote, seconds, allowance_s=allowance_s)
    tax = quote.vat_rate if quote.basis is Basis.NET else 0
    micros = exact(slow_price(quote), seconds, allowance_s) * MICROS_PER_EURO * (1 + tax)
    assert 0 <= reserved - micros < 1
    assert rated(quote, seconds, (allowance_s, 0)).gross_micros <= reserved


@given(WITH_ALLOWANCES, st.integers(0, 2_000), st.integers(0, 800))
def test_the_cost_stays_until_its_next_change_and_then_grows(
    quote: Quote, elapsed_s: int, allowance_s: int
) -> None:
    price = slow_price(quote)
    change = next_change_s(quote, elapsed_s, allowance_s=allowance_s)
    now = exact(price, elapsed_s + 1, allowance_s)
    if change is None:
        assert exact(price, elapsed_s + 5_000, allowance_s) == now
    else:
        assert change > elapsed_s
        assert exact(price, change, allowance_s) == now
        assert exact(price, change + 1, allowance_s) > now
