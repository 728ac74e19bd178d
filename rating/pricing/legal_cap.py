"""What the law lets German service numbers cost (TKG § 112), as data with dates."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from rating.money import format_decimal
from rating.pricing.price_list import Basis, PriceListTerms
from rating.pricing.rate import Rate


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

    def breaches(self, rate: Rate, terms: PriceListTerms) -> list[str]:
        """Say how a rate breaks the cap on any day that both are in force."""
        meets = any(selector.startswith(self.numbers) for selector in rate.match)
        if not meets or not self._overlaps(terms):
            return []
        gross = 1 + terms.vat_reference if terms.basis is Basis.NET else Fraction(1)
        found = []
        for name, price, cap in (
            ("per minute", rate.price_per_minute * gross, self.per_minute),
            ("per call", rate.setup_fee * gross, self.per_call),
        ):
            if cap is not None and price > cap:
                found.append(f"{_euro(price)} {name} is above the cap of {_euro(cap)}")
        longest = max(rate.first_increment_s, rate.next_increment_s)
        if longest > self.increment_s_max:
            found.append(f"an increment of {longest} s is above {self.increment_s_max} s")
        return [f"{breach} ({self.source})" for breach in found]

    def _overlaps(self, terms: PriceListTerms) -> bool:
        begins_before_list_ends = terms.valid_to is None or self.valid_from < terms.valid_to
        ends_after_list_begins = self.valid_to is None or terms.valid_from < self.valid_to
        return begins_before_list_ends and ends_after_list_begins


def _euro(price: Fraction) -> str:
    return f"{format_decimal(price, places=6)} €"
