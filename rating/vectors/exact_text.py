"""Exact numbers as texts: a decimal where one is short enough, else a fraction in lowest terms."""

import re
from fractions import Fraction
from typing import Final

DECIMAL_PLACES_MAX: Final = 12
"""Decimals of a printed price and of most amounts; what is longer reads better as a fraction."""

# 15 digits before and 18 after the point, or 40 on each side of a stroke, bound the integers.
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?")
_FRACTION: Final = re.compile(r"[0-9]{1,40}/0*[1-9][0-9]{0,39}")


def read_number(text: str) -> Fraction:
    """Read a number that is not negative, such as ``0.029`` or ``119/6000``.

    Raises ``ValueError``.
    """
    if _DECIMAL.fullmatch(text) is None and _FRACTION.fullmatch(text) is None:
        raise ValueError(f"not a number such as 0.029 or 119/6000: {text[:60]!r}")
    return Fraction(text)


def write_number(number: Fraction) -> str:
    """Write a number that is not negative, exactly."""
    scaled = number * 10**DECIMAL_PLACES_MAX
    if scaled.denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    digits = str(scaled.numerator).rjust(DECIMAL_PLACES_MAX + 1, "0")
    whole, decimals = digits[:-DECIMAL_PLACES_MAX], digits[-DECIMAL_PLACES_MAX:].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole
