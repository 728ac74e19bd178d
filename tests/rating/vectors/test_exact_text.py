from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.vectors import read_number, write_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(12), "12"),
        (Fraction(1, 2), "0.5"),
        (Fraction(29, 1000), "0.029"),
        (Fraction(119, 6000), "119/6000"),
        (Fraction(1, 10**12), "0.000000000001"),
        (Fraction(1, 10**13), "1/10000000000000"),
        (Fraction(10**20 + 1, 10), "10000000000000000000.1"),
    ],
)
def test_a_number_is_a_short_decimal_or_a_fraction(number: Fraction, text: str) -> None:
    assert write_number(number) == text


@given(st.fractions(min_value=0, max_value=10**9, max_denominator=10**15))
def test_what_is_written_is_read_back(number: Fraction) -> None:
    assert read_number(write_number(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1,5", ".5", "5.", "1e3", "1/0", "1/00", "1/-2", "1 /2", "٣", "1_0", "nan",
     "1" * 16, "0." + "1" * 19, "1" * 41 + "/1", " 1", "1\n", "1/2/3"],
)  # fmt: skip
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        read_number(text)
