"""From a price and a duration to seconds and money."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Price(NamedTuple):
    """What a call costs, in euros of the basis at the tax of its day."""

    per_minute: Fraction
    per_call: Fraction
    first_s: int
    next_s: int
    free_s: int
    longest_s: int | None


class Charge(NamedTuple):
    billed_s: int
    charged_s: int
    from_allowances: dict[str, int]
    exact: Fraction


def charge(price: Price, duration_s: Fraction, allowances: dict[str, int]) -> Charge:
    """Charge an answered call; ``allowances`` are the seconds left of each, in their order."""
    billed_s = ceil(duration_s)
    charged_s = charged_seconds(price, billed_s)
    to_pay_s, used = charged_s, {}
    for option, left_s in allowances.items():
        if price.per_minute and min(left_s, to_pay_s) > 0:
            used[option] = min(left_s, to_pay_s)
            to_pay_s -= used[option]
    exact = price.per_call + price.per_minute * to_pay_s / 60 if billed_s else Fraction(0)
    return Charge(billed_s, charged_s, used, exact)


def charged_seconds(price: Price, billed_s: int) -> int:
    lawful_s = billed_s if price.longest_s is None else min(billed_s, price.longest_s)
    rest_s = lawful_s - price.free_s
    if rest_s <= 0:
        return 0
    # Increments are bought one after another until the time is paid.
    bought_s = price.first_s
    if bought_s < rest_s:
        bought_s += ceil(Fraction(rest_s - bought_s, price.next_s)) * price.next_s
    return bought_s


def six_decimals(value: Fraction) -> str:
    """Round half up; forty digits more than any price needs keep the quotient on its side."""
    with localcontext(prec=80):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{exact.quantize(Decimal('0.000001'), rounding=ROUND_HALF_UP):f}"


def exact_text(value: Fraction) -> str:
    """Write a terminating decimal of at most twelve places, or a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        with localcontext(prec=200):
            decimal = Decimal(value.numerator) / Decimal(value.denominator)
            text = f"{decimal.normalize():f}"
        if len(text.partition(".")[2]) <= 12:
            return text
    return f"{value.numerator}/{value.denominator}"
