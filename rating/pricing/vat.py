"""Value added tax by country and date."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class VatRate:
    """A rate in force from ``valid_from`` until the day before ``valid_to``."""

    country: str
    rate: Fraction
    valid_from: date
    valid_to: date | None


class VatTable:
    """All known rates; there is one at most for a country and a day."""

    __slots__ = ("_rates",)

    def __init__(self, rates: Iterable[VatRate]) -> None:
        # Newest first: nearly every question is about today.
        self._rates = tuple(sorted(rates, key=lambda rate: rate.valid_from, reverse=True))

    def rate_at(self, country: str, day: date) -> Fraction | None:
        """Give the rate of a local day, such as 19/100."""
        for rate in self._rates:
            if rate.country == country and rate.valid_from <= day:
                return rate.rate if rate.valid_to is None or day < rate.valid_to else None
        return None
