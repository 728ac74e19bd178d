"""The rows of a price list for one kind of access, and the choice of the row for a number.

Columns are asked one after another, the most special first; the first that has a row decides.
Within a column a breakout decides before a region with a line type, a region, and its zones.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from rating.numbering import LineType, NumberRange
from rating.pricing.rate import Rate
from rating.pricing.zones import Zone

AS_FIXED: Final = frozenset(
    {
        LineType.FIXED,
        LineType.EITHER,
        LineType.VOIP,
        LineType.UNIVERSAL_ACCESS,
        LineType.TOLL_FREE,
    }
)
"""Lines that are neither mobile nor of a class with prices of its own: what the fixed column of a
table speaks of."""

SERVICE: Final = "service"
"""The selector of every German service number."""

READING_EMPTY_MOBILE: Final = "R-EMPTY-MOBILE"
READING_EITHER: Final = "R-FLOM"
READING_LINE_TYPES: Final = "R-LINETYPES"


class EmptyMobile(StrEnum):
    """What an empty mobile cell beside a fixed price means."""

    FIXED = "fixed"
    """The country's price holds for its mobile numbers, too."""
    REFUSED = "refused"
    """Mobile numbers of that country are not offered."""


class ChosenRate(NamedTuple):
    """A row that prices a number, with the readings that led to it."""

    rate: Rate
    readings: tuple[str, ...]


class RateIndex:
    """Rows by column, selector and cell; frozen once built."""

    __slots__ = ("_empty_mobile", "_rates", "_service_digits_max")

    def __init__(self, rates: Iterable[Rate], empty_mobile: EmptyMobile) -> None:
        self._rates = {
            (rate.column, selector, rate.line_type): rate
            for rate in rates
            for selector in rate.match
        }
        self._empty_mobile = empty_mobile
        services = (key[1] for key in self._rates if key[1].isdigit())
        self._service_digits_max = max(map(len, services), default=0)

    @property
    def is_empty(self) -> bool:
        """Whether the list prices nothing from this kind of access."""
        return not self._rates

    def of_service(self, columns: Sequence[str], digits: str) -> tuple[str, Rate] | None:
        """Find prefix and rate of a German service number; the longest prefix decides."""
        for column in columns:
            for length in range(min(len(digits), self._service_digits_max), 0, -1):
                rate = self._rates.get((column, digits[:length], LineType.FIXED))
                if rate is not None:
                    return digits[:length], rate
            rate = self._rates.get((column, SERVICE, LineType.FIXED))
            if rate is not None:
                return digits, rate
        return None

    def of_range(
        self, columns: Sequence[str], entry: NumberRange, zones: Sequence[Zone]
    ) -> ChosenRate | None:
        """Find the rate for a range of the prefix table that lies in some zones."""
        for column in columns:
            if entry.line_type is LineType.MOBILE:
                chosen = self._of_mobile(column, entry, zones)
            elif entry.line_type in AS_FIXED:
                chosen = self._of_fixed(column, entry, zones)
            else:
                rate = self._rates.get((column, typed_region(entry), LineType.FIXED))
                chosen = None if rate is None else ChosenRate(rate, ())
            if chosen is not None:
                return chosen
        return None

    def of_selector(
        self, columns: Sequence[str], selector: str, line_type: LineType
    ) -> Rate | None:
        """Find the row of a selector; ``line_type`` names the cell."""
        for column in columns:
            rate = self._rates.get((column, selector, line_type))
            if rate is not None:
                return rate
        return None

    def _of_mobile(
        self, column: str, entry: NumberRange, zones: Sequence[Zone]
    ) -> ChosenRate | None:
        # A breakout with a fixed price only (a city) is no row for a mobile number.
        rate = self._named(column, entry, LineType.MOBILE, zones)
        if rate is not None:
            return ChosenRate(rate, ())
        if self._empty_mobile is EmptyMobile.REFUSED:
            return None
        rate = self._rates.get((column, entry.region, LineType.FIXED))
        return None if rate is None else ChosenRate(rate, (READING_EMPTY_MOBILE,))

    def _of_fixed(
        self, column: str, entry: NumberRange, zones: Sequence[Zone]
    ) -> ChosenRate | None:
        rate = self._named(column, entry, LineType.FIXED, zones)
        if rate is None:
            return None
        if entry.line_type is LineType.FIXED:
            return ChosenRate(rate, ())
        if entry.line_type is not LineType.EITHER:
            return ChosenRate(rate, (READING_LINE_TYPES,))
        mobile = self._named(column, entry, LineType.MOBILE, zones)
        same = mobile is None or mobile.unit_price == rate.unit_price
        return ChosenRate(rate, () if same else (READING_EITHER,))

    def _named(
        self, column: str, entry: NumberRange, line_type: LineType, zones: Sequence[Zone]
    ) -> Rate | None:
        rates = self._rates
        if entry.breakout:
            rate = rates.get((column, entry.breakout, line_type))
            if rate is not None:
                return rate
        typed = f"{entry.region}/{line_type}"
        rate = rates.get((column, typed, line_type)) or rates.get((column, entry.region, line_type))
        if rate is not None:
            return rate
        for zone in zones:
            typed = f"{zone.selector}/{line_type}"
            rate = rates.get((column, typed, line_type)) or rates.get(
                (column, zone.selector, line_type)
            )
            if rate is not None:
                return rate
        return None


def typed_region(entry: NumberRange) -> str:
    """Name all numbers of one line type in a region, such as ``DE/fixed``."""
    return f"{entry.region}/{entry.line_type}"
