"""What the documents allow to be ordered, written out by hand for each provider."""

from __future__ import annotations

from collections import Counter
from typing import Any

Json = dict[str, Any]
Found = list[tuple[str, list[str], int]]
TRUNK_FLATS = ("TRUNK-FLAT-FIXED", "TRUNK-FLAT-MOBILE", "TRUNK-FLAT-EU")
SEAT_FLATS = ("SEAT-FLAT-FIXED", "SEAT-FLAT-DE", "SEAT-FLAT-EU")
CHANNELS = ("CHANNEL", "CHANNEL-SRTP", "CHANNEL-TEAM")
SEATS = ("SEAT-STANDARD", "SEAT-BASIC")
PACKAGES = ("PACK-FIXED-1000", "PACK-MOBILE-100", "PACK-EU-500")


def check_order(question: Json) -> Json:
    """Answer an order of Plusnet."""
    lines = [dict(line) for line in question["lines"]]
    contract = question.get("contract", {})
    held = contract.get("lines", [])
    case = question.get("case", "new")
    kept = [] if case == "extension" else held
    added: list[Json] = []
    for flats, partners in ((TRUNK_FLATS, CHANNELS), (SEAT_FLATS, SEATS)):
        after = count(kept, lines)
        wanted = sum(after[one] for one in partners)
        for flat in sorted(flats):
            if 0 < after[flat] < wanted:
                plan = next(one.get("plan") for one in [*lines, *held] if one["item"] == flat)
                added.append({"item": flat, "count": wanted - after[flat], "plan": plan})
    lines += added
    found = trunk_rules(question, lines, kept, held)
    found += seat_rules(question, lines, kept, held)
    found += other_rules(question, lines, kept, held)
    return {
        "allowed": not found,
        "added": added,
        "violations": [
            {"rule": rule, "items": sorted(items), "line": line} for rule, items, line in found
        ],
    }


def count(kept: list[Json], lines: list[Json]) -> Counter[str]:
    after: Counter[str] = Counter()
    for one in [*kept, *lines]:
        after[one["item"]] += one.get("count", 1)
    return after


def in_cart(lines: list[Json], items: tuple[str, ...]) -> list[str]:
    return [
        one
        for one in items
        if any(line["item"] == one and line.get("count", 1) > 0 for line in lines)
    ]


def new_in_term(
    question: Json, lines: list[Json], held: list[Json], items: tuple[str, ...]
) -> list[str]:
    if question.get("case") != "reorder":
        return []
    known = {one["item"] for one in held}
    return [
        one["item"]
        for one in lines
        if one["item"] in items and (one["item"] not in known or one.get("count", 1) < 0)
    ]


def trunk_rules(question: Json, lines: list[Json], kept: list[Json], held: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    channels = sum(after[one] for one in CHANNELS)
    uneven = [one for one in TRUNK_FLATS if after[one] > 0 and after[one] != channels]
    found.append(("trunk-flats-as-channels", uneven, 279))
    lonely = in_cart(lines, TRUNK_FLATS[1:]) if after["TRUNK-FLAT-FIXED"] <= 0 else []
    found.append(("national-flat-mandatory", lonely, 280))
    changed = new_in_term(question, lines, held, TRUNK_FLATS)
    found.append(("trunk-flats-fixed-in-term", changed, 282))
    plain = ("CHANNEL", "CHANNEL-SRTP")
    found.append(("encryption-fixed-in-term", new_in_term(question, lines, held, plain), 186))
    for rule, items, plan in (
        ("trunk-channel", plain, "sip-trunk"),
        ("team-channel", ("CHANNEL-TEAM",), "extended-team"),
    ):
        wrong = [
            one["item"]
            for one in lines
            if one["item"] in items and one.get("count", 1) > 0 and one.get("plan") != plan
        ]
        found.append((rule, wrong, 330))
    sites, trunks = in_cart(lines, ("SITE", "PORT-IN")), in_cart(lines, CHANNELS)
    together = sites + trunks if sites and trunks and question.get("case", "new") == "new" else []
    found.append(("sites-apart-from-trunk", together, 17))
    return [one for one in found if one[1]]


def seat_rules(question: Json, lines: list[Json], kept: list[Json], held: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    facts = question.get("contract", {}).get("facts", [])
    case = question.get("case", "new")
    seats = sum(after[one] for one in SEATS)
    uneven = [one for one in SEAT_FLATS if after[one] > 0 and after[one] != seats]
    found.append(("seat-flats-as-seats", uneven, 268))
    present = [one for one in SEAT_FLATS if after[one] > 0]
    mixed = present if len(present) > 1 and in_cart(lines, SEAT_FLATS) else []
    found.append(("seat-flat-one-of-three", mixed, 269))
    changed = new_in_term(question, lines, held, SEAT_FLATS)
    found.append(("seat-flats-fixed-in-term", changed, 271))
    second = in_cart(lines, SEATS) if case == "new" and "centraflex_contract" in facts else []
    found.append(("one-centraflex-contract", second, 318))
    dead = case == "reorder" and "active_contract" not in facts
    ordered = in_cart(lines, (*SEATS, "TENGO-SERVICE"))
    found.append(("reorder-needs-active-contract", ordered if dead else [], 321))
    alone = not any(after[one] > 0 for one in SEATS)
    found.append(("services-need-seats", in_cart(lines, ("TENGO-SERVICE",)) if alone else [], 308))
    devices = in_cart(lines, ("TENGO-DEVICE", "TENGO-CONSULTING"))
    found.append(("devices-are-new-orders", devices if case != "new" else [], 317))
    return [one for one in found if one[1]]


def other_rules(question: Json, lines: list[Json], kept: list[Json], held: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    contract = question.get("contract", {})
    case = question.get("case", "new")
    found.append(("package-in-contract", new_in_term(question, lines, held, PACKAGES), 291))
    picked = question.get("price_list")
    other = picked is not None and picked != contract.get("price_list")
    moved = [picked] if case == "reorder" and other else []
    found.append(("price-list-fixed-in-term", [str(one) for one in moved], 168))
    kombi = in_cart(lines, ("KOMBI",))
    internet = after["INTERNET"] > 0 or "active_internet_contract" in contract.get("facts", [])
    found.append(("kombi-needs-internet", [] if internet else kombi, 300))
    found.append(("kombi-at-first", kombi if case != "new" else [], 158))
    return [one for one in found if one[1]]
