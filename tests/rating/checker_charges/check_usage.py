"""Usage, step by step: every message, kilobyte, second, window and quarter by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.rating.checker_charges.check_fees import held
from tests.rating.checker_charges.sheets import BEGINS, exact, in_basis, money, orders, rows

Json = dict[str, Any]
BERLIN = ZoneInfo("Europe/Berlin")
MEGABYTE = 2**20
UNITS = {"minute": 60, "quarter_hour": 900, "hour": 3600, "megabyte": MEGABYTE}


def refusal(reason: str, offer: str | None = None) -> Json:
    return {"admitted": False, "reason": reason, "offer": offer}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(BERLIN)


def find(question: Json) -> dict[str, str] | Json:
    row = next(
        one for one in rows(question["provider"], "usage.csv") if one["item"] == question["item"]
    )
    if local(question["at"]).date().isoformat() < BEGINS[question["provider"]]:
        return refusal("no_list")
    plans = (row.get("plans") or "").split()
    if plans and question.get("plan", "") not in plans:
        return refusal("not_in_plan")
    return row


def check_usage(question: Json) -> Json:
    if question["kind"] == "reply":
        incoming = question.get("last_incoming_at")
        if incoming is None:
            return refusal("window_closed", "SMS")
        seconds = (local(question["at"]) - local(incoming)).total_seconds()
        if not 0 <= seconds < 86_400:
            return refusal("window_closed", "SMS")
    row = find(question)
    if "reason" in row:
        return row
    pieces, size = pieces_of(question, row)
    provider, day = question["provider"], local(question["at"]).date().isoformat()
    paid: dict[str, int] = {}
    throttled, beyond = False, row
    quotas = booked_quotas(question, day)
    used = dict(question.get("quota_used", {}))
    rest = pieces * size
    for quota, granted in quotas:
        left = rest if granted is None else max(0, granted - used.get(quota["id"], 0))
        share = min(rest, left)
        rest -= share
        if share:
            paid[quota["id"]] = share
    if rest and quotas:
        last = quotas[-1][0]
        throttled = last["beyond"] == "throttle"
        if last["beyond"] == "refuse":
            return refusal("no_price")
        if last.get("beyond_item"):
            names = rows(provider, "usage.csv")
            beyond = next(one for one in names if one["item"] == last["beyond_item"])
    if rest and not throttled and beyond["price"] == "unpriced":
        return refusal("no_price")
    charged = 0 if throttled else rest
    printed = Fraction(0) if beyond["price"] == "unpriced" else Fraction(beyond["price"])
    price = in_basis(provider, printed, day)
    amount = price * charged / UNITS.get(beyond["unit"], 1)
    return {
        "admitted": True,
        "reason": None,
        "item": beyond["item"],
        "quantity": pieces * size,
        "quota": paid,
        "charged": charged,
        "throttled": throttled,
        "is_call": beyond.get("is_call") == "yes",
        "price": exact(price),
        **money(provider, amount, day),
    }


def pieces_of(question: Json, row: dict[str, str]) -> tuple[int, int]:
    """Count begun steps and give the size of one."""
    step = int(row.get("step") or 0)
    if row["unit"] == "message":
        pieces = 1
        if step and "characters" in question:
            pieces = max(1, (question["characters"] + step - 1) // step)
        return pieces * question.get("recipients", 1), 1
    if row["unit"] == "megabyte":
        return (question["bytes"] + step - 1) // step, step
    seconds = Fraction(question["duration_s"])
    begun = 0
    while begun * step < seconds:
        begun += 1
    return begun, step


def booked_quotas(question: Json, day: str) -> list[tuple[Json, int | None]]:
    found: list[tuple[Json, int | None]] = []
    options = [one for one in question.get("bookings", []) if held(one, day)]
    for option in dict.fromkeys(one["item"] for one in options):
        units = sum(one.get("count", 1) for one in options if one["item"] == option)
        for quota in orders(question["provider"]).get("quota", []):
            if quota["option"] != option or question["item"] not in quota["usage"]:
                continue
            granted: int | None = None
            if "gigabytes" in quota:
                granted = quota["gigabytes"] * 1024 * MEGABYTE * units
            if "pieces" in quota:
                granted = quota["pieces"] * units
            if quota.get("price_only"):
                granted = 0
            found.append((quota, granted))
    return found


def check_conversation(question: Json) -> Json:
    row = next(
        one for one in rows(question["provider"], "usage.csv") if one["item"] == question["item"]
    )
    windows: list[Json] = []
    total = Fraction(0)
    for caller in dict.fromkeys(one["caller"] for one in question["contacts"]):
        times = sorted(
            datetime.fromisoformat(one["at"])
            for one in question["contacts"]
            if one["caller"] == caller
        )
        while times:
            opened = times[0]
            closes = opened + timedelta(hours=24)
            times = [one for one in times if one >= closes]
            windows.append({"caller": caller, "opened_at": utc(opened), "closes_at": utc(closes)})
            total += Fraction(row["price"])
    return {
        "admitted": True,
        "reason": None,
        "windows": windows,
        **money(question["provider"], total, "2026-05-20"),
    }


def utc(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_work(question: Json) -> Json:
    """Look at every minute of the work: is the office open in it?"""
    row = find(question)
    if "reason" in row:
        return row
    step = int(row["step"])
    begins, seconds = local(question["at"]), int(question["duration_s"])
    holidays = {one["day"] for one in question.get("holidays", [])}
    units = outside = 0
    while units * step < seconds:
        worked = range(units * step, min(seconds, (units + 1) * step))
        if question["provider"] == "tgnet":
            outside += not any(is_open(begins, second, holidays) for second in worked)
        units += 1
    provider, day = question["provider"], begins.date().isoformat()
    printed = Fraction(row["price"]) * step / UNITS[row["unit"]]
    exact_price = in_basis(provider, Fraction(row["price"]), day)
    amount = in_basis(provider, printed, day) * (units - outside)
    amount += in_basis(provider, printed, day) * outside * 3 / 2
    return {
        "admitted": True,
        "reason": None,
        "item": row["item"],
        "units": units,
        "units_outside": outside,
        "price": exact(exact_price),
        **money(provider, amount, day),
    }


def is_open(begins: datetime, second: int, holidays: set[str]) -> bool:
    at = (begins.astimezone(ZoneInfo("UTC")) + timedelta(seconds=second)).astimezone(BERLIN)
    is_workday = at.weekday() < 5 and at.date().isoformat() not in holidays
    return is_workday and 9 <= at.hour < 17
