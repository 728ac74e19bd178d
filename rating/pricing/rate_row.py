"""One row of a price table: its cells, and what contradicts itself, its list or the law."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import product
from typing import Final

from rating.money import parse_price
from rating.numbering import LineType
from rating.pricing.columns import ColumnChoice
from rating.pricing.legal_cap import CappedPrice, LegalCap
from rating.pricing.origin import AT_HOME, OriginKind
from rating.pricing.price_list import PriceListTerms
from rating.pricing.rate import Increments, PricePart, Rate, RateStatus, Source, UnitPrice
from rating.pricing.selector import is_selector, is_service, zone_of
from rating.pricing.zones import Zone

LINE_TYPES: Final = (LineType.FIXED, LineType.MOBILE)
"""The kinds of lines that tables tell apart."""
SCALES: Final[Mapping[str, int]] = {"ct": 100, "eur": 1}
"""How a price column ends, with its units in a euro."""

PRICE_EUR_MIN: Final = Fraction(1, 1000)
PRICE_EUR_MAX: Final = Fraction(10)
"""Prices outside are a mix-up of euros and cents until shown otherwise: the dearest row of any
known list is a satellite at 9.99, the cheapest 0.012."""
MOBILE_TO_FIXED_MAX: Final = 50
"""No list prices a mobile line of a country at so many times its fixed lines, or the reverse; a
factor of 100 in one cell is a mix-up of units."""
FACTOR_MAX: Final = Fraction(10)

_INCREMENTS: Final = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")
_WHOLE: Final = re.compile(r"[0-9]{1,6}")

Cell = tuple[str, LineType]
"""A price of a row: its column and the kind of line."""
Caller = tuple[str, frozenset[str]]
"""Somebody in words, and the columns that hold for him."""


class PriceUnit(StrEnum):
    """What the number in a price cell is charged for."""

    MINUTE = "minute"
    CALL = "call"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class TableRules:
    """What holds for every row of the tables of one list."""

    terms: PriceListTerms
    document: str
    columns: ColumnChoice
    zones: Mapping[str, Zone]
    """Zones of the list, by the ids that rows may name."""
    increments: Increments
    caps: tuple[LegalCap, ...]
    cap_reading: str
    """Rows that carry this reading may stand above a cap."""


class RateRow:
    """One line of a table."""

    def __init__(
        self,
        rules: TableRules,
        cells: Mapping[str, str],
        origins: frozenset[OriginKind],
        callers: Iterable[Caller],
    ) -> None:
        self._rules = rules
        self._cells = cells
        self._origins = origins
        self._callers = callers
        self.problems: list[str] = []

    def rates(self) -> list[Rate]:
        """Give the rates of the row; raise ``ValueError`` or note problems."""
        prices = self._prices()
        self._check_prices(prices)
        rates = [
            self._rate(column, line_type, price)
            for (column, line_type), price in prices.items()
            if price is not None or self._status() is not RateStatus.PRICED
        ]
        self._check_selectors(rates)
        self._check_caps(rates)
        return rates

    def _prices(self) -> dict[Cell, Fraction | None]:
        """Give the cells that the table has, in euros; ``None`` is an empty one."""
        found: dict[Cell, Fraction | None] = {}
        for column, line_type in product(self._rules.columns.columns, LINE_TYPES):
            for unit, scale in SCALES.items():
                name = f"{column.id}_{line_type}_{unit}"
                if name in self._cells:
                    found[column.id, line_type] = self._price(name, scale)
        return found

    def _price(self, name: str, scale: int) -> Fraction | None:
        text = self._cells[name]
        if not text:
            return None
        price = parse_price(text) / scale
        if price and not PRICE_EUR_MIN <= price <= PRICE_EUR_MAX:
            unit = "euros" if scale == 1 else "cents"
            self.problems.append(f"{name} {text} is no price in {unit}: are the units mixed up?")
        return price

    def _status(self) -> RateStatus:
        return RateStatus(self._cells.get("status") or RateStatus.PRICED)

    def _check_prices(self, prices: Mapping[Cell, Fraction | None]) -> None:
        columns = [
            column
            for column in self._rules.columns.columns
            if any((column.id, line_type) in prices for line_type in LINE_TYPES)
        ]
        for column in columns[1:]:
            if column.option is not None and not column.plans and not column.origins:
                self._check_reduced(columns[0].id, column.id, prices)
        for column in columns:
            fixed, mobile = (prices.get((column.id, line_type)) for line_type in LINE_TYPES)
            if fixed and mobile and max(fixed, mobile) > MOBILE_TO_FIXED_MAX * min(fixed, mobile):
                self.problems.append(f"{column.id}: are the units of fixed and mobile mixed up?")
        self._check_every_caller(prices)
        priced = any(price is not None for price in prices.values())
        if priced is not (self._status() is RateStatus.PRICED):
            self.problems.append("price is missing" if not priced else "a price without effect")

    def _check_every_caller(self, prices: Mapping[Cell, Fraction | None]) -> None:
        """Demand that whoever a column of the table is for has a price where others have one."""
        everybodys = {one.id for one in self._rules.columns.columns if one.option is None}
        for line_type in LINE_TYPES:
            priced = {
                column
                for (column, kind), price in prices.items()
                if kind is line_type and price is not None and column in everybodys
            }
            for caller, columns in self._callers:
                asked = {column for column in columns if (column, line_type) in prices}
                if priced and asked and not asked & priced:
                    self.problems.append(f"{line_type} has no price for {caller}")

    def _check_reduced(
        self, general: str, reduced: str, prices: Mapping[Cell, Fraction | None]
    ) -> None:
        """Check the column of an option against that of everybody."""
        for line_type in LINE_TYPES:
            base, price = prices.get((general, line_type)), prices.get((reduced, line_type))
            if (base is None) is not (price is None):
                self.problems.append(f"{line_type} has a price in one of {general}, {reduced}")
            elif base is not None and price is not None and price > base:
                self.problems.append(f"{line_type}: {reduced} is dearer than {general}")

    def _rate(self, column: str, line_type: LineType, euros: Fraction | None) -> Rate:
        cells = self._cells
        price = euros or Fraction(0)
        unit = self._unit()
        setup_fee = price if unit is PriceUnit.CALL else Fraction(0)
        per_minute = price if unit is PriceUnit.MINUTE else Fraction(0)
        half = f"-{cells['half']}" if cells.get("half") else ""
        increments = cells.get("increment")
        source = Source(self._rules.document, self._line())
        status = self._status()
        part = PricePart(self._destination(), per_minute, setup_fee, source)
        return Rate(
            row_id=f"{self._line()}{half}/{column}/{line_type}",
            column=column,
            destination=self._destination(),
            line_type=line_type,
            match=tuple(cells["match"].split()) if unit is not PriceUnit.MESSAGE else (),
            setup_fee=setup_fee,
            price_per_minute=per_minute,
            price_per_message=price if unit is PriceUnit.MESSAGE else Fraction(0),
            increments=read_increments(increments) if increments else self._rules.increments,
            free_first_s=self._free_first_s(),
            status=status,
            source=source,
            readings=tuple(cells.get("readings", "").split()),
            unit_price=UnitPrice.compile(setup_fee, per_minute),
            parts=(part,) if status is RateStatus.PRICED else (),
            origins=self._origins,
            factor=self._factor(),
        )

    def _unit(self) -> PriceUnit:
        return PriceUnit(self._cells.get("unit") or PriceUnit.MINUTE)

    def _line(self) -> int:
        text = self._cells["line"]
        if _WHOLE.fullmatch(text) is None or int(text) == 0:
            raise ValueError(f"line of the document is missing: {text!r}")
        return int(text)

    def _destination(self) -> str:
        if not self._cells["destination"]:
            raise ValueError("destination is missing")
        return self._cells["destination"]

    def _free_first_s(self) -> int:
        text = self._cells.get("free_first_s") or "0"
        if _WHOLE.fullmatch(text) is None:
            raise ValueError(f"free_first_s is no whole number: {text!r}")
        if int(text) and self._unit() is not PriceUnit.MINUTE:
            raise ValueError("free seconds without effect")
        return int(text)

    def _factor(self) -> Fraction | None:
        text = self._cells.get("factor")
        if not text:
            return None
        factor = parse_price(text)
        if not 0 < factor <= FACTOR_MAX:
            raise ValueError(f"a factor of {text} is no multiplier such as 1.25")
        if self._status() is RateStatus.UNPRICED:
            raise ValueError("a factor without effect")
        return factor

    def _check_selectors(self, rates: list[Rate]) -> None:
        lines = {rate.line_type for rate in rates}
        selectors = self._cells["match"].split()
        if not selectors and not self._cells.get("readings"):
            self.problems.append("match is empty, and no reading says why nothing leads here")
        for selector in selectors:
            line_type = selector.partition("/")[2]
            needed = LineType.MOBILE if line_type == LineType.MOBILE else LineType.FIXED
            if not is_selector(selector):
                self.problems.append(f"not a selector: {selector!r}")
            elif selector.startswith("@") and zone_of(selector) not in self._rules.zones:
                self.problems.append(f"there is no zone {zone_of(selector)!r}")
            elif (line_type or is_service(selector)) and needed not in lines:
                self.problems.append(f"{selector} needs a {needed} price")

    def _check_caps(self, rates: list[Rate]) -> None:
        if self._rules.cap_reading and self._rules.cap_reading in (
            self._cells.get("readings", "").split()
        ):
            return
        found = (
            breach
            for rate in rates
            for cap in self._rules.caps
            for breach in cap.breaches(self._capped(rate))
        )
        self.problems += dict.fromkeys(found)

    def _capped(self, rate: Rate) -> CappedPrice:
        terms, increments = self._rules.terms, rate.increments
        return CappedPrice(
            selectors=rate.match,
            regions=frozenset(self._regions(rate.match)),
            is_for_consumers=terms.is_for_consumers,
            per_minute=rate.price_per_minute,
            per_call=rate.setup_fee,
            basis=terms.basis,
            vat_rate=terms.vat_reference,
            increment_s=max(increments.first_s, increments.next_s),
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
        )

    def _regions(self, selectors: Iterable[str]) -> Iterator[str]:
        """List the countries whose fixed and mobile lines the row prices from home."""
        for selector in selectors if self._origins & AT_HOME else ():
            name, _, line_type = selector.partition("/")
            zone = self._rules.zones.get(zone_of(selector) or "")
            if line_type in ("", *LINE_TYPES):
                members = (name,) if zone is None else zone.members
                yield from (member.partition("-")[0] for member in members)


def read_increments(text: str) -> Increments:
    """Read a German "Taktung" such as ``60/1``; raise ``ValueError``."""
    match = _INCREMENTS.fullmatch(text)
    if match is None:
        raise ValueError(f"not increments such as 60/1: {text!r}")
    return Increments(int(match[1]), int(match[2]))
