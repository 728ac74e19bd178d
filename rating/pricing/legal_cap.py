"""What the law lets German service numbers cost (TKG § 112), as data with dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from rating.money import format_decimal
from rating.pricing.price_list import Basis

_PRINTED_PLACES: Final = 6
"""Decimals of a euro that the finest list prints: 3.2773 cents."""


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """What some service numbers cost in a period, in euros of a basis."""

    selectors: tuple[str, ...]
    per_minute: Fraction
    per_call: Fraction
    basis: Basis
    vat_rate: Fraction
    increment_s: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class LegalCap:
    """The dearest gross price of some service numbers; ``None`` where the law names no limit."""

    numbers: tuple[str, ...]
    per_minute: Fraction | None
    per_call: Fraction | None
    increment_s_max: int
    valid_from: date
    valid_to: date | None
    source: str

    def breaches(self, price: ServicePrice) -> list[str]:
        """Say how a price breaks the cap on any day that both are in force."""
        meets = any(selector.startswith(self.numbers) for selector in price.selectors)
        if not meets or not self._overlaps(price):
            return []
        found = list(self._too_dear(price))
        if price.increment_s > self.increment_s_max:
            found.append(f"an increment of {price.increment_s} s is above {self.increment_s_max} s")
        return [f"{breach} ({self.source})" for breach in found]

    def _too_dear(self, price: ServicePrice) -> Iterator[str]:
        tax = 1 + price.vat_rate
        gross = tax if price.basis is Basis.NET else Fraction(1)
        for name, printed, cap in (
            ("per minute", price.per_minute, self.per_minute),
            ("per call", price.per_call, self.per_call),
        ):
            if cap is None:
                continue
            if printed * gross > cap:
                yield f"{_euro(printed * gross)} {name} is above the cap of {_euro(cap)}"
            elif cap and price.basis is Basis.GROSS and _is_printed_as(printed, cap / tax):
                yield f"{_euro(printed)} {name} is the cap of {_euro(cap)} without its tax: net?"

    def _overlaps(self, price: ServicePrice) -> bool:
        begins_before_price_ends = price.valid_to is None or self.valid_from < price.valid_to
        ends_after_price_begins = self.valid_to is None or price.valid_from < self.valid_to
        return begins_before_price_ends and ends_after_price_begins


def _is_printed_as(printed: Fraction, exact: Fraction) -> bool:
    """Tell whether a price is another one, rounded to what lists print."""
    return format_decimal(printed, places=_PRINTED_PLACES) == format_decimal(
        exact, places=_PRINTED_PLACES
    )


def _euro(price: Fraction) -> str:
    return f"{format_decimal(price, places=_PRINTED_PLACES)} €"
