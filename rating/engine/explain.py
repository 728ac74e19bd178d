"""A charge retold: from the number to the total, one sentence a step, in amounts that add up.

Each sentence says what it adds to the total, exactly; nearly all of them add nothing and say why.
The sum over all sentences is the gross amount that was charged. What a sentence is about is told
beside its text, so that programs need not read either language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rating.engine.describe import Language
from rating.engine.explain_texts import LINE_TYPES, TEXTS, Topic
from rating.engine.quote import BY_LAW, EXTERNAL_PART, INTERNAL, ON_NET, Quote
from rating.engine.rate_call import MICROS_PER_SECOND, RatedCall
from rating.money import MICROS_PER_EURO, format_decimal
from rating.pricing import Basis, OriginKind, PricePart, UnitPrice

DECIMALS_MAX: Final = 12
"""An amount with more decimals is written as the fraction it is."""

_SECONDS_PER_MINUTE: Final = 60
_CENT: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One step; ``euros`` is what it adds to the total, below zero where it takes away."""

    topic: Topic
    text: str
    euros: Fraction = Fraction(0)


def explain(rated: RatedCall, number: str, language: Language) -> tuple[Sentence, ...]:
    """Retell how a call came to its amount; ``number`` is empty once it has been erased."""
    return tuple(_Explanation(rated, number, language).sentences())


class _Explanation:
    """The sentences of one call in one language."""

    __slots__ = ("_language", "_number", "_point", "_quote", "_rated")

    def __init__(self, rated: RatedCall, number: str, language: Language) -> None:
        self._rated = rated
        self._quote: Quote = rated.quote
        self._number = number
        self._language = language
        self._point = "," if language == "de" else "."

    def sentences(self) -> Iterator[Sentence]:
        """Tell what was called, by which price, for how long, and what that came to."""
        yield from self._what()
        yield from self._how_long()
        yield from self._how_much()

    def _what(self) -> Iterator[Sentence]:
        quote = self._quote
        yield self._say(Topic.NUMBER, "named" if self._number else "erased", number=self._number)
        yield self._row()
        if quote.plan_id:
            yield self._say(Topic.PLAN, "plan", provider=quote.provider, plan=quote.plan_id)
        kind, visited = quote.origin.kind, quote.origin.visited
        if kind is not OriginKind.VOIP:
            yield self._say(Topic.ORIGIN, kind.value, visited=visited or "")
        external = quote.external_price
        if external is not None:
            yield self._say(
                Topic.EXTERNAL_PRICE,
                "told",
                minute=self._cents(external.per_minute),
                call=self._cents(external.per_call),
            )
        if quote.readings:
            yield self._say(Topic.READINGS, "rests", readings=", ".join(quote.readings))
        if quote.covered_by is not None:
            known = quote.covered_by in (BY_LAW, ON_NET, INTERNAL)
            key = quote.covered_by if known else "flat"
            yield self._say(Topic.COVER, key, option=quote.covered_by)

    def _row(self) -> Sentence:
        quote, source = self._quote, self._quote.source
        return self._say(
            Topic.ROW,
            _row_key(quote),
            prefix=quote.prefix,
            numbering=quote.table_version,
            destination=quote.destination,
            line_type=LINE_TYPES[self._language].get(quote.line_type, quote.line_type),
            document="" if source is None else source.document,
            line=0 if source is None else source.line,
            price_list=f"{quote.list_id} {quote.list_version}",
            row=quote.row_id,
        )

    def _how_long(self) -> Iterator[Sentence]:
        rated, quote = self._rated, self._quote
        if not rated.billed_s:
            yield self._say(Topic.DURATION, "unanswered")
            return
        lasted = format_decimal(
            Fraction(rated.duration_us, MICROS_PER_SECOND), places=6, point=self._point
        )
        yield self._say(Topic.DURATION, "lasted", lasted=lasted, billed=rated.billed_s)
        if not quote.unit_price.second:
            return
        lawful_s = rated.billed_s
        if quote.caps_s is not None and lawful_s > quote.caps_s:
            lawful_s = quote.caps_s
            yield self._say(Topic.LEGAL_LIMIT, "limit", limit=lawful_s)
        if quote.free_first_s:
            rest_s = max(0, lawful_s - quote.free_first_s)
            yield self._say(Topic.FREE_SECONDS, "free", free=quote.free_first_s, rest=rest_s)
        yield self._say(
            Topic.INCREMENTS, "charged", increments=quote.increments, charged=rated.charged_s
        )
        yield from self._allowances()

    def _allowances(self) -> Iterator[Sentence]:
        rated, quote = self._rated, self._quote
        unpaid_s = rated.charged_s
        for option_id, used_s in zip(quote.allowances, rated.allowance_used_s, strict=True):
            if not unpaid_s:
                return
            yield self._say(
                Topic.ALLOWANCE,
                "pays" if used_s else "gone",
                option=option_id,
                used=used_s,
                charged=rated.charged_s,
            )
            unpaid_s -= used_s

    def _how_much(self) -> Iterator[Sentence]:
        rated = self._rated
        exact = Fraction(0)
        if rated.billed_s:
            for sentence in self._prices():
                exact += sentence.euros
                yield sentence
        amount = Fraction(rated.amount_micros, MICROS_PER_EURO)
        if amount != exact:
            difference = amount - exact
            yield self._say(
                Topic.ROUNDING,
                "up" if difference > 0 else "down",
                euros=difference,
                amount=self._euros(amount),
                difference=self._euros(abs(difference)),
            )
        yield from self._tax(amount)
        total = Fraction(rated.gross_micros, MICROS_PER_EURO)
        key = "total" if total else "nothing"
        yield self._say(Topic.TOTAL, key, total=self._euros(total))

    def _prices(self) -> Iterator[Sentence]:
        rated = self._rated
        paid_s = rated.paid_s
        for part in _parts(self._quote):
            source = "" if part.source is None else f" ({self._place(part)})"
            label = f"{self._label(part)}{source}"
            if part.per_call:
                text = self._cents(part.per_call)
                yield self._say(
                    Topic.PRICE, "per_call", euros=part.per_call, label=label, price=text
                )
            if part.per_minute:
                euros = part.per_minute * paid_s / _SECONDS_PER_MINUTE
                yield self._say(
                    Topic.PRICE,
                    "per_minute",
                    euros=euros,
                    label=label,
                    price=self._cents(part.per_minute),
                    seconds=paid_s,
                    amount=self._euros(euros),
                )

    def _label(self, part: PricePart) -> str:
        told = self._quote.external_price
        if told is None or part.label != EXTERNAL_PART:
            return part.label
        price, printed = part.per_minute or part.per_call, told.per_minute or told.per_call
        if price == printed:
            return self._text(Topic.PRICE, "told")
        return self._text(Topic.PRICE, "told_times", factor=self._exact(price / printed))

    def _tax(self, amount: Fraction) -> Iterator[Sentence]:
        vat_micros = self._rated.vat_micros
        if not vat_micros:
            return
        vat = Fraction(vat_micros, MICROS_PER_EURO)
        rate = format_decimal(self._quote.vat_rate * 100, places=4, point=self._point)
        if self._quote.basis is Basis.NET:
            yield self._say(
                Topic.VAT,
                "added",
                euros=vat,
                rate=rate,
                vat=self._euros(vat),
                net=self._euros(amount),
            )
        else:
            yield self._say(Topic.VAT, "contained", rate=rate, vat=self._euros(vat))

    def _say(
        self, topic: Topic, key: str, *, euros: Fraction = Fraction(0), **fields: object
    ) -> Sentence:
        return Sentence(topic, self._text(topic, key, **fields), euros)

    def _text(self, topic: Topic, key: str, **fields: object) -> str:
        german, english = TEXTS[topic, key]
        return (german if self._language == "de" else english).format(**fields)

    def _place(self, part: PricePart) -> str:
        if part.source is None:
            return ""
        word = "Zeile" if self._language == "de" else "line"
        return f"{part.source.document}, {word} {part.source.line}"

    def _cents(self, euros: Fraction) -> str:
        cents = self._exact(euros / _CENT)
        return f"{cents} Cent" if self._language == "de" else f"{cents} cents"

    def _euros(self, euros: Fraction) -> str:
        return f"{self._exact(euros)} €" if self._language == "de" else f"€{self._exact(euros)}"

    def _exact(self, value: Fraction) -> str:
        """Write a number that is not negative without losing anything of it."""
        if (value * 10**DECIMALS_MAX).denominator == 1:
            return format_decimal(value, places=DECIMALS_MAX, point=self._point)
        return f"{value.numerator}/{value.denominator}"


def _row_key(quote: Quote) -> str:
    """Choose the words for a row by what led to it; a prefix does not always."""
    if quote.source is None:
        return "none"
    if quote.row_id is None:
        return "inside"
    return "printed" if quote.prefix else "incoming"


def _parts(quote: Quote) -> tuple[PricePart, ...]:
    """Give what the price is made of; a quote of the first format knows only their sum."""
    price: UnitPrice = quote.unit_price
    if quote.is_free:
        return ()
    if quote.parts:
        return quote.parts
    return (PricePart(quote.destination, price.price_per_minute, price.setup_fee, quote.source),)
