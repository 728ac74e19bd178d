"""A provider's price list of one period, and the choice of the row that prices a number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.numbering import LineType, NumberRange
from rating.pricing.rate import Rate, Source

# Lines that are neither mobile nor of a class with prices of its own are what a table's fixed
# column speaks of.
_AS_FIXED: Final = frozenset(
    {
        LineType.FIXED,
        LineType.EITHER,
        LineType.VOIP,
        LineType.UNIVERSAL_ACCESS,
        LineType.TOLL_FREE,
    }
)

READING_EMPTY_MOBILE: Final = "R-EMPTY-MOBILE"
READING_EITHER: Final = "R-FLOM"
READING_LINE_TYPES: Final = "R-TG-LINETYPES"


class Basis(StrEnum):
    """Whether the printed prices hold value added tax."""

    GROSS = "gross"
    NET = "net"


class EmptyMobile(StrEnum):
    """What an empty mobile cell beside a fixed price means."""

    FIXED = "fixed"
    """The country's price holds for its mobile numbers, too."""
    REFUSED = "refused"
    """Mobile numbers of that country are not offered."""


@dataclass(frozen=True, slots=True)
class ChosenRate:
    """A row that prices a number, with the readings that led to it."""

    rate: Rate
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceListTerms:
    """What a list says once for all its rows."""

    id: str
    version: str
    provider: str
    basis: Basis
    vat_reference: Fraction
    """The tax rate that the printed prices were made with."""
    valid_from: date
    valid_to: date | None
    """The first day after the list."""
    columns: tuple[str, ...]
    """Price columns; the first is the one without any option."""
    empty_mobile: EmptyMobile
    source: Source
    readings: tuple[str, ...]


class PriceList:
    """The rates of a period; frozen once built."""

    __slots__ = ("_index", "_service_digits_max", "rates", "terms")

    def __init__(self, terms: PriceListTerms, rates: Iterable[Rate]) -> None:
        self.terms = terms
        self.rates = tuple(rates)
        self._index = {
            (rate.column, selector, rate.line_type): rate
            for rate in self.rates
            for selector in rate.match
        }
        services = (key[1] for key in self._index if key[1].isdigit())
        self._service_digits_max = max(map(len, services), default=0)

    @property
    def id(self) -> str:
        """Name of the list across its versions."""
        return self.terms.id

    @property
    def version(self) -> str:
        """Which edition this is."""
        return self.terms.version

    def holds_on(self, day: date) -> bool:
        """Tell whether a local day belongs to the period of the list."""
        ends = self.terms.valid_to
        return self.terms.valid_from <= day and (ends is None or day < ends)

    def rate_of_service(self, column: str, digits: str) -> tuple[str, Rate] | None:
        """Find prefix and rate of a German service number; the longest prefix decides."""
        for length in range(min(len(digits), self._service_digits_max), 0, -1):
            rate = self._index.get((column, digits[:length], LineType.FIXED))
            if rate is not None:
                return digits[:length], rate
        return None

    def rate_of_range(self, column: str, entry: NumberRange) -> ChosenRate | None:
        """Find the rate for a range of the prefix table: its breakout, else its country."""
        if entry.line_type is LineType.MOBILE:
            return self._rate_of_mobile(column, entry)
        if entry.line_type in _AS_FIXED:
            return self._rate_of_fixed(column, entry)
        rate = self._index.get((column, typed_region(entry), LineType.FIXED))
        return None if rate is None else ChosenRate(rate, ())

    def _rate_of_mobile(self, column: str, entry: NumberRange) -> ChosenRate | None:
        # A breakout with a fixed price only (a city) is no row for a mobile number.
        rate = self._named(column, entry, LineType.MOBILE)
        if rate is not None:
            return ChosenRate(rate, ())
        rate = self._index.get((column, entry.region, LineType.FIXED))
        if rate is None or self.terms.empty_mobile is EmptyMobile.REFUSED:
            return None
        return ChosenRate(rate, (READING_EMPTY_MOBILE,))

    def _rate_of_fixed(self, column: str, entry: NumberRange) -> ChosenRate | None:
        rate = self._named(column, entry, LineType.FIXED)
        if rate is None:
            return None
        if entry.line_type is LineType.FIXED:
            return ChosenRate(rate, ())
        if entry.line_type is not LineType.EITHER:
            return ChosenRate(rate, (READING_LINE_TYPES,))
        mobile = self._named(column, entry, LineType.MOBILE)
        same = mobile is None or mobile.unit_price == rate.unit_price
        return ChosenRate(rate, () if same else (READING_EITHER,))

    def _named(self, column: str, entry: NumberRange, line_type: LineType) -> Rate | None:
        index = self._index
        if entry.breakout:
            rate = index.get((column, entry.breakout, line_type))
            if rate is not None:
                return rate
        typed = f"{entry.region}/{line_type}"
        return index.get((column, typed, line_type)) or index.get((column, entry.region, line_type))


def typed_region(entry: NumberRange) -> str:
    """Name all numbers of one line type in a region, such as ``DE/fixed``."""
    return f"{entry.region}/{entry.line_type}"
