"""What the law lets a call cost, as data with dates (TKG § 112, Regulation (EU) 2015/2120)."""

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
class CappedPrice:
    """A price that caps may bind, in euros of a basis, with the period in which it is asked."""

    selectors: tuple[str, ...]
    regions: frozenset[str]
    """Countries whose fixed and mobile lines it is for."""
    is_for_consumers: bool
    per_minute: Fraction
    per_call: Fraction
    basis: Basis
    vat_rate: Fraction
    increment_s: int
    valid_from: date
    valid_to: date | None

    def in_basis(self, price: Fraction, basis: Basis) -> Fraction:
        """Convert one of its amounts."""
        if basis is self.basis:
            return price
        gross = 1 + self.vat_rate
        return price * gross if basis is Basis.GROSS else price / gross


@dataclass(frozen=True, slots=True)
class LegalCap:
    """The dearest price of some service numbers, or of consumers' calls to some countries."""

    numbers: tuple[str, ...]
    regions: frozenset[str]
    basis: Basis
    per_minute: Fraction | None
    """``None`` where the law names no limit."""
    per_call: Fraction | None
    increment_s_max: int
    valid_from: date
    valid_to: date | None
    source: str

    def breaches(self, price: CappedPrice) -> list[str]:
        """Say how a price breaks the cap on any day that both are in force."""
        if not self._binds(price):
            return []
        found = list(self._too_dear(price))
        if price.increment_s > self.increment_s_max:
            found.append(f"an increment of {price.increment_s} s is above {self.increment_s_max} s")
        return [f"{breach} ({self.source})" for breach in found]

    def _binds(self, price: CappedPrice) -> bool:
        begins_before_price_ends = price.valid_to is None or self.valid_from < price.valid_to
        ends_after_price_begins = self.valid_to is None or price.valid_from < self.valid_to
        if not (begins_before_price_ends and ends_after_price_begins):
            return False
        if price.is_for_consumers and not self.regions.isdisjoint(price.regions):
            return True
        return any(
            selector.startswith(number) or number.startswith(selector)
            for selector in price.selectors
            for number in self.numbers
        )

    def _too_dear(self, price: CappedPrice) -> Iterator[str]:
        for name, printed, cap in (
            ("per minute", price.per_minute, self.per_minute),
            ("per call", price.per_call, self.per_call),
        ):
            if cap is None:
                continue
            asked = price.in_basis(printed, self.basis)
            if asked > cap:
                yield f"{_euro(asked)} {name} is above the cap of {_euro(cap)}"
            elif cap and price.basis is self.basis is Basis.GROSS and _is_net(printed, cap, price):
                yield f"{_euro(printed)} {name} is the cap of {_euro(cap)} without its tax: net?"


def _is_net(printed: Fraction, gross: Fraction, price: CappedPrice) -> bool:
    """Tell whether a printed price is a gross one without its tax, as fine as lists print."""
    return _euro(printed) == _euro(price.in_basis(gross, Basis.NET))


def _euro(price: Fraction) -> str:
    return f"{format_decimal(price, places=_PRINTED_PLACES)} €"
