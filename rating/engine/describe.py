"""A price as a sentence for a display, a bill or the announcement before a call."""

from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal

from rating.engine.quote import BY_LAW, INTERNAL, ON_NET, Quote
from rating.money import format_decimal
from rating.pricing import Basis, Increments

Language = Literal["de", "en"]

_CENTS_PER_EURO: Final = 100
_CENT_PLACES: Final = 4
"""As fine as any list prints; what a change of tax leaves beyond is rounded on the display only."""

_BY_SECOND: Final = Increments(1, 1)
_FIRST_MINUTE: Final = Increments(60, 1)
_BY_MINUTE: Final = Increments(60, 60)
_FREE_FOR_ALL: Final = frozenset({None, ON_NET, INTERNAL, BY_LAW})


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said in one language."""

    point: str
    in_flat: str
    free: str
    net: str
    per_call: str
    per_minute: str
    per_begun_minute: str
    first_minute: str
    increments: str
    both: str
    free_first: str
    after_allowance: str


_GERMAN: Final = _Words(
    point=",",
    in_flat="in Ihrer Flatrate enthalten",
    free="kostenlos",
    net=" netto",
    per_call="{cents} Cent{net} je Verbindung",
    per_minute="{cents} Cent{net} pro Minute",
    per_begun_minute="{cents} Cent{net} je angefangene Minute",
    first_minute=", die erste Minute voll",
    increments=" im Takt {increments}",
    both="{call} und {minute}",
    free_first="die ersten {seconds} Sekunden kostenlos, danach {price}",
    after_allowance="{price}, sobald Ihre Freiminuten verbraucht sind",
)
_ENGLISH: Final = _Words(
    point=".",
    in_flat="included in your flat rate",
    free="free of charge",
    net=" net",
    per_call="{cents} cents{net} per call",
    per_minute="{cents} cents{net} per minute",
    per_begun_minute="{cents} cents{net} per begun minute",
    first_minute=", the first minute in full",
    increments=" in steps of {increments} seconds",
    both="{call} and {minute}",
    free_first="first {seconds} seconds free, then {price}",
    after_allowance="{price} once your free minutes are used up",
)
_WORDS: Final = MappingProxyType({"de": _GERMAN, "en": _ENGLISH})


def describe(quote: Quote, language: Language) -> str:
    """Say what a call costs, in a few words and without a full stop.

    The price is that of the whole call, with every surcharge; ``explain`` tells its parts.
    """
    words = _WORDS[language]
    if quote.covered_by not in _FREE_FOR_ALL:
        return words.in_flat
    if quote.is_free:
        return words.free
    net = words.net if quote.basis is Basis.NET else ""
    call = words.per_call.format(cents=_cents(quote.price_per_call, words.point), net=net)
    if not quote.price_per_minute:
        return call
    minute = _minutes(quote, words, net)
    return words.both.format(call=call, minute=minute) if quote.price_per_call else minute


def _minutes(quote: Quote, words: _Words, net: str) -> str:
    """Say what time costs; free seconds and allowances pay for time, never for the call."""
    price = _minute(quote.increments, words).format(
        cents=_cents(quote.price_per_minute, words.point), net=net
    )
    if quote.free_first_s:
        price = words.free_first.format(seconds=quote.free_first_s, price=price)
    return words.after_allowance.format(price=price) if quote.allowances else price


def _minute(increments: Increments, words: _Words) -> str:
    if increments == _BY_SECOND:
        return words.per_minute
    if increments == _BY_MINUTE:
        return words.per_begun_minute
    if increments == _FIRST_MINUTE:
        return words.per_minute + words.first_minute
    return words.per_minute + words.increments.format(increments=increments)


def _cents(euros: Fraction, point: str) -> str:
    return format_decimal(euros * _CENTS_PER_EURO, places=_CENT_PLACES, point=point)
