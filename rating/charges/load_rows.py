"""Rows of fees and usage from CSV; a row that is wrong becomes a problem with its line."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeVar

from rating.charges.fee import Billing, FeeRow, FeeSchedule, NoPrice, Price
from rating.charges.usage import TIMED, UsageRow, UsageUnit
from rating.csv_table import Row, read_table
from rating.errors import Problem
from rating.money import format_decimal, parse_price
from rating.pricing import Source

E = TypeVar("E", bound=StrEnum)

UNPRICED: Final = "unpriced"

_FEE_COLUMNS: Final = ("line", "item", "label", "once", "monthly")
_FEE_OPTIONAL: Final = ("plans", "billing", "from_count", "to_count", "readings")
_USAGE_COLUMNS: Final = ("line", "item", "label", "unit", "price")
_USAGE_OPTIONAL: Final = ("plans", "service", "place", "step", "is_call", "readings")
_DIGITS_MAX: Final = 9
_PLACE: Final = re.compile(r"home|to \*|(?:to|in) (?:[A-Z]{2}|@[a-z0-9-]+)")

# Euros between which a price that is not 0 is believed; cents in their place fall outside.
_FEE_BAND: Final = (Fraction("0.05"), Fraction(1000))
_USAGE_BANDS: Final[Mapping[UsageUnit, tuple[Fraction, Fraction]]] = MappingProxyType(
    {
        UsageUnit.MESSAGE: (Fraction("0.01"), Fraction(2)),
        UsageUnit.CONVERSATION: (Fraction("0.01"), Fraction(5)),
        UsageUnit.MEGABYTE: (Fraction("0.001"), Fraction(20)),
        UsageUnit.MINUTE: (Fraction("0.005"), Fraction(10)),
        UsageUnit.QUARTER_HOUR: (Fraction(1), Fraction(250)),
        UsageUnit.HOUR: (Fraction(5), Fraction(1000)),
    }
)


class RowReader:
    """Reads the tables of one provider's document."""

    def __init__(self, document: str, plans: frozenset[str], *, problems: list[Problem]) -> None:
        self._document = document
        self._plans = plans
        self._problems = problems
        self._file = ""
        self._line = 0

    def read_fees(self, file: str, text: str) -> Mapping[tuple[str, str], FeeSchedule]:
        """Read fees and group them by item and plan; tiers must follow on each other."""
        found: dict[tuple[str, str], list[FeeRow]] = {}
        self._file = file
        rows = read_table(
            file, text, required=_FEE_COLUMNS, optional=_FEE_OPTIONAL, problems=self._problems
        )
        for self._line, row in rows:
            for fee in self._fees(row):
                found.setdefault((fee.item, fee.plan), []).append(fee)
                self._check_tiers(found[fee.item, fee.plan])
        for (item, plan), tiers in found.items():
            if tiers[-1].to_count is not None:
                message = f"{item} has no price above {tiers[-1].to_count} units"
                self._problems.append(Problem(file, 0, message))
            if plan and (item, "") in found:
                self._problems.append(Problem(file, 0, f"{item} has rows with and without plans"))
        return MappingProxyType({key: FeeSchedule(tuple(tiers)) for key, tiers in found.items()})

    def read_usage(self, file: str, text: str) -> Mapping[str, UsageRow]:
        """Read usage prices by item."""
        found: dict[str, UsageRow] = {}
        self._file = file
        rows = read_table(
            file, text, required=_USAGE_COLUMNS, optional=_USAGE_OPTIONAL, problems=self._problems
        )
        for self._line, row in rows:
            usage = self._usage(row)
            if usage.item in found:
                self._wrong(f"item {usage.item} stands twice")
            found[usage.item] = usage
        return MappingProxyType(found)

    def _fees(self, row: Row) -> Iterable[FeeRow]:
        once, monthly = self._price(row["once"]), self._price(row["monthly"])
        if once is None and monthly is None:
            self._wrong("the row has neither a one-off nor a monthly fee")
        billing = self._word(row.get("billing") or Billing.DAILY, Billing, Billing.DAILY)
        for plan in self._plans_of(row) or ("",):
            yield FeeRow(
                item=self._text(row, "item"),
                plan=plan,
                label=self._text(row, "label"),
                once=once,
                monthly=monthly,
                billing=billing,
                from_count=self._count(row.get("from_count", "")) or 1,
                to_count=self._count(row.get("to_count", "")),
                source=self._source(row),
                readings=tuple(row.get("readings", "").split()),
            )

    def _check_tiers(self, rows: list[FeeRow]) -> None:
        last = rows[-1]
        if last.to_count is not None and last.to_count < last.from_count:
            self._wrong(f"a tier from {last.from_count} to {last.to_count} is empty")
        if len(rows) == 1 and last.from_count != 1:
            self._wrong(f"units 1 to {last.from_count - 1} of {last.item} have no price")
        for lower, upper in pairwise(rows[-2:]):
            if lower.to_count is None:
                self._wrong(f"{upper.item} stands twice for the same number of units")
            elif upper.from_count != lower.to_count + 1:
                message = f"expected a tier from {lower.to_count + 1}, not from {upper.from_count}"
                self._wrong(message)
            if upper.billing is not lower.billing:
                self._wrong(f"the tiers of {upper.item} are billed in different ways")

    def _usage(self, row: Row) -> UsageRow:
        unit = self._word(row["unit"], UsageUnit, UsageUnit.MESSAGE)
        step = self._count(row.get("step", "")) or 0
        if not step and unit in TIMED | {UsageUnit.MEGABYTE, UsageUnit.CONVERSATION}:
            self._wrong(f"a price by the {unit} needs a step")
            step = 1
        return UsageRow(
            item=self._text(row, "item"),
            plans=frozenset(self._plans_of(row)),
            label=self._text(row, "label"),
            service=row.get("service", ""),
            place=self._place(row),
            unit=unit,
            price=self._usage_price(row["price"], unit),
            step=step,
            is_call=self._flag(row.get("is_call", "")),
            source=self._source(row),
            readings=tuple(row.get("readings", "").split()),
        )

    def _place(self, row: Row) -> str:
        place = row.get("place", "")
        if bool(place) is not bool(row.get("service", "")):
            self._wrong("a service needs a place, and a place a service")
        if place and _PLACE.fullmatch(place) is None:
            self._wrong(f"expected home, to X or in X as the place, not {place!r}")
        return place

    def _usage_price(self, text: str, unit: UsageUnit) -> Fraction | None:
        if text == UNPRICED:
            return None
        return self._euros(text, _USAGE_BANDS[unit], f"the {unit}")

    def _price(self, text: str) -> Price:
        for word in NoPrice:
            if text == word.value:
                return word
        return self._euros(text, _FEE_BAND, "a fee") if text else None

    def _euros(self, text: str, band: tuple[Fraction, Fraction], what: str) -> Fraction:
        try:
            price = parse_price(text)
        except ValueError as error:
            self._wrong(str(error))
            return Fraction(0)
        if price and not band[0] <= price <= band[1]:
            low, high = (format_decimal(edge, places=3) for edge in band)
            self._wrong(f"{text} euros for {what}: expected {low} to {high}; is that another unit?")
        return price

    def _plans_of(self, row: Row) -> tuple[str, ...]:
        plans = tuple(row.get("plans", "").split())
        for plan in plans:
            if plan not in self._plans:
                self._wrong(f"there is no plan {plan}")
        return plans

    def _word(self, text: str, words: type[E], default: E) -> E:
        for word in words:
            if text == word.value:
                return word
        self._wrong(f"expected one of {', '.join(words)}, not {text!r}")
        return default

    def _count(self, text: str) -> int | None:
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) > 0:
            return int(text)
        self._wrong(f"expected a whole number above 0, not {text!r}")
        return 1

    def _flag(self, text: str) -> bool:
        if text not in {"", "yes"}:
            self._wrong(f"expected yes or nothing, not {text!r}")
        return text == "yes"

    def _text(self, row: Row, column: str) -> str:
        if not row[column]:
            self._wrong(f"{column} is empty")
        return row[column]

    def _source(self, row: Row) -> Source:
        line = self._count(row["line"])
        if line is None:
            self._wrong("a row needs the line where it is printed")
        return Source(self._document, line or 1)

    def _wrong(self, message: str) -> None:
        self._problems.append(Problem(self._file, self._line, message))
