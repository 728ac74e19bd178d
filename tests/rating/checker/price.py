"""What a number costs an account: the row, what makes the call free, what is added."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from tests.rating.checker.account import (
    AT_HOME,
    Account,
    RefusedError,
    list_of,
    options_of,
    vat_rate_text,
    why_no_list,
)
from tests.rating.checker.files import Range, Toml, table
from tests.rating.checker.money import Price
from tests.rating.checker.numbers import Called, range_of
from tests.rating.checker.tables import (
    LIKE_FIXED,
    Cells,
    Found,
    cells,
    columns_for,
    list_index,
    row_of_line,
    row_of_service,
    zones,
)

FREE_AT_HOME = (
    "emergency",
    "harmonised_116",
    "freephone_0800",
    "international_freephone_00800",
)
SUBSCRIBERS = ("fixed", "either", "voip", "mobile")
AT_SEA = "001"
TIMED_PREMIUM = ("premium_0900", "directory_118")
HOUR_S = 3600
FREE = Price(Fraction(0), Fraction(0), 1, 1, 0, None)


class Priced(NamedTuple):
    destination: str
    line_type: str
    price: Price
    basis: str
    vat_rate: str
    flat: str | None
    allowances: list[Toml]


class Place(NamedTuple):
    """Where a number stands: its row, its kind of line, and the names covers may use."""

    found: Found
    line_type: str
    names: frozenset[str]


class Pricing:
    """Everything that holds for the account, whichever number it calls."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.country = account.tariff["country"]
        self.vat_rate = vat_rate_text(self.country, account.day)
        self.options = options_of(account)
        self.option_ids = tuple(option["id"] for option in self.options)
        self.list = list_of(account)
        self.known: Cells = {}
        if self.list is not None:
            self.index = list_index(account.provider, self.list)
            self.known = cells(account.provider, self.index, account.origin)
        self.columns = columns_for(
            account.provider, account.plan["id"], account.origin, self.option_ids
        )

    def price(self, called: Called | None) -> Priced:
        account = self.account
        has_plan = account.contract_from <= account.day
        if called is not None and self._is_free_by_law(called):
            return self._by_law(called, has_plan=has_plan)
        if not has_plan:
            raise RefusedError("no_plan")
        if self.list is None:
            raise RefusedError(why_no_list(account))
        is_inside = account.callee in ("internal", "mailbox") and account.origin in AT_HOME
        if is_inside and "internal" in account.tariff:
            return self._priced(account.callee, "special", FREE, "internal")
        if not self.known:
            raise RefusedError("not_from_origin")
        place = self._place(called)
        return self._cost(place, called)

    def _is_free_by_law(self, called: Called) -> bool:
        if self.account.origin == "roaming_incoming":
            return False
        return called.kind == "emergency" or (
            called.kind in FREE_AT_HOME and self.account.origin in AT_HOME
        )

    def _by_law(self, called: Called, *, has_plan: bool) -> Priced:
        """Name the call as the tables for calls from home print it; it costs nothing anyhow."""
        if not has_plan:
            return Priced(called.digits, "special", FREE, "gross", "0", "by_law", [])
        origin = self.account.origin if self.account.origin in AT_HOME else "voip"
        known = {} if self.list is None else cells(self.account.provider, self.index, origin)
        found = row_of_service(known, self.columns, called.digits)
        label = called.digits if found is None else found.row["destination"]
        return self._priced(label, "special", FREE, "by_law")

    def _priced(self, destination: str, line_type: str, price: Price, flat: str | None) -> Priced:
        basis = "gross" if self.list is None else self.list["basis"]
        return Priced(destination, line_type, price, basis, self.vat_rate, flat, [])

    def _place(self, called: Called | None) -> Place:
        if self.account.origin == "roaming_incoming":
            return self._called_abroad()
        if called is None:
            raise RefusedError("no_row")
        if self.account.origin == "roaming":
            return self._calling_from_abroad(called)
        if called.kind == "world":
            return self._line(called)
        found = row_of_service(self.known, self.columns, called.digits)
        if found is None:
            raise RefusedError("no_row")
        digits = called.digits
        names = {"service"} | {digits[:length] for length in range(3, len(digits) + 1)}
        return Place(found, "special", frozenset(names))

    def _line(self, called: Called) -> Place:
        assert self.list is not None
        entry = range_of(called)
        if entry is None:
            raise RefusedError("not_assigned")
        of_number = zones(self.account.provider, self.index, "call").of(entry, self.country)
        found = row_of_line(self.known, self.columns, entry, of_number, self.list["empty_mobile"])
        if found is None:
            reasons = {"premium": "premium_abroad", "unassigned": "not_assigned"}
            raise RefusedError(reasons.get(entry.line_type, "no_row"))
        return Place(found, entry.line_type, frozenset(names_of(entry, of_number)))

    def _called_abroad(self) -> Place:
        visited = self.account.visited or AT_SEA
        here = zones(self.account.provider, self.index, "roaming").of_region(visited, self.country)
        name = f"@{here[0]}" if here else visited
        return Place(self._named(name, "fixed"), "mobile", frozenset({name, f"{name}/mobile"}))

    def _calling_from_abroad(self, called: Called) -> Place:
        visited = self.account.visited or AT_SEA
        if called.kind != "world":
            selector = AT_SEA if visited == AT_SEA else "service"
            return Place(self._named(selector, "fixed"), "special", frozenset())
        entry = range_of(called)
        if entry is None or entry.line_type == "unassigned":
            raise RefusedError("not_assigned")
        if visited == AT_SEA:
            return Place(self._named(AT_SEA, "fixed"), entry.line_type, frozenset())
        if entry.line_type not in SUBSCRIBERS:
            own = f"{entry.region}/{entry.line_type}"
            return Place(self._named(own, "fixed", "service"), entry.line_type, frozenset())
        zone = self._dearer_zone(visited, entry)
        kind = "mobile" if entry.line_type == "mobile" else "fixed"
        names = (f"@{zone}/{kind}", f"@{zone}")
        return Place(self._named(names[0], kind, names[1]), entry.line_type, frozenset(names))

    def _dearer_zone(self, visited: str, entry: Range) -> str:
        own = zones(self.account.provider, self.index, "roaming")
        here = own.of_region(visited, self.country)
        if not here:
            raise RefusedError("no_row")
        if entry.region in (self.country, visited):
            return here[0]
        there = own.of(entry, self.country)
        if not there:
            raise RefusedError("no_row")
        return max(here[0], there[0], key=own.rank)

    def _named(self, first: str, kind: str, second: str = "") -> Found:
        for selector in (first, second):
            for column in self.columns:
                if (column, kind, selector) in self.known:
                    return Found(self.known[column, kind, selector], column, kind)
        raise RefusedError("no_row")

    def _cost(self, place: Place, called: Called | None) -> Priced:
        label = place.found.row["destination"]
        flat = self._what_makes_free(place)
        if flat is not None:
            price = self._in_row(place, Fraction(0), Fraction(0))
            return self._priced(label, place.line_type, self._limited(price, called), flat)
        price = self._limited(self._paid(place, called), called)
        priced = self._priced(label, place.line_type, price, None)
        if not price.per_minute:
            return priced
        return priced._replace(allowances=self._paying("allowance", place))

    def _what_makes_free(self, place: Place) -> str | None:
        account = self.account
        on_net = account.tariff.get("on_net")
        known = account.callee in ("own_network", "internal") and account.origin in AT_HOME
        if on_net is not None and known and place.names & set(on_net["covers"]):
            return "own_network"
        for option in self._paying("flat", place):
            return str(option["id"])
        return None

    def _paying(self, kind: str, place: Place) -> list[Toml]:
        return [
            option
            for option in self.options
            if option["kind"] == kind
            and self.account.origin in option.get("origins", AT_HOME)
            and place.names & set(option["covers"])
        ]

    def _paid(self, place: Place, called: Called | None) -> Price:
        assert self.list is not None
        row, status = place.found.row, place.found.row.get("status") or "priced"
        told = self._told(called) if status == "external" or row.get("factor") else None
        if status == "unpriced":
            raise RefusedError("no_row")
        if status == "external" and told is None:
            raise RefusedError("external_price")
        printed = place.found.price()
        per_call = printed if row.get("unit") == "call" else Fraction(0)
        per_minute = Fraction(0) if row.get("unit") == "call" else printed
        per_minute += self._surcharges(place)
        if self.list["basis"] == "gross":
            tax = 1 + Fraction(self.vat_rate)
            per_minute = per_minute / (1 + Fraction(self.list["vat_reference"])) * tax
            per_call = per_call / (1 + Fraction(self.list["vat_reference"])) * tax
        if told is not None:
            factor = Fraction(row.get("factor") or 1)
            per_minute += told[0] * factor
            per_call += told[1] * factor
        return self._in_row(place, per_minute, per_call)

    def _surcharges(self, place: Place) -> Fraction:
        return sum(
            (
                Fraction(one["per_minute"])
                for one in self.account.tariff.get("surcharge", [])
                if self.account.origin in one.get("origins", AT_HOME)
                and not place.names & set(one.get("except", []))
                and not set(self.option_ids) & set(one.get("dropped_by", []))
            ),
            Fraction(0),
        )

    def _told(self, called: Called | None) -> tuple[Fraction, Fraction] | None:
        """Give what somebody else announced, in the basis of the list."""
        if self.account.external is not None:
            external = self.account.external
            return Fraction(external["per_minute"]), Fraction(external["per_call"])
        if called is None or called.kind == "world" or self.account.origin not in AT_HOME:
            return None
        return self._announced(called.digits)

    def _announced(self, digits: str) -> tuple[Fraction, Fraction] | None:
        assert self.list is not None
        day = self.account.day.isoformat()
        rows = [
            row
            for row in table("", "external.csv")
            if digits.startswith(row["number"])
            and row["valid_from"] <= day
            and (not row["valid_to"] or day < row["valid_to"])
        ]
        if not rows:
            return None
        row = max(rows, key=lambda one: len(one["number"]))
        tax = 1 + Fraction(self.vat_rate)
        factor = {("net", "gross"): tax, ("gross", "net"): 1 / tax}.get(
            (row["basis"], self.list["basis"]), Fraction(1)
        )
        return (
            Fraction(row["per_minute_eur"] or 0) * factor,
            Fraction(row["per_call_eur"] or 0) * factor,
        )

    def _in_row(self, place: Place, per_minute: Fraction, per_call: Fraction) -> Price:
        assert self.list is not None
        row = place.found.row
        first_s, next_s = (row.get("increment") or self.list["increment"]).split("/")
        free_s = int(row.get("free_first_s") or 0)
        return Price(per_minute, per_call, int(first_s), int(next_s), free_s, None)

    def _limited(self, price: Price, called: Called | None) -> Price:
        """End the charge of timed premium and directory calls after an hour (TKG § 113)."""
        is_timed = called is not None and called.kind in TIMED_PREMIUM and price.per_minute
        return price._replace(longest_s=HOUR_S) if is_timed else price


def names_of(entry: Range, in_zones: list[str]) -> list[str]:
    """Name a number in all ways that a cover or an exception may."""
    line = entry.line_type
    if line not in LIKE_FIXED and line != "mobile":
        return [f"{entry.region}/{line}"]
    kind = "mobile" if line == "mobile" else "fixed"
    names = [entry.region, f"{entry.region}/{line}", f"{entry.region}/{kind}", entry.breakout]
    for zone in in_zones:
        names += [f"@{zone}", f"@{zone}/{kind}"]
    return [name for name in names if name]
