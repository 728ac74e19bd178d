"""Price tables and zones of a list, as look-ups over the printed rows."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from tests.rating.checker.account import AT_HOME
from tests.rating.checker.files import Range, Row, Toml, table, tariff

LIKE_FIXED = ("fixed", "either", "voip", "universal_access", "toll_free")

Cells = dict[tuple[str, str, str], Row]
"""Column, printed kind of line (fixed, mobile), selector."""


class Found(NamedTuple):
    row: Row
    column: str
    kind: str

    def price(self) -> Fraction:
        """Give the printed price in euros."""
        cents = self.row.get(f"{self.column}_{self.kind}_ct")
        if cents:
            return Fraction(cents) / 100
        return Fraction(self.row.get(f"{self.column}_{self.kind}_eur") or 0)


class Zones(NamedTuple):
    """The zones of one purpose: members by zone, in the order of the document."""

    members: dict[str, set[str]]
    inside: dict[str, str]
    rest: str | None

    def of(self, entry: Range, country: str) -> list[str]:
        """List the zones of a number, narrow ones first.

        A place that a list names apart is no longer in the zones of its country.
        """
        apart = self.listing(entry.breakout) if entry.breakout else []
        return apart or self.of_region(entry.region, country)

    def of_region(self, region: str, country: str) -> list[str]:
        found = self.listing(region)
        if found or region in ("001", country) or self.rest is None:
            return found
        return [self.rest]

    def listing(self, member: str) -> list[str]:
        found = [zone for zone, members in self.members.items() if member in members]
        wider = [self.inside[zone] for zone in found if zone in self.inside]
        found = list(dict.fromkeys(found + wider))
        return sorted(found, key=lambda zone: zone not in self.inside)

    def rank(self, zone: str) -> int:
        return list(self.members).index(zone)


@cache
def zones(provider: str, list_index: int, purpose: str) -> Zones:
    rules = tariff(provider)
    own = [zone for zone in rules.get("zone", []) if zone["purpose"] == purpose]
    members: dict[str, set[str]] = {zone["id"]: set() for zone in own}
    for file in rules["price_list"][list_index].get("zones", []):
        for row in table(provider, file):
            if row["zone"] in members:
                members[row["zone"]] |= set(row["match"].split())
    inside = {zone["id"]: zone["within"] for zone in own if "within" in zone}
    rest = next((zone["id"] for zone in own if zone.get("rest")), None)
    return Zones(members, inside, rest)


@cache
def cells(provider: str, list_index: int, origin: str) -> Cells:
    rules = tariff(provider)
    origins = {one["file"]: one["origins"] for one in rules.get("table", [])}
    columns = [column["id"] for column in rules.get("column", [])]
    found: Cells = {}
    for file in rules["price_list"][list_index]["tables"]:
        if origin not in origins.get(file, AT_HOME):
            continue
        for row in table(provider, file):
            for column in columns:
                for kind in ("fixed", "mobile"):
                    if row.get("unit") != "message" and _has_cell(row, column, kind):
                        found |= {(column, kind, name): row for name in row["match"].split()}
    return found


@cache
def columns_for(provider: str, plan: str, origin: str, options: tuple[str, ...]) -> list[str]:
    """List the columns that hold, the most special first."""
    found = []
    for column in tariff(provider).get("column", []):
        fits = plan in column.get("plans", [plan]) and origin in column.get("origins", [origin])
        if fits and column.get("option") in (None, *options):
            found.append(column["id"])
    return found[::-1]


def row_of_service(known: Cells, columns: list[str], digits: str) -> Found | None:
    for column in columns:
        for length in range(len(digits), 0, -1):
            if (column, "fixed", digits[:length]) in known:
                return Found(known[column, "fixed", digits[:length]], column, "fixed")
        if (column, "fixed", "service") in known:
            return Found(known[column, "fixed", "service"], column, "fixed")
    return None


def row_of_line(
    known: Cells, columns: list[str], entry: Range, in_zones: list[str], empty_mobile: str
) -> Found | None:
    """Find the row of a number of the world among those for its line."""
    for column in columns:
        for kind, selector in selectors(entry, in_zones, empty_mobile):
            if (column, kind, selector) in known:
                return Found(known[column, kind, selector], column, kind)
    return None


def selectors(entry: Range, in_zones: list[str], empty_mobile: str) -> list[tuple[str, str]]:
    """Name all rows that could price a number, the first choice first."""
    line = entry.line_type
    if line != "mobile" and line not in LIKE_FIXED:
        return [("fixed", f"{entry.region}/{line}")]
    kind = "mobile" if line == "mobile" else "fixed"
    names = [entry.breakout] if entry.breakout else []
    names += [f"{entry.region}/{kind}", entry.region]
    for zone in in_zones:
        names += [f"@{zone}/{kind}", f"@{zone}"]
    found = [(kind, name) for name in names]
    if kind == "mobile" and empty_mobile == "fixed":
        found.append(("fixed", entry.region))
    return found


def _has_cell(row: Row, column: str, kind: str) -> bool:
    texts = [row.get(f"{column}_{kind}_{unit}") for unit in ("ct", "eur")]
    is_printed = any(text is not None for text in texts)
    return any(texts) or (is_printed and (row.get("status") or "priced") != "priced")


def list_index(provider: str, price_list: Toml) -> int:
    lists: list[Toml] = tariff(provider)["price_list"]
    return next(number for number, one in enumerate(lists) if one is price_list)
