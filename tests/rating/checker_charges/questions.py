"""Random charges of all providers, near the edges where mistakes live."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.rating.checker_charges.check_orders import (
    CHANNELS,
    PACKAGES,
    SEAT_FLATS,
    SEATS,
    TRUNK_FLATS,
)
from tests.rating.checker_charges.check_usage import MEGABYTE
from tests.rating.checker_charges.sheets import orders, rows

Json = dict[str, Any]
PLANS = {
    "tgnet": ("account", "trunk"),
    "enreach": ("expert", "professional", "advanced", "starter"),
    "zaluma": ("team",),
    "plusnet": ("sip-trunk", "extended-team", "centraflex"),
}
MONTHS = {
    "tgnet": ("2010-02", "2010-03", "2020-06", "2020-07", "2020-12", "2021-01", "2028-02"),
    "enreach": ("2026-02", "2026-03", "2026-05", "2028-02"),
    "zaluma": ("2025-03", "2025-04", "2026-02"),
    "plusnet": ("2021-02", "2021-03", "2026-05"),
}
PROFILED = frozenset({"PROFILE", "AGENT", "TAPI", "CONNECT", "CRM", "ALLNET-VOIP", "FMC-5"})
EDGES = (1, 2, 3, 10, 11, 24, 25, 26, 99, 100, 101)
ORDERED = {
    "plusnet": (*CHANNELS, *SEATS, *TRUNK_FLATS, *SEAT_FLATS, *PACKAGES, "UNIFIED-MESSAGING",
                "KOMBI", "INTERNET", "SITE", "PORT-IN", "TENGO-SERVICE", "TENGO-DEVICE"),
    "tgnet": ("ACCOUNT", "ACCOUNT", "ACCOUNT-TRUNK", "PLUS", "PLUS", "IP-RESTRICTION",
              "CALL-MANAGER-TEXTS", "FLAT.DE", "FREE-120", "HOME", "NUMBER-LOCAL",
              "PORT-IN-LOCAL", "BLOCK-10", "BLOCK-OTHER", "PORT-IN-032"),
    "enreach": ("PROFILE", *["NUMBER"] * 6, "NUMBER-WHATSAPP", "DIALOX-1", "DIALOX-2",
                "DIALOX-4", "AGENT", "ALLNET-VOIP", "FMC-25-PLUS", "TEAMS-APP", "COMPANY-FLAT"),
    "zaluma": ("MEMBER", "MEMBER", "SMS", "WHATSAPP", "FAX", "NUMBER", "BLOCK-100",
               "BLOCK-RESIZE", "ANNOUNCEMENT", "TIME-CONTROL", "QUEUE-LIGHT", "IVR-LIGHT"),
}  # fmt: skip
FACTS = (
    "active_contract", "centraflex_contract", "active_internet_contract", "business",
    "wireless_home",
)  # fmt: skip
LISTS = ("plusnet-example-a", "plusnet-example-b")
HOME_ITEMS = ("ACCOUNT", "NUMBER-LOCAL", "NUMBER-032", "PORT-IN-LOCAL", "FLAT.DE")


def fees(random: Random) -> Json:
    provider = random.choice(sorted(PLANS))
    month = random.choice(MONTHS[provider])
    items = sorted({row["item"] for row in rows(provider, "fees.csv")} - {"COMPANY-FLAT"})
    grants: list[Json] = []
    if provider == "tgnet" and random.random() < 0.3:
        grants.append({"id": "PRO", "percent": random.choice(("0.1", "0.125", "1/3"))})
    if provider == "tgnet" and random.random() < 0.5:
        grants.append({"id": "HOME", **random.choice(({}, {}, {"units": 1}, {"units": 2}))})
        items = random.choice((list(HOME_ITEMS), list(HOME_ITEMS[:2]), items))
    if provider == "plusnet" and random.random() < 0.5:
        grants.append({"id": "KOMBI"})
    if provider == "enreach" and random.random() < 0.6:
        items = ["PROFILE", "PROFILE", "ALLNET-VOIP"]
    bookings = [booking(random, provider, month, items) for _ in range(random.randint(1, 6))]
    question = {"provider": provider, "kind": "fees", "month": month, "bookings": bookings}
    return {**question, "grants": grants} if grants else question


def booking(random: Random, provider: str, month: str, items: list[str]) -> Json:
    first = date.fromisoformat(f"{month}-01")
    begins = first + timedelta(days=random.choice((-40, -1, 0, 0, 1, 9, 19, 27, 31)))
    found: Json = {"item": random.choice(items), "from": begins.isoformat()}
    if found["item"] in PROFILED and provider == "enreach":
        found["plan"] = random.choice(PLANS[provider][:3] * 3 + PLANS[provider])
    elif provider == "enreach" and random.random() < 0.5:
        found["plan"] = random.choice(PLANS[provider])
    if random.random() < 0.6:
        found["count"] = random.choice(EDGES)
    if random.random() < 0.3:
        ends = begins + timedelta(days=random.choice((0, 1, 10, 31, 62)))
        found["to"] = ends.isoformat()
    if random.random() < 0.3:
        found["account"] = random.choice(("a", "b"))
    return found


def usage(random: Random) -> Json:
    provider = random.choice(("tgnet", "enreach", "zaluma"))
    kinds = {"message": "message", "megabyte": "data", "minute": "minutes"}
    row = random.choice([one for one in rows(provider, "usage.csv") if one["unit"] in kinds])
    kind = kinds[row["unit"]]
    day = f"{random.choice(MONTHS[provider])}-{random.choice(('01', '15', '28'))}"
    clock = random.choice(("00:00:00", "12:30:15", "23:59:59"))
    question: Json = {"provider": provider, "kind": kind, "item": row["item"]}
    question["at"] = f"{day}T{clock}{random.choice(('Z', '+02:00', '-05:00'))}"
    if random.random() < 0.8:
        question["plan"] = random.choice(PLANS[provider])
    quotas = orders(provider).get("quota", [])
    options = random.sample([one["option"] for one in quotas], min(2, len(quotas)))
    question["bookings"] = [
        {"item": one, "from": "2010-01-01", "count": random.choice((1, 1, 2))} for one in options
    ]
    amounts = {one["id"]: quota_size(one) for one in quotas}
    question["quota_used"] = {
        name: max(0, size * random.choice((1, 1, 2)) - random.choice((0, 1, 2, MEGABYTE)))
        for name, size in amounts.items()
    }
    if random.random() < 0.3:
        del question["quota_used"]
    if kind == "message":
        question["characters"] = random.choice((0, 1, 159, 160, 161, 320, 321, 1000, 1001))
        question["recipients"] = random.choice((1, 1, 3))
    elif kind == "data":
        question["bytes"] = random.choice((0, 1, 1023, 1024, 1025, MEGABYTE, MEGABYTE * 7 + 1))
    else:
        question["duration_s"] = random.choice(("0", "0.000001", "1", "59.4", "60", "61", "3600.5"))
    if row["item"] == "WHATSAPP" and random.random() < 0.7:
        question["kind"] = "reply"
        del question["recipients"]
        seconds = random.choice((0, 1, 86_399, 86_400, 90_000, -1))
        incoming = datetime.fromisoformat(question["at"]) - timedelta(seconds=seconds)
        question["last_incoming_at"] = incoming.isoformat().replace("+00:00", "Z")
    return question


def quota_size(quota: Json) -> int:
    return int(quota.get("pieces", quota.get("gigabytes", 0) * 1024 * MEGABYTE))


def conversation(random: Random) -> Json:
    start = datetime.fromisoformat("2026-03-27T10:00:00+01:00")
    contacts = []
    for _ in range(random.randint(1, 8)):
        at = start + timedelta(hours=random.choice((0, 12, 24, 48)), seconds=random.choice((-1, 0)))
        contacts.append({"caller": random.choice("ab"), "at": at.isoformat()})
    items = ("CONVERSATION-WHATSAPP", "CONVERSATION-CHAT", "CONVERSATION-DEFLECTOR")
    question: Json = {"provider": "enreach", "kind": "conversation"}
    return {**question, "item": random.choice(items), "contacts": contacts}


def work(random: Random) -> Json:
    provider = random.choice(("tgnet", "tgnet", "enreach"))
    timed = [one for one in rows(provider, "usage.csv") if one["unit"] in {"hour", "quarter_hour"}]
    days = ("2026-05-20", "2026-05-22", "2026-05-23", "2026-03-29", "2020-10-05")
    hours = random.choice(("06:55", "08:44", "08:45", "08:50", "16:44", "16:45", "16:59", "21:50"))
    item = random.choice(timed)["item"]
    day = "2026-05-20" if provider == "enreach" else random.choice(days)
    seconds = random.choice((0, 1, 60, 900, 901, 1800, 3600, 3601, 7200))
    question: Json = {"provider": provider, "kind": "work", "item": item}
    question["at"] = f"{day}T{hours}:00{random.choice(('+01:00', '+02:00', 'Z'))}"
    question["duration_s"] = str(seconds)
    if random.random() < 0.2:
        question["holidays"] = [{"day": "2026-05-20"}]
    return question


def order(random: Random) -> Json:
    provider = random.choice(("plusnet", "plusnet", "tgnet", "enreach", "zaluma"))
    items = ORDERED[provider]
    question: Json = {"provider": provider, "kind": "order", "on": "2026-05-20"}
    if random.random() < 0.05:
        question["on"] = random.choice(("2010-02-28", "2025-03-31", "2026-02-28", "2026-03-01"))
    case = random.choice(("new", "reorder", "reorder", "extension"))
    if case != "new":
        question["case"] = case
    question["lines"] = [line(random, provider, items) for _ in range(random.randint(1, 4))]
    if provider == "plusnet" and random.random() < 0.3:
        question["price_list"] = random.choice(LISTS)
    if random.random() < 0.8:
        held = [
            {**line(random, provider, items), "count": random.choice((1, 2, 9, 10))}
            for _ in range(random.randint(0, 3))
        ]
        contract: Json = {"lines": held}
        contract["facts"] = [one for one in FACTS if random.random() < 0.4]
        if random.random() < 0.5:
            contract["price_list"] = random.choice(LISTS)
        question["contract"] = contract
    return question


def line(random: Random, provider: str, items: tuple[str, ...]) -> Json:
    plan = random.choice(PLANS[provider])
    found = {"item": random.choice(items), "count": random.choice((1, 1, 2, 3, -1)), "plan": plan}
    if provider in {"tgnet", "zaluma"} and random.random() < 0.4:
        found["account"] = random.choice(("a", "b"))
    return found
