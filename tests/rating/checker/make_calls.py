"""Random calls: mostly near the edges where two readings of a tariff could differ."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.rating.checker.files import (
    Toml,
    area_code_lengths,
    country_codes,
    prefixes,
    providers,
    special_ranges,
    table,
    tariff,
)

BERLIN = ZoneInfo("Europe/Berlin")
TAX_CHANGES = (date(2020, 7, 1), date(2021, 1, 1))
CLOCK_CHANGES = (date(2026, 3, 29), date(2026, 10, 25))
NEAR_S = (-1, 0, 1)
DURATIONS = (
    "0", "0.000001", "0.4", "1", "1.000001", "5", "29.999999", "30", "30.000001", "31", "59",
    "59.4", "60", "60.000001", "61", "89", "90", "91", "119.5", "120", "121", "180.2", "3599",
    "3600", "3600.000001", "3661", "7199.99",
)  # fmt: skip
ODD_NUMBERS = (
    "", "0", "00", "+", "+4", "+49", "+490", "110", "112", "1100", "112#", "0112", "030112",
    "+49112", "010 33 112", "010012110", "01033030123456", "0310123", "115", "1155", "11833",
    "118000", "1180", "116117", "+49116117", "116", "0137", "01371123", "0800", "00800123",
    "0080012345678", "01888123456", "018012345", "032", "abc", "030123x", "99", "9112", "019",
    "0164123456", "0190123456", "+38312345678", "+999123456789", "+1", "+883512345678",
)  # fmt: skip
EXTERNAL_PRICES = ("0", "0.5", "1.99", "119/600", "2.50", "0.000001", "3/7")


def make_call(random: Random) -> dict[str, Any]:
    """Make the input of a rating vector."""
    provider = random.choice(providers())
    rules = tariff(provider)
    plan = random.choice(rules["plan"])
    at = instant(random, rules)
    day = at.astimezone(ZoneInfo(rules["time_zone"])).date()
    call: dict[str, Any] = {
        "provider": provider,
        "plan": plan["id"],
        "answered_at": with_some_offset(random, at),
        "duration_s": duration(random),
    }
    if random.random() < 0.3:
        begins = near_day(random, rules, day)
        has_begun = begins <= day or random.random() < 0.2
        call["contract_from"] = (begins if has_begun else day).isoformat()
    if random.random() < 0.15:
        call["price_list"] = random.choice(rules["price_list"])["id"]
    if random.random() < 0.7:
        call["options"] = options(random, rules, day)
    call |= place(random, rules)
    call |= callee(random)
    if call.get("callee") not in ("internal", "mailbox") or random.random() < 0.5:
        covered = covers(rules, call.get("options", []))
        if covered and random.random() < 0.4:
            call["dialled"] = by_selector(random, provider, random.choice(covered))
        else:
            call |= dialled(random, provider)
    if random.random() < 0.2:
        call["running_calls"] = random.choice((0, 1, 2, 3))
    call["allowance_used"] = allowance_used(random, rules, call.get("options", []))
    service = call.get("dialled", "").startswith(("0900", "118"))
    if random.random() < (0.6 if service or "visited" in call else 0.05):
        chosen = [random.choice(EXTERNAL_PRICES) for _ in range(2)]
        call["external_price"] = {"per_minute": chosen[0], "per_call": chosen[1]}
    return call


def instant(random: Random, rules: Toml) -> datetime:
    """Choose an instant of the time of a list, often at the edge of a day that matters."""
    price_list = random.choice(rules["price_list"])
    first, last = price_list["valid_from"], price_list.get("valid_to") or date(2027, 12, 31)
    edges = (first, last, *TAX_CHANGES, *CLOCK_CHANGES)
    chance = random.random()
    if chance < 0.2:
        midnight = datetime.combine(random.choice(edges), datetime.min.time(), BERLIN)
    elif chance < 0.4:
        year, month = random.randrange(max(first.year, 2019), last.year + 1), random.randint(1, 12)
        midnight = datetime(year, month, 1, tzinfo=BERLIN)
    else:
        days = random.randrange((last - first).days)
        midnight = datetime.combine(first + timedelta(days), datetime.min.time(), BERLIN)
        return midnight.astimezone(UTC) + timedelta(seconds=random.randrange(86_400))
    return midnight.astimezone(UTC) + timedelta(seconds=random.choice((*NEAR_S, 3600, 7200)))


def with_some_offset(random: Random, at: datetime) -> str:
    zone = random.choice((UTC, BERLIN, timezone(timedelta(hours=-5)), timezone(timedelta(hours=9))))
    text = at.astimezone(zone).isoformat()
    return text.replace("+00:00", "Z") if random.random() < 0.5 else text


def duration(random: Random) -> str:
    if random.random() < 0.7:
        return random.choice(DURATIONS)
    return f"{random.randrange(9000)}.{random.randrange(10**6):06d}"


def near_day(random: Random, rules: Toml, day: date) -> date:
    """Choose a day that is near, the first of a month, or the edge of a list."""
    edges: list[date] = [one["valid_from"] for one in rules["price_list"]]
    edges += [one["valid_to"] for one in rules["price_list"] if "valid_to" in one]
    choice = random.random()
    if choice < 0.4:
        return day + timedelta(random.randint(-2, 1))
    if choice < 0.7:
        first = random.choice((day, day.replace(day=28) + timedelta(4))).replace(day=1)
        return first + timedelta(random.randint(-1, 1))
    if choice < 0.8:
        return day + timedelta(random.randint(-40, 40))
    return max(date(2000, 1, 2), random.choice(edges) + timedelta(random.randint(-1, 1)))


def options(random: Random, rules: Toml, day: date) -> list[dict[str, Any]]:
    found = []
    known = rules.get("option", [])
    for option in random.sample(known, min(len(known), random.choice((1, 1, 1, 2, 3)))):
        booking: dict[str, Any] = {"id": option["id"]}
        begins = day - timedelta(random.randrange(400))
        booking["from"] = begins.isoformat()
        if random.random() < 0.4:
            booking["from"] = near_day(random, rules, day).isoformat()
        if random.random() < 0.3:
            booking["to"] = near_day(random, rules, day).isoformat()
        if random.random() < 0.4:
            booking["ordered_on"] = near_day(random, rules, day).isoformat()
        if random.random() < 0.4:
            booking["count"] = random.randint(1, 3)
        found.append(booking)
    return found


def place(random: Random, rules: Toml) -> dict[str, str]:
    """Choose from where the call is made."""
    has_tables_abroad = any("roaming" in one["origins"] for one in rules.get("table", []))
    abroad = 0.35 if has_tables_abroad else 0.03
    chance = random.random()
    if chance < abroad:
        origin = random.choice(("roaming", "roaming", "roaming_incoming"))
        return {"origin": origin, "visited": random.choice(visited(str(rules["provider"])))}
    if chance < abroad + 0.25:
        return {"origin": "mobile"}
    return {} if chance < 0.7 else {"origin": "voip"}


@cache
def visited(provider: str) -> tuple[str, ...]:
    """List countries, those that the tariff names more often."""
    rules = tariff(provider)
    files = {file for one in rules["price_list"] for file in one.get("zones", [])}
    named = [
        name for file in files for row in table(provider, file) for name in row["match"].split()
    ]
    everywhere = sorted({entry.region for entry in prefixes().values()})
    return (*(name for name in sorted(named) if len(name) == 2), *everywhere, "001", "001")


def callee(random: Random) -> dict[str, str]:
    chance = random.random()
    if chance < 0.15:
        return {"callee": random.choice(("own_network", "own_network", "internal", "mailbox"))}
    return {}


def dialled(random: Random, provider: str) -> dict[str, str]:
    """Choose a number: by a row of the lists, a prefix of the table, or an odd one."""
    found: dict[str, str] = {}
    chance = random.random()
    if random.random() < 0.02:
        found["country_code"] = random.choice(("43", "1", "423"))
    if chance < 0.05:
        found["dialled"] = random.choice(ODD_NUMBERS) or "0"
    elif chance < 0.55:
        found["dialled"] = by_selector(random, provider, random.choice(selectors(provider)))
    elif chance < 0.65:
        found["dialled"] = of_service(random, random.choice(services()))
    elif chance < 0.72:
        found["area_code"] = random.choice(("30", "89", "33203", "2041"))
        found["dialled"] = f"{random.randint(2, 9)}{digits(random, random.randint(1, 7))}"
    elif chance < 0.8:
        area = random.choice(areas())
        found["dialled"] = f"0{area}{digits(random, random.randint(3, 8))}"
    else:
        found["dialled"] = of_the_world(random, random.choice(ranges()))
    return found


def by_selector(random: Random, provider: str, selector: str) -> str:
    """Make up a number that a selector of a price row names."""
    if selector.isdigit():
        return of_service(random, selector)
    if selector == "service":
        return of_service(random, random.choice(services()))
    name, _, line = selector.partition("/")
    if name.startswith("@"):
        name = random.choice(zone_members(provider, name.removeprefix("@")))
    return of_the_world(random, random.choice(prefixes_of(name, line)))


def of_service(random: Random, prefix: str) -> str:
    """Make up a number of about as many digits as its German range has."""
    beginnings = (prefix[:length] for length in range(len(prefix), 0, -1))
    row = next((special_ranges()[one] for one in beginnings if one in special_ranges()), None)
    length = 9 if row is None else int(row["digits_min"]) + random.choice((-1, 0, 0, 0, 1))
    return prefix + digits(random, max(0, length - len(prefix)))


def of_the_world(random: Random, prefix: str) -> str:
    code = next((prefix[:end] for end in (1, 2, 3) if prefix[:end] in country_codes()), "")
    needed = 12 if prefix.startswith("49") else len(code) + country_codes().get(code, 8)
    length = needed + random.choice((0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, -1))
    number = prefix + digits(random, max(1, min(length, 15) - len(prefix)))
    if prefix.startswith("49") and random.random() < 0.6:
        return f"0{number[2:]}"
    sign = random.choice(("+", "+", "00", "00 ", "+(0)" if random.random() < 0.05 else "+"))
    if random.random() < 0.1:
        place = random.randrange(len(number))
        number = f"{number[:place]}{random.choice(' -/.()')}{number[place:]}"
    return sign + number + ("#" if random.random() < 0.03 else "")


def digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def allowance_used(random: Random, rules: Toml, booked: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Leave nothing, a little or much of each allowance."""
    found = {}
    units = {booking["id"]: booking.get("count", 1) for booking in booked}
    for option in rules.get("option", []):
        if option["kind"] == "allowance" and random.random() < 0.8:
            all_s = option["included_minutes"] * 60 * units.get(option["id"], 1)
            left_s = random.choice((-5, 0, 1, 29, 30, 59, 60, 61, 90, 3600, all_s))
            found[option["id"]] = max(0, all_s - left_s)
    return found


@cache
def selectors(provider: str) -> tuple[str, ...]:
    """List the selectors of all rows; zones stand for each of their members."""
    rules = tariff(provider)
    found: list[str] = []
    for price_list in rules["price_list"]:
        for file in price_list["tables"]:
            found += (name for row in table(provider, file) for name in row["match"].split())
        for file in price_list.get("zones", []):
            found += (name for row in table(provider, file) for name in row["match"].split())
    plain = [name for name in found if not name.startswith("@")]
    # German lines are one row among hundreds and most of all calls.
    return (*plain, *["DE/fixed", "DE/mobile"] * (1 + len(plain) // 20))


def covers(rules: Toml, booked: Sequence[dict[str, Any]]) -> list[str]:
    """List what the booked options pay for."""
    ids = {booking["id"] for booking in booked}
    chosen = [option for option in rules.get("option", []) if option["id"] in ids]
    return [selector for option in chosen for selector in option.get("covers", [])]


@cache
def zone_members(provider: str, zone: str) -> tuple[str, ...]:
    """List the members of a zone, or of any if it is the rest."""
    files = {file for one in tariff(provider)["price_list"] for file in one.get("zones", [])}
    rows = [row for file in sorted(files) for row in table(provider, file)]
    own = [name for row in rows if row["zone"] == zone for name in row["match"].split()]
    return tuple(own or [name for row in rows for name in row["match"].split()])


@cache
def prefixes_of(name: str, line: str) -> tuple[str, ...]:
    """List the prefixes of a region or breakout, those with a kind of line if there are any."""
    found = sorted(
        (prefix, entry.line_type)
        for prefix, entry in prefixes().items()
        if name in (entry.region, entry.breakout) and entry.line_type != "unassigned"
    )
    of_line = [prefix for prefix, line_type in found if line_type == line]
    return tuple(of_line or [prefix for prefix, _ in found] or ["4930"])


@cache
def ranges() -> tuple[str, ...]:
    """List all prefixes; of those that nobody has, one in ten."""
    found = sorted(prefixes().items())
    unused = [prefix for prefix, entry in found if entry.line_type == "unassigned"]
    used = [prefix for prefix, entry in found if entry.line_type != "unassigned"]
    return (*used, *unused[::10])


@cache
def services() -> tuple[str, ...]:
    return tuple(sorted(special_ranges()))


@cache
def areas() -> tuple[str, ...]:
    return tuple(sorted(area_code_lengths()))
