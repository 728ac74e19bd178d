"""The CSV table of a price list: one row per destination, one price per column and line.

Besides reading, this is the lint: a row that contradicts its list, its neighbours or the law is a
problem with its line, never a price.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from rating.csv_table import read_table
from rating.errors import Problem
from rating.pricing.columns import Column, ColumnChoice
from rating.pricing.origin import OriginKind
from rating.pricing.price_list import Place
from rating.pricing.rate import Rate
from rating.pricing.rate_row import LINE_TYPES, SCALES, Caller, RateRow, TableRules

_REQUIRED: Final = ("line", "destination", "match")
_OPTIONAL: Final = ("half", "unit", "increment", "free_first_s", "status", "factor", "readings")


class RateTable:
    """Reads the tables of one list; for one kind of access, labels and selectors are unique."""

    def __init__(self, rules: TableRules, problems: list[Problem]) -> None:
        self._rules = rules
        self._problems = problems
        self._seen: dict[tuple[OriginKind, str, str], str] = {}
        self.places: dict[str, Place] = {}
        """Where each selector stands in the files."""

    def read(self, file: str, text: str, origins: frozenset[OriginKind]) -> list[Rate]:
        """Read one table; after a problem its rates are incomplete and must not be used."""
        rates: list[Rate] = []
        prices = tuple(_price_columns(self._rules.columns.columns))
        rows = read_table(
            file, text, required=_REQUIRED, optional=_OPTIONAL + prices, problems=self._problems
        )
        self._check_header(file, text.partition("\n")[0].strip().split(","))
        callers = _callers(self._rules.columns, origins)
        for line, cells in rows:
            row = RateRow(self._rules, cells, origins, callers)
            try:
                rates += row.rates()
            except ValueError as error:
                row.problems.append(str(error))
            row.problems += self._repeated(cells, f"{file}:{line}", origins)
            self._problems += [Problem(file, line, message) for message in row.problems]
            self.places.update(dict.fromkeys(cells["match"].split(), (file, line)))
        return rates

    def _check_header(self, file: str, header: Iterable[str]) -> None:
        names = set(header)
        prices = [name for name in _price_columns(self._rules.columns.columns) if name in names]
        if not prices:
            self._problems.append(Problem(file, 1, "the table has no price column"))
        for name in prices:
            if name.endswith("_ct") and f"{name.removesuffix('_ct')}_eur" in names:
                self._problems.append(Problem(file, 1, f"{name} stands in euros, too"))

    def _repeated(
        self, cells: Mapping[str, str], here: str, origins: frozenset[OriginKind]
    ) -> Iterator[str]:
        place = f"{cells['line']} {cells.get('half', '')}".strip()
        names = [("place", place), ("destination", cells["destination"])]
        names += [("selector", selector) for selector in cells["match"].split()]
        for kind, name in names:
            found = {self._seen.get((origin, kind, name)) for origin in origins} - {None}
            if found:
                yield f"{kind} {name} stands in {min(filter(None, found))} already"
            self._seen.update({(origin, kind, name): here for origin in origins})


def _callers(columns: ColumnChoice, origins: Iterable[OriginKind]) -> tuple[Caller, ...]:
    """List who may call, without any option, and the columns that hold for him."""
    found: dict[frozenset[str], str] = {}
    for plan, origin in product(columns.plans, sorted(origins)):
        holding = frozenset(columns.holding(plan, origin, frozenset()))
        found.setdefault(holding, f"plan {plan} from {origin}")
    return tuple((caller, holding) for holding, caller in found.items())


def _price_columns(columns: Sequence[Column]) -> Iterator[str]:
    for column, line_type, unit in product(columns, LINE_TYPES, SCALES):
        yield f"{column.id}_{line_type}_{unit}"
