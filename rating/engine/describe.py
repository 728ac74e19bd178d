"""A price as a sentence for a display, a bill or the announcement before a call."""

from fractions import Fraction
from typing import Final, Literal

from rating.engine.quote import BY_LAW, ON_NET, Quote
from rating.money import format_decimal
from rating.pricing import Basis

Language = Literal["de", "en"]

_CENTS_PER_EURO: Final = 100
_CENT_PLACES: Final = 4
"""As fine as any list prints; what a change of tax leaves beyond is rounded on the display only."""


def describe(quote: Quote, language: Language) -> str:
    """Say what a call costs, in a few words and without a full stop."""
    if language == "de":
        return _describe_german(quote)
    return _describe_english(quote)


def _describe_german(quote: Quote) -> str:
    if quote.covered_by not in (None, ON_NET, BY_LAW):
        return "in Ihrer Flatrate enthalten"
    if quote.is_free:
        return "kostenlos"
    net = " netto" if quote.basis is Basis.NET else ""
    parts = []
    if quote.price_per_call:
        parts.append(f"{_cents(quote.price_per_call, ',')} Cent{net} je Verbindung")
    if quote.price_per_minute:
        parts.append(f"{_cents(quote.price_per_minute, ',')} Cent{net} pro Minute")
    price = " und ".join(parts)
    if quote.free_first_s:
        return f"die ersten {quote.free_first_s} Sekunden kostenlos, danach {price}"
    return price


def _describe_english(quote: Quote) -> str:
    if quote.covered_by not in (None, ON_NET, BY_LAW):
        return "included in your flat rate"
    if quote.is_free:
        return "free of charge"
    net = " net" if quote.basis is Basis.NET else ""
    parts = []
    if quote.price_per_call:
        parts.append(f"{_cents(quote.price_per_call, '.')} cents{net} per call")
    if quote.price_per_minute:
        parts.append(f"{_cents(quote.price_per_minute, '.')} cents{net} per minute")
    price = " and ".join(parts)
    if quote.free_first_s:
        return f"first {quote.free_first_s} seconds free, then {price}"
    return price


def _cents(euros: Fraction, point: str) -> str:
    return format_decimal(euros * _CENTS_PER_EURO, places=_CENT_PLACES, point=point)
