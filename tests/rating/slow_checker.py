"""A second arithmetic, slow and plain, that shares no code with the engine.

Prices are fractions of a euro, time is counted up increment by increment, and rounding is done by
the decimal module. Whatever the engine computes must equal this.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple


class SlowPrice(NamedTuple):
    per_minute: Fraction
    per_call: Fraction
    first_s: int
    next_s: int
    free_s: int
    longest_s: int | None
    vat: Fraction
    gross: bool


class SlowAmounts(NamedTuple):
    paid_s: int
    amount: Decimal
    net: Decimal
    gross: Decimal


def paid_seconds(price: SlowPrice, duration: Fraction) -> int:
    """Count time up: a second that began counts, then the free ones go, then increments fill."""
    seconds = 0
    while seconds < duration and seconds != price.longest_s:
        seconds += 1
    needed = seconds - price.free_s
    paid = 0
    while paid < needed:
        paid += price.first_s if paid == 0 else price.next_s
    return paid


def exact_price(price: SlowPrice, duration: Fraction) -> Fraction:
    if duration == 0:
        return Fraction(0)
    return price.per_call + price.per_minute * paid_seconds(price, duration) / 60


def amounts(price: SlowPrice, duration: Fraction) -> SlowAmounts:
    exact = exact_price(price, duration)
    net = exact / (1 + price.vat) if price.gross else exact
    gross = exact if price.gross else exact * (1 + price.vat)
    return SlowAmounts(
        paid_seconds(price, duration), six_decimals(exact), six_decimals(net), six_decimals(gross)
    )


def six_decimals(value: Fraction) -> Decimal:
    """Round half up; forty digits more than any price needs keep the quotient on its side."""
    with localcontext(prec=80):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
