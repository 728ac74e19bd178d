"""Prices that service providers announce, for numbers where a list says nothing but "external"."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from rating.pricing.origin import ExternalPrice
from rating.pricing.price_list import Basis


@dataclass(frozen=True, slots=True)
class AnnouncedPrice:
    """What the numbers with a prefix cost in a period."""

    prefix: str
    """Digits as dialled within Germany."""
    price: ExternalPrice
    """In ``basis``."""
    basis: Basis
    valid_from: date
    valid_to: date | None
    """The first day without it."""
    source: str

    def holds_on(self, day: date) -> bool:
        """Tell whether a local day belongs to the period."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def overlaps(self, valid_from: date, valid_to: date | None) -> bool:
        """Tell whether a day belongs to this period and to another."""
        begins_before = valid_to is None or self.valid_from < valid_to
        return begins_before and (self.valid_to is None or valid_from < self.valid_to)


class ExternalPrices:
    """All announced prices; frozen once built."""

    __slots__ = ("_by_prefix", "_digits_max")

    def __init__(self, prices: Iterable[AnnouncedPrice] = ()) -> None:
        self._by_prefix: dict[str, list[AnnouncedPrice]] = {}
        for price in prices:
            self._by_prefix.setdefault(price.prefix, []).append(price)
        self._digits_max = max(map(len, self._by_prefix), default=0)

    def price_of(
        self, digits: str, day: date, *, basis: Basis, vat_rate: Fraction
    ) -> ExternalPrice | None:
        """Find what was announced for a number, in a basis; the longest prefix decides."""
        for length in range(min(len(digits), self._digits_max), 0, -1):
            for announced in self._by_prefix.get(digits[:length], ()):
                if announced.holds_on(day):
                    return _in_basis(announced, basis, 1 + vat_rate)
        return None


def _in_basis(announced: AnnouncedPrice, basis: Basis, gross: Fraction) -> ExternalPrice:
    price = announced.price
    if announced.basis is basis:
        return price
    factor = gross if basis is Basis.GROSS else 1 / gross
    return ExternalPrice(price.per_minute * factor, price.per_call * factor)
