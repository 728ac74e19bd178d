"""The CSV table of a price list: one row per destination, one price per column and line.

Besides reading, this is the lint: a row that contradicts its list, its neighbours or the law is a
problem with its line, never a price.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.csv_table import read_table
from rating.errors import Problem
from rating.money import parse_price
from rating.numbering import LineType
from rating.pricing.legal_cap import LegalCap
from rating.pricing.price_list import PriceListTerms
from rating.pricing.rate import Increments, Rate, RateStatus, Source, UnitPrice

PRICE_CT_MIN: Final = Fraction(1, 10)
PRICE_CT_MAX: Final = Fraction(1000)
"""Prices outside are a mix-up of euros and cents until shown otherwise: the dearest row of any
known list is a satellite at 999 cents, the cheapest 1.2."""

_CENTS_PER_EURO: Final = 100
_INCREMENTS: Final = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")
_WHOLE: Final = re.compile(r"[0-9]{1,6}")
_REGION: Final = r"(?:[A-Z]{2}|001)"
_SELECTOR: Final = re.compile(rf"[0-9]{{3,6}}|{_REGION}(?:/(?P<line_type>[a-z_]+)|-[A-Z0-9-]+)?")
_LINE_TYPES: Final = (LineType.FIXED, LineType.MOBILE)
_REQUIRED: Final = ("line", "destination", "match")
_OPTIONAL: Final = ("half", "unit", "increment", "free_first_s", "status", "readings")


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
    increments: Increments
    caps: tuple[LegalCap, ...]
    cap_reading: str
    """Rows that carry this reading may stand above a cap."""


class RateTable:
    """Reads the tables of one list; places, labels and selectors must be unique across them."""

    def __init__(self, rules: TableRules, problems: list[Problem]) -> None:
        self._rules = rules
        self._problems = problems
        self._seen: dict[tuple[str, str], str] = {}

    def read(self, file: str, text: str) -> list[Rate]:
        """Read one table; after a problem its rates are incomplete and must not be used."""
        rates: list[Rate] = []
        required = (*_REQUIRED, *_price_columns(self._rules.terms))
        rows = read_table(
            file, text, required=required, optional=_OPTIONAL, problems=self._problems
        )
        for line, cells in rows:
            row = _Row(self._rules, cells)
            try:
                rates += row.rates()
            except ValueError as error:
                row.problems.append(str(error))
            row.problems += self._repeated(cells, f"{file}:{line}")
            self._problems += [Problem(file, line, message) for message in row.problems]
        return rates

    def _repeated(self, cells: Mapping[str, str], here: str) -> Iterator[str]:
        place = f"{cells['line']} {cells.get('half', '')}".strip()
        keys = [("place", place), ("destination", cells["destination"])]
        keys += [("selector", selector) for selector in cells["match"].split()]
        for key in keys:
            if key in self._seen:
                yield f"{key[0]} {key[1]} stands in {self._seen[key]} already"
            self._seen[key] = here


class _Row:
    """One line of a table."""

    def __init__(self, rules: TableRules, cells: Mapping[str, str]) -> None:
        self._rules = rules
        self._cells = cells
        self.problems: list[str] = []

    def rates(self) -> list[Rate]:
        """Give the rates of the row; raise ``ValueError`` or note problems."""
        prices = {name: self._price(name) for name in _price_columns(self._rules.terms)}
        self._check_prices(prices)
        rates = [
            self._rate(column, line_type, prices[f"{column}_{line_type}_ct"])
            for column in self._rules.terms.columns
            for line_type in _LINE_TYPES
            if prices[f"{column}_{line_type}_ct"] is not None or self._status().value != "priced"
        ]
        self._check_selectors(rates)
        self._check_caps(rates)
        return rates

    def _price(self, name: str) -> Fraction | None:
        text = self._cells[name]
        if not text:
            return None
        price = parse_price(text)
        if price and not PRICE_CT_MIN <= price <= PRICE_CT_MAX:
            self.problems.append(f"{name} {text} is no price in cents: are the units mixed up?")
        return price

    def _status(self) -> RateStatus:
        return RateStatus(self._cells.get("status") or RateStatus.PRICED)

    def _check_prices(self, prices: Mapping[str, Fraction | None]) -> None:
        first, *others = self._rules.terms.columns
        for line_type in _LINE_TYPES:
            base = prices[f"{first}_{line_type}_ct"]
            for column in others:
                price = prices[f"{column}_{line_type}_ct"]
                if (base is None) is not (price is None):
                    self.problems.append(f"{line_type} has a price in one of {first}, {column}")
                elif base is not None and price is not None and price > base:
                    self.problems.append(f"{line_type}: {column} is dearer than {first}")
        priced = any(price is not None for price in prices.values())
        if priced is not (self._status() is RateStatus.PRICED):
            self.problems.append("price is missing" if not priced else "a price without effect")

    def _rate(self, column: str, line_type: LineType, cents: Fraction | None) -> Rate:
        cells = self._cells
        price = (cents or Fraction(0)) / _CENTS_PER_EURO
        unit = PriceUnit(cells.get("unit") or PriceUnit.MINUTE)
        setup_fee = price if unit is PriceUnit.CALL else Fraction(0)
        per_minute = price if unit is PriceUnit.MINUTE else Fraction(0)
        half = f"-{cells['half']}" if cells.get("half") else ""
        increments = cells.get("increment")
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
            status=self._status(),
            source=Source(self._rules.document, self._line()),
            readings=tuple(cells.get("readings", "").split()),
            unit_price=UnitPrice.compile(setup_fee, per_minute),
        )

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
        return int(text)

    def _check_selectors(self, rates: list[Rate]) -> None:
        lines = {rate.line_type for rate in rates}
        selectors = self._cells["match"].split()
        if not selectors and not self._cells.get("readings"):
            self.problems.append("match is empty, and no reading says why nothing leads here")
        for selector in selectors:
            name, _, line_type = selector.partition("/")
            mobile = line_type == LineType.MOBILE
            needed = LineType.MOBILE if mobile else LineType.FIXED
            if not is_selector(selector):
                self.problems.append(f"not a selector: {selector!r}")
            elif (line_type or name.isdigit()) and needed not in lines:
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
            for breach in cap.breaches(rate, self._rules.terms)
        )
        self.problems += dict.fromkeys(found)


def is_selector(text: str) -> bool:
    """Tell whether a text has one of the forms that name numbers (``docs/tariffs.md``)."""
    match = _SELECTOR.fullmatch(text)
    return match is not None and match["line_type"] in (None, *LineType)


def read_increments(text: str) -> Increments:
    """Read a German "Taktung" such as ``60/1``; raise ``ValueError``."""
    match = _INCREMENTS.fullmatch(text)
    if match is None:
        raise ValueError(f"not increments such as 60/1: {text!r}")
    return Increments(int(match[1]), int(match[2]))


def _price_columns(terms: PriceListTerms) -> Iterator[str]:
    for column in terms.columns:
        for line_type in _LINE_TYPES:
            yield f"{column}_{line_type}_ct"
