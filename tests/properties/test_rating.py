"""What must hold for every price and every duration."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from rating.engine import (
    Quote,
    RatingParams,
    grant_seconds,
    next_change_s,
    price_of_seconds,
    rate_call,
)
from rating.money import MICROS_PER_EURO
from rating.pricing import Basis
from tests.rating.engine.quotes import QUOTES, slow_price
from tests.rating.slow_checker import amounts, exact_price

SECOND = 1_000_000
DURATIONS = st.one_of(
    st.integers(0, 200 * SECOND),
    st.integers(0, 4_000).map(lambda seconds: seconds * SECOND),
    st.integers(0, 4_000).map(lambda seconds: seconds * SECOND + 1),
    st.integers(0, 4_000 * SECOND),
)
AMOUNTS = st.one_of(st.integers(0, 2_000_000), st.integers(0, 10**9))
CAPS = st.integers(0, 5_000)


def cost(quote: Quote, duration_us: int) -> int:
    """Give what the ledger debits."""
    return rate_call(RatingParams(quote, duration_us)).gross_micros


@settings(max_examples=400)
@given(QUOTES, DURATIONS)
def test_the_engine_equals_the_slow_checker(quote: Quote, duration_us: int) -> None:
    rated = rate_call(RatingParams(quote, duration_us))
    slow = amounts(slow_price(quote), Fraction(duration_us, SECOND))
    assert rated.charged_s == slow.paid_s
    assert rated.amount_micros == slow.amount * MICROS_PER_EURO
    assert rated.net_micros == slow.net * MICROS_PER_EURO
    assert rated.gross_micros == slow.gross * MICROS_PER_EURO
    assert rated.net_micros + rated.vat_micros == rated.gross_micros


@given(QUOTES, DURATIONS, DURATIONS)
def test_longer_never_costs_less(quote: Quote, one_us: int, other_us: int) -> None:
    shorter, longer = sorted((one_us, other_us))
    assert cost(quote, shorter) <= cost(quote, longer)


@given(QUOTES, st.integers(0, 4_000), st.integers(1, SECOND))
def test_the_running_cost_within_a_second_is_the_final_charge(
    quote: Quote, seconds: int, part_us: int
) -> None:
    begun = seconds * SECOND + part_us
    assert rate_call(RatingParams(quote, begun)).charged_s == (
        rate_call(RatingParams(quote, (seconds + 1) * SECOND)).charged_s
    )
    assert cost(quote, begun) == cost(quote, (seconds + 1) * SECOND)


@given(QUOTES, AMOUNTS, CAPS)
def test_a_grant_can_be_paid_and_a_second_more_could_not(
    quote: Quote, available: int, cap_s: int
) -> None:
    granted = grant_seconds(quote, available, cap_s=cap_s)
    assert 0 <= granted <= cap_s
    assert price_of_seconds(quote, granted) <= available
    at_limit = granted == cap_s or granted == quote.caps_s
    if not at_limit:
        assert price_of_seconds(quote, granted + 1) > available


@given(QUOTES, st.integers(0, 5_000))
def test_a_reservation_is_never_below_the_charge(quote: Quote, seconds: int) -> None:
    reserved = price_of_seconds(quote, seconds)
    tax = quote.vat_rate if quote.basis is Basis.NET else 0
    exact = exact_price(slow_price(quote), Fraction(seconds)) * (1 + tax)
    assert 0 <= reserved - exact * MICROS_PER_EURO < 1
    assert cost(quote, seconds * SECOND) <= reserved


@given(QUOTES, AMOUNTS, CAPS, st.integers(0, 10**9))
def test_a_call_cut_at_its_grant_costs_no_more_than_there_was(
    quote: Quote, available: int, cap_s: int, talked_us: int
) -> None:
    granted_us = grant_seconds(quote, available, cap_s=cap_s) * SECOND
    assert cost(quote, min(talked_us, granted_us)) <= available


@given(QUOTES, AMOUNTS, AMOUNTS, CAPS)
def test_more_money_never_buys_less_time(quote: Quote, one: int, other: int, cap_s: int) -> None:
    less, more = sorted((one, other))
    assert grant_seconds(quote, less, cap_s=cap_s) <= grant_seconds(quote, more, cap_s=cap_s)


@given(QUOTES, st.integers(0, 4_000))
def test_the_cost_stays_until_its_next_change_and_then_grows(quote: Quote, elapsed_s: int) -> None:
    exact = slow_price(quote)
    change = next_change_s(quote, elapsed_s)
    now = exact_price(exact, Fraction(elapsed_s + 1))
    if change is None:
        assert exact_price(exact, Fraction(elapsed_s + 5_000)) == now
    else:
        assert change > elapsed_s
        assert exact_price(exact, Fraction(change)) == now
        assert exact_price(exact, Fraction(change + 1)) > now


@given(QUOTES, DURATIONS)
def test_a_stored_quote_prices_the_call_as_before(quote: Quote, duration_us: int) -> None:
    stored = json.loads(json.dumps(quote.to_record()))
    again = Quote.from_record(stored)
    assert again == quote
    assert rate_call(RatingParams(again, duration_us)) == rate_call(
        RatingParams(quote, duration_us)
    )


@given(QUOTES.filter(lambda quote: quote.increments.first_s == 1 == quote.increments.next_s),
       st.integers(1, 2_000), st.integers(1, 2_000))  # fmt: skip
def test_time_adds_up_where_the_list_counts_every_second(
    quote: Quote, first_s: int, second_s: int
) -> None:
    """Two parts cost exactly what the whole does, but for the fee per call and free seconds."""
    if quote.free_first_s or quote.caps_s is not None:
        return
    price = slow_price(quote)._replace(per_call=Fraction(0))
    parts = exact_price(price, Fraction(first_s)) + exact_price(price, Fraction(second_s))
    whole = rate_call(RatingParams(quote, (first_s + second_s) * SECOND))
    difference = whole.amount_micros - (parts + quote.price_per_call) * MICROS_PER_EURO
    assert abs(difference) <= Fraction(1, 2)


@given(QUOTES, DURATIONS)
def test_the_steps_retell_the_amount(quote: Quote, duration_us: int) -> None:
    rated = rate_call(RatingParams(quote, duration_us))
    results = {step.kind.value: step.result for step in rated.steps}
    exact = results["setup_fee"] + results["duration_fee"]
    assert abs(results["rounded"] - exact) <= Fraction(1, 2 * MICROS_PER_EURO)
    assert results["increments"] == rated.charged_s
    assert results["rounded"] == Fraction(rated.amount_micros, MICROS_PER_EURO)
    if quote.basis is Basis.NET:
        assert rated.net_micros == rated.amount_micros
    else:
        assert rated.gross_micros == rated.amount_micros
