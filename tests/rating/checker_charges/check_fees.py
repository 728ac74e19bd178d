"""Fees of a month, unit by unit and day by day."""

from __future__ import annotations

import calendar
from collections import Counter
from fractions import Fraction
from functools import cache
from typing import Any

from tests.rating.checker_charges.sheets import (
    BASIS,
    BEGINS,
    exact,
    in_basis,
    millionths,
    rows,
    six_places,
    tax,
)

Json = dict[str, Any]
WORDS = {"unavailable", "impossible", "on_request", "by_effort"}
NUMBERS = {"NUMBER-LOCAL", "NUMBER-032", "PORT-IN-LOCAL"}
CHANNELS = {"CHANNEL", "CHANNEL-SRTP", "CHANNEL-TEAM"}


class FeeChecker:
    def __init__(self, question: Json) -> None:
        self.provider = question["provider"]
        self.bookings = [self.for_any_plan(one) for one in question["bookings"]]
        self.grants = {grant["id"]: grant for grant in question.get("grants", [])}
        year, month = map(int, question["month"].split("-"))
        self.days = [
            f"{year:04d}-{month:02d}-{day:02d}"
            for day in range(1, calendar.monthrange(year, month)[1] + 1)
        ]
        self.fees: list[Json] = []
        self.unpriced: list[Json] = []
        self.amount = Fraction(0)
        self.net = self.gross = 0

    def answer(self) -> Json:
        self.charge_once()
        self.charge_months()
        return {
            "fees": self.fees,
            "unpriced": self.unpriced,
            "amount": exact(self.amount),
            "net": six_places(self.net),
            "gross": six_places(self.gross),
        }

    def for_any_plan(self, booking: Json) -> Json:
        """Forget the plan where the fee is the same for all."""
        sheet = [one for one in rows(self.provider, "fees.csv") if one["item"] == booking["item"]]
        if all(one.get("plans") for one in sheet):
            return booking
        return {key: value for key, value in booking.items() if key != "plan"}

    def row_numbers(self, item: str, plan: str) -> list[int]:
        return row_numbers(self.provider, item, plan)

    def row_of_unit(self, item: str, plan: str, unit: int) -> int:
        return row_of_unit(self.provider, item, plan, unit)

    def billing(self, item: str, plan: str) -> str:
        return rows(self.provider, "fees.csv")[self.row_numbers(item, plan)[0]]["billing"]

    def units(self, item: str, plan: str, day: str) -> int:
        return sum(
            one.get("count", 1)
            for one in self.bookings
            if (one["item"], one.get("plan", "")) == (item, plan) and held(one, day)
        )

    def charge_once(self) -> None:
        for place, one in enumerate(self.bookings):
            if one["from"][:7] != self.days[0][:7]:
                continue
            item, plan = one["item"], one.get("plan", "")
            if one["from"] < BEGINS[self.provider]:
                self.refuse(item, plan, "once", "no_list")
                continue
            if not self.row_numbers(item, plan):
                self.refuse(item, plan, "once", "no_row")
                continue
            before = 0
            for number, other in enumerate(self.bookings):
                same = (other["item"], other.get("plan", "")) == (item, plan)
                earlier = (other["from"], number) < (one["from"], place)
                if same and earlier and held(other, one["from"]):
                    before += other.get("count", 1)
            if (
                rows(self.provider, "fees.csv")[self.row_numbers(item, plan)[0]]["billing"]
                == "team"
            ):
                continue
            numbers = Counter(
                self.row_of_unit(item, plan, before + unit + 1)
                for unit in range(one.get("count", 1))
            )
            for number, units in numbers.items():
                self.position(number, plan, "once", units, 1, one["from"], Fraction(0), [])

    def charge_months(self) -> None:
        keys = list(dict.fromkeys((one["item"], one.get("plan", "")) for one in self.bookings))
        keys = [key for key in keys if any(self.units(*key, day) for day in self.days)]
        if self.days[0] < BEGINS[self.provider]:
            for item, plan in keys:
                self.refuse(item, plan, "monthly", "no_list")
            return
        company = self.company_flat()
        counts: dict[tuple[str, str, int], list[int]] = {}
        for item, plan in keys:
            if not self.row_numbers(item, plan):
                self.refuse(item, plan, "monthly", "no_row")
                continue
            if company and item == "PROFILE":
                continue
            for place, day in enumerate(self.days):
                for number, units in self.by_row(item, plan, day).items():
                    counts.setdefault((item, plan, number), [0] * len(self.days))[place] += units
        for plan, units in (company or {}).items():
            number = self.row_of_unit("PROFILE", plan, 1)
            counts["PROFILE", plan, number] = [units] * len(self.days)
        freed = self.home(counts)
        off = Fraction(0)
        if company:
            together = sum(company.values())
            off = Fraction(4 if together >= 100 else 3 if together >= 25 else 2)
        for key, by_day in counts.items():
            reductions = ["HOME"] if key in freed else []
            own = off if key[0] == "PROFILE" else Fraction(0)
            if own:
                reductions.append("COMPANY-FLAT")
            days = len(self.days)
            args = (sum(by_day), days, self.days[-1], own, reductions)
            self.position(key[2], key[1], "monthly", *args)

    def by_row(self, item: str, plan: str, day: str) -> Counter[int]:
        units = self.units(item, plan, day)
        billing = self.billing(item, plan)
        if billing == "month_start":
            units = max(self.units(item, plan, one) for one in self.days)
        found: Counter[int] = Counter()
        if billing == "team" and units:
            number = self.row_of_unit(item, plan, units)
            found[number] = 1
            return found
        for unit in range(1, units + 1):
            number = self.row_of_unit(item, plan, unit)
            found[number] += 1
        return found

    def company_flat(self) -> dict[str, int] | None:
        """Count profiles of the 1st if all conditions of the Company Flat hold."""
        first = [one for one in self.bookings if held(one, self.days[0])]
        profiles = [one for one in first if one["item"] == "PROFILE"]
        if self.provider != "enreach" or not profiles:
            return None
        if any(one["plan"] == "starter" for one in profiles):
            return None
        for account in {one.get("account", "") for one in profiles}:
            own = [one for one in first if one.get("account", "") == account]
            advanced = [one for one in own if one.get("plan") == "advanced"]
            users = sum(one.get("count", 1) for one in advanced if one["item"] == "PROFILE")
            flats = sum(one.get("count", 1) for one in advanced if one["item"] == "ALLNET-VOIP")
            if users > flats:
                return None
        found: Counter[str] = Counter()
        for one in profiles:
            found[one["plan"]] += one.get("count", 1)
        return dict(found)

    def home(self, counts: dict[tuple[str, str, int], list[int]]) -> set[tuple[str, str, int]]:
        """Take away what TGNET/wireless HOME includes, one unit of each day after the other."""
        freed: set[tuple[str, str, int]] = set()
        if "HOME" not in self.grants:
            return freed
        has_flat = any(
            one["item"] == "FLAT.DE" and any(held(one, day) for day in self.days)
            for one in self.bookings
        )
        groups = [{"ACCOUNT"}, NUMBERS, {"FLAT.DE"}] if has_flat else [{"ACCOUNT"}, NUMBERS]
        allowed = 1 if has_flat else 3
        allowed = min(allowed, self.grants["HOME"].get("units", allowed))
        for group in groups:
            for place, day in enumerate(self.days):
                accounts = sum(
                    one.get("count", 1)
                    for one in self.bookings
                    if one["item"] == "ACCOUNT" and held(one, day)
                )
                for _ in range(min(allowed, accounts)):
                    keys = [key for key in counts if key[0] in group and counts[key][place]]
                    if keys:
                        counts[keys[0]][place] -= 1
                        freed.add(keys[0])
        return freed

    def position(
        self,
        number: int,
        plan: str,
        part: str,
        unit_days: int,
        days: int,
        day: str,
        off: Fraction,
        reductions: list[str],
    ) -> None:
        row = rows(self.provider, "fees.csv")[number]
        text = row[part]
        if text in WORDS:
            self.refuse(row["item"], plan, part, text)
            return
        if text in {"", "included"}:
            return
        price = in_basis(self.provider, Fraction(text) - off, day)
        if "PRO" in self.grants and part == "monthly":
            price -= price * Fraction(self.grants["PRO"]["percent"])
            reductions = [*reductions, "PRO"]
        if "KOMBI" in self.grants and row["item"] in CHANNELS:
            price -= price * Fraction("0.22")
            reductions = [*reductions, "KOMBI"]
        amount = price * unit_days / days
        rate = tax(day)
        net, gross = (amount, amount * (1 + rate))
        if BASIS[self.provider] == "gross":
            net, gross = (amount / (1 + rate), amount)
        self.amount += amount
        self.net += millionths(net)
        self.gross += millionths(gross)
        self.fees.append(
            {
                "item": row["item"],
                "plan": plan or None,
                "part": part,
                "unit_days": unit_days,
                "days": days,
                "price": exact(price),
                "reductions": reductions,
                "amount": exact(amount),
            }
        )

    def refuse(self, item: str, plan: str, part: str, reason: str) -> None:
        self.unpriced.append({"item": item, "plan": plan or None, "part": part, "reason": reason})


@cache
def row_numbers(provider: str, item: str, plan: str) -> list[int]:
    found = []
    for number, row in enumerate(rows(provider, "fees.csv")):
        plans = (row.get("plans") or "").split()
        if row["item"] == item and (not plans or plan in plans):
            found.append(number)
    return found


@cache
def row_of_unit(provider: str, item: str, plan: str, unit: int) -> int:
    for number in row_numbers(provider, item, plan):
        row = rows(provider, "fees.csv")[number]
        first = int(row["from_count"] or 1)
        if first <= unit and (not row["to_count"] or unit <= int(row["to_count"])):
            return number
    raise LookupError(f"{item} {plan} has no row for unit {unit}")


def held(booking: Json, day: str) -> bool:
    return bool(booking["from"] <= day and (booking.get("to") is None or day < booking["to"]))
