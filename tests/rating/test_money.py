from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.errors import LocalError
from rating.money import (
    format_decimal,
    format_euro,
    parse_euro,
    parse_price,
    round_half_up,
    round_up,
)


@pytest.mark.parametrize(
    ("text", "price"),
    [("0", Fraction(0)), ("19.833", Fraction(19833, 1000)), ("007.50", Fraction(15, 2))],
)
def test_a_price_is_read_exactly(text: str, price: Fraction) -> None:
    assert parse_price(text) == price


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "1,5", "1.000,00", "-1", "+1", "1e3", " 1", "1 ", "1_0", "٣", "9" * 13,
     "nan", "0.1234567890"],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse_price(text)


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "up"),
    [(0, 3, 0, 0), (1, 3, 0, 1), (1, 2, 1, 1), (3, 2, 2, 2), (5, 2, 3, 3), (2, 3, 1, 1),
     (6, 3, 2, 2)],
)  # fmt: skip
def test_rounding(numerator: int, denominator: int, half_up: int, up: int) -> None:
    assert round_half_up(numerator, denominator) == half_up
    assert round_up(numerator, denominator) == up


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_rounding_stays_within_its_bounds(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert -Fraction(1, 2) < round_half_up(numerator, denominator) - exact <= Fraction(1, 2)
    assert 0 <= round_up(numerator, denominator) - exact < 1


@pytest.mark.parametrize(
    ("micros", "german", "english", "plain"),
    [
        (48_333, "0,048333 €", "€0.048333", "0.048333"),
        (9_980_000, "9,98 €", "€9.98", "9.980000"),
        (0, "0,00 €", "€0.00", "0.000000"),
        (-1_500_000, "-1,50 €", "-€1.50", "-1.500000"),
        (1, "0,000001 €", "€0.000001", "0.000001"),
    ],
)
def test_amounts_are_written(micros: int, german: str, english: str, plain: str) -> None:
    assert format_euro(micros) == german
    assert format_euro(micros, style="en") == english
    assert format_euro(micros, style="plain") == plain


def test_an_unknown_style_is_our_own_mistake() -> None:
    with pytest.raises(LocalError):
        format_euro(1, style="fr")  # type: ignore[arg-type]


@given(st.integers(0, 10**15))
def test_plain_amounts_read_back(micros: int) -> None:
    assert parse_euro(format_euro(micros, style="plain")) == micros


def test_an_amount_finer_than_a_micro_euro_is_refused() -> None:
    with pytest.raises(ValueError, match="finer"):
        parse_euro("0.0000001")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("2.9", 4, "2.9"), ("0.00005", 4, "0.0001"), ("84.0336", 4, "84.0336"), ("19", 4, "19"),
     ("0.6", 0, "1")],
)  # fmt: skip
def test_decimals_are_rounded_for_the_display(value: str, places: int, text: str) -> None:
    assert format_decimal(Fraction(value), places=places) == text
