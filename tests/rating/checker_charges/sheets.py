"""The raw files of a provider, read with nothing but the standard library."""

from __future__ import annotations

import csv
import tomllib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "config" / "tariffs"
BASIS = {"tgnet": "gross", "enreach": "net", "zaluma": "net", "plusnet": "net"}
BEGINS = {
    "tgnet": "2010-03-01",
    "enreach": "2026-03-01",
    "zaluma": "2025-04-01",
    "plusnet": "2021-03-01",
}


@cache
def rows(provider: str, file: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / provider / file).open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


@cache
def orders(provider: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / provider / "orders.toml").read_text(encoding="utf-8"))


def tax(day: str) -> Fraction:
    """German tax; days are ISO texts, which sort as days do."""
    return Fraction(16, 100) if "2020-07-01" <= day <= "2020-12-31" else Fraction(19, 100)


def in_basis(provider: str, printed: Fraction, day: str) -> Fraction:
    """Give a price at the tax of a day: of a gross list the net price stays."""
    if BASIS[provider] == "net":
        return printed
    return printed / Fraction("1.19") * (1 + tax(day))


def millionths(euros: Fraction) -> int:
    """Round half up by looking at the remainder."""
    whole, rest = divmod(euros.numerator * 1_000_000, euros.denominator)
    return whole + (rest * 2 >= euros.denominator)


def six_places(micros: int) -> str:
    text = str(micros).zfill(7)
    return f"{text[:-6]}.{text[-6:]}"


def exact(value: Fraction) -> str:
    """Write a decimal by long division, or a fraction if it takes more than twelve places."""
    whole, rest = divmod(value.numerator, value.denominator)
    digits = ""
    while rest and len(digits) < 12:
        digit, rest = divmod(rest * 10, value.denominator)
        digits += str(digit)
    if rest:
        return f"{value.numerator}/{value.denominator}"
    return f"{whole}.{digits}" if digits else str(whole)


def money(provider: str, amount: Fraction, day: str) -> dict[str, Any]:
    rate = tax(day)
    is_net = BASIS[provider] == "net"
    net = amount if is_net else amount / (1 + rate)
    gross = amount * (1 + rate) if is_net else amount
    return {
        "basis": BASIS[provider],
        "vat_rate": exact(rate),
        "amount": exact(amount),
        "net": six_places(millionths(net)),
        "gross": six_places(millionths(gross)),
    }
