"""Money: exact decimals on paper, integers of 10^-6 euro while a call runs.

A price is read from decimal text into a ``Fraction`` once, when a list is loaded. An amount is an
``int`` of micro-euros in a name that ends in ``_micros``. Rounding stands here and nowhere else:
a reservation rounds up, a charge rounds half up, once per call.
"""

import re
from fractions import Fraction
from typing import Final, Literal

from rating.errors import LocalError

MICROS_PER_EURO: Final = 1_000_000
MICROS_PER_CENT: Final = 10_000

EuroStyle = Literal["de", "en", "plain"]

# Twelve digits before and nine after the point are far beyond any tariff, and bound the integers.
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def parse_price(text: str) -> Fraction:
    """Read an unsigned decimal such as ``19.833`` exactly; the caller knows its unit.

    A comma is refused: whether it separates thousands or decimals cannot be told from ``1,000``.
    Raises ``ValueError``.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"not a decimal number with a point: {text!r}")
    return Fraction(text)


def round_half_up(numerator: int, denominator: int) -> int:
    """Round a quotient to the nearest integer, a half upwards (both arguments are positive)."""
    return (2 * numerator + denominator) // (2 * denominator)


def round_up(numerator: int, denominator: int) -> int:
    """Round a quotient to the next integer that is not smaller."""
    return -(-numerator // denominator)


def parse_euro(text: str) -> int:
    """Read an amount of euros as micro-euros; more than six decimals raise ``ValueError``."""
    micros = parse_price(text) * MICROS_PER_EURO
    if micros.denominator != 1:
        raise ValueError(f"finer than a millionth of a euro: {text!r}")
    return micros.numerator


def format_euro(amount_micros: int, *, style: EuroStyle = "de") -> str:
    """Write an amount: ``0,048333 €`` (de), ``€0.048333`` (en) or ``0.048333`` (plain).

    ``plain`` always has six decimals; the others at least two and no useless zeros.
    """
    sign = "-" if amount_micros < 0 else ""
    euros, micros = divmod(abs(amount_micros), MICROS_PER_EURO)
    if style == "plain":
        return f"{sign}{euros}.{micros:06d}"
    decimals = f"{micros:06d}".rstrip("0").ljust(2, "0")
    if style == "de":
        return f"{sign}{euros},{decimals} €"
    if style == "en":
        return f"{sign}€{euros}.{decimals}"
    raise LocalError(f"unknown style: {style}")


def format_decimal(value: Fraction, *, places: int, point: str = ".") -> str:
    """Write a number that is not negative with at most ``places`` decimals, rounded half up."""
    scale = 10**places
    whole, rest = divmod(round_half_up(value.numerator * scale, value.denominator), scale)
    decimals = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{whole}{point}{decimals}" if decimals else str(whole)
