"""What an account has on a day: its plan, its options, its price list."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.rating.checker.files import TARIFFS, Toml, tariff, toml_of

AT_HOME = ("voip", "mobile")


class RefusedError(Exception):
    """The call is not put through; the argument is the reason."""


class Account(NamedTuple):
    """The input of a vector with its defaults filled in, and the day of the call."""

    provider: str
    plan: Toml
    contract_from: date
    price_list: str | None
    booked: list[dict[str, Any]]
    day: date
    origin: str
    visited: str | None
    callee: str
    external: dict[str, str] | None

    @property
    def tariff(self) -> Toml:
        return tariff(self.provider)


def account_of(call: dict[str, Any]) -> Account:
    rules = tariff(call["provider"])
    zone = ZoneInfo(rules["time_zone"])
    day = datetime.fromisoformat(call["answered_at"]).astimezone(zone).date()
    contract_from = call.get("contract_from")
    return Account(
        provider=call["provider"],
        plan=next(plan for plan in rules["plan"] if plan["id"] == call["plan"]),
        contract_from=date.fromisoformat(contract_from) if contract_from else day,
        price_list=call.get("price_list"),
        booked=[_booking(entry) for entry in call.get("options") or []],
        day=day,
        origin=call.get("origin") or "voip",
        visited=call.get("visited"),
        callee=call.get("callee") or "other",
        external=call.get("external_price"),
    )


@cache
def vat_rate_text(country: str, day: date) -> str:
    for entry in toml_of(TARIFFS / "vat.toml")["rate"]:
        begun = entry["valid_from"] <= day
        if entry["country"] == country and begun and not _ended(entry.get("valid_to"), day):
            return str(entry["rate"])
    return "0"


def list_of(account: Account) -> Toml | None:
    """Give the price list that holds; with a pinned one the first day of the contract decides."""
    lists = account.tariff["price_list"]
    if account.price_list is not None:
        lists = [one for one in lists if one["id"] == account.price_list]
    elif len({one["id"] for one in lists}) > 1:
        lists = [one for one in lists if one.get("default")]
    found: Toml | None = None
    for one in lists:
        day = account.contract_from if one.get("pinned") else account.day
        if one["valid_from"] <= day and not _ended(one.get("valid_to"), day):
            found = one
    return found


def why_no_list(account: Account) -> str:
    lists = account.tariff["price_list"]
    if account.price_list is not None:
        lists = [one for one in lists if one["id"] == account.price_list]
    elif len({one["id"] for one in lists}) > 1:
        lists = [one for one in lists if one.get("default")]
    pinned = any(one.get("pinned") for one in lists)
    day = account.contract_from if pinned else account.day
    early = all(day < one["valid_from"] for one in lists)
    return "before_list" if early else "after_list"


def options_of(account: Account) -> list[Toml]:
    """List the options that count on the day, in the order of their booking."""
    by_id = {option["id"]: option for option in account.tariff.get("option", [])}
    ids = list(account.plan.get("includes", []))
    for booking in account.booked:
        option = by_id[booking["id"]]
        if _is_allowed(account, option) and _counts(account, option, booking):
            ids.append(booking["id"])
    return [by_id[name] for name in dict.fromkeys(ids)]


def calls_at_once(account: Account) -> int | None:
    """Add up what the booked units allow; None: nothing limits the account."""
    limit: int | None = None
    by_id = {option["id"]: option for option in account.tariff.get("option", [])}
    for booking in account.booked:
        option = by_id[booking["id"]]
        calls = option.get("concurrent_calls")
        if calls is None or not _is_allowed(account, option):
            continue
        # A price can be changed for days that have passed, a limit cannot.
        if _counts(account, option, booking) and account.day >= booking["ordered_on"]:
            limit = (limit or 0) + calls * booking["count"]
    return limit


def seconds_left(account: Account, option: Toml, used_s: int) -> int:
    """Give what is left of an allowance in the month of the call."""
    units: int = sum(
        booking["count"]
        for booking in account.booked
        if booking["id"] == option["id"] and _counts(account, option, booking)
    )
    units += account.plan.get("includes", []).count(option["id"])
    included_s: int = option["included_minutes"] * 60
    return max(0, units * included_s - used_s)


def _booking(entry: dict[str, Any]) -> dict[str, Any]:
    begins = date.fromisoformat(entry["from"])
    return {
        "id": entry["id"],
        "count": entry.get("count") or 1,
        "from": begins,
        "to": date.fromisoformat(entry["to"]) if entry.get("to") else None,
        "ordered_on": date.fromisoformat(entry.get("ordered_on") or entry["from"]),
    }


def _is_allowed(account: Account, option: Toml) -> bool:
    if account.plan.get("trunk") and not option["trunk_accounts"]:
        return False
    plans = option.get("plans", [])
    return not plans or account.plan["id"] in plans


def _counts(account: Account, option: Toml, booking: dict[str, Any]) -> bool:
    begins = booking["from"]
    if option["effective"] == "month_start":
        begins = max(begins.replace(day=1), booking["ordered_on"].replace(day=1))
    if option["effective"] == "contract_term":
        begins = max(begins, account.contract_from)
    return begins <= account.day and not _ended(booking["to"], account.day)


def _ended(first_day_without: date | None, day: date) -> bool:
    return first_day_without is not None and day >= first_day_without
