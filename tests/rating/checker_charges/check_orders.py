"""What the documents allow to be ordered, written out by hand for each provider."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.rating.checker_charges.order_lists import not_orderable

Json = dict[str, Any]
Found = list[tuple[str, list[str], int]]
TRUNK_FLATS = ("TRUNK-FLAT-FIXED", "TRUNK-FLAT-MOBILE", "TRUNK-FLAT-EU")
SEAT_FLATS = ("SEAT-FLAT-FIXED", "SEAT-FLAT-DE", "SEAT-FLAT-EU")
CHANNELS = ("CHANNEL", "CHANNEL-SRTP", "CHANNEL-TEAM")
SEATS = ("SEAT-STANDARD", "SEAT-BASIC")
PACKAGES = ("PACK-FIXED-1000", "PACK-MOBILE-100", "PACK-EU-500")


def check_order(question: Json) -> Json:
    """Answer an order of any provider."""
    lines = [dict(line) for line in question["lines"]]
    held = question.get("contract", {}).get("lines", [])
    kept = [] if question.get("case") == "extension" else held
    added = follow(lines, kept, held) if question["provider"] == "plusnet" else []
    lines += added
    found = not_orderable(question, lines, count(kept, lines))
    match question["provider"]:
        case "plusnet":
            found += trunk_rules(question, lines, kept, held)
            found += seat_rules(question, lines, kept, held)
            found += other_rules(question, lines, kept, held)
        case "tgnet":
            found += tgnet_rules(question, lines, kept)
        case "enreach":
            found += enreach_rules(lines, kept)
        case "zaluma":
            found += zaluma_rules(question, lines, kept)
    return {
        "allowed": not found,
        "added": added,
        "violations": [
            {"rule": rule, "items": sorted(items), "line": line} for rule, items, line in found
        ],
    }


def follow(lines: list[Json], kept: list[Json], held: list[Json]) -> list[Json]:
    """Add the flats that follow channels and seats."""
    added: list[Json] = []
    for flats, partners in ((TRUNK_FLATS, CHANNELS), (SEAT_FLATS, SEATS)):
        after = count(kept, lines)
        wanted = sum(after[one] for one in partners)
        for flat in sorted(flats):
            if 0 < after[flat] < wanted:
                plan = next(one.get("plan") for one in [*lines, *held] if one["item"] == flat)
                added.append({"item": flat, "count": wanted - after[flat], "plan": plan})
    return added


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
    held_kombi = any(one["item"] == "KOMBI" for one in held)
    kombi_lines = [one for one in lines if one["item"] == "KOMBI"]
    late = ["KOMBI" for one in kombi_lines if not held_kombi or one.get("count", 1) < 0]
    found.append(("kombi-at-first", late if case != "new" else [], 158))
    trunk = any(after[one] > 0 for one in CHANNELS)
    messaging = in_cart(lines, ("UNIFIED-MESSAGING",))
    found.append(("messaging-needs-trunk", [] if trunk else messaging, 137))
    any_contract = trunk or any(after[one] > 0 for one in SEATS)
    sites = in_cart(lines, ("SITE", "PORT-IN"))
    found.append(("sites-need-contract", [] if any_contract else sites, 27))
    return [one for one in found if one[1]]


SINGLES = ("NUMBER-LOCAL", "NUMBER-032", "PORT-IN-LOCAL")
BLOCKS = {"BLOCK-10": 10, "BLOCK-30": 30, "BLOCK-50": 50, "BLOCK-100": 100}
ONCE_EACH = (
    ("plus-for-account", "PLUS", 357),
    ("ip-restriction-for-account", "IP-RESTRICTION", 70),
    ("call-manager-for-account", "CALL-MANAGER-TEXTS", 67),
)


def tgnet_rules(question: Json, lines: list[Json], kept: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    on_trunk = [
        one["item"]
        for one in lines
        if one["item"] in {"FLAT.DE", "FREE-120"}
        and one.get("count", 1) > 0
        and one.get("plan") != "account"
    ]
    found.append(("flat-not-on-trunk", on_trunk, 329))
    lines_needed = sum(after[one] for one in SINGLES)
    lines_needed += sum(size * after[one] for one, size in BLOCKS.items())
    if lines_needed > after["ACCOUNT"] and after["ACCOUNT-TRUNK"] <= 0:
        named = in_cart(lines, ("ACCOUNT", *SINGLES, *BLOCKS))
        found.append(("account-for-each-number", named, 7))
    free = in_cart(lines, ("FREE-120",))
    has_home = after["HOME"] > 0 or "wireless_home" in question.get("contract", {}).get("facts", [])
    found.append(("free-minutes-with-home", [] if has_home else free, 345))
    found.append(("free-minutes-three-accounts", free if after["FREE-120"] > 3 else [], 345))
    for rule, item, line in ONCE_EACH:
        for account in dict.fromkeys(one.get("account") for one in lines):
            own = [one for one in lines if one.get("account") == account]
            had = [one for one in kept if one.get("account") == account]
            of_account = count(had, own)
            if of_account[item] > of_account["ACCOUNT"] + of_account["ACCOUNT-TRUNK"]:
                found.append((rule, in_cart(own, ("ACCOUNT", "ACCOUNT-TRUNK", item)), line))
    return [one for one in found if one[1]]


def enreach_rules(lines: list[Json], kept: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    if after["NUMBER"] > 10:
        found.append(("single-numbers-max", in_cart(lines, ("NUMBER",)), 171))
    if not any(after[f"DIALOX-{level}"] > 0 for level in (2, 3, 4)):
        found.append(("whatsapp-number-with-dialox", in_cart(lines, ("NUMBER-WHATSAPP",)), 175))
    return [one for one in found if one[1]]


def zaluma_rules(question: Json, lines: list[Json], kept: list[Json]) -> Found:
    after = count(kept, lines)
    found: Found = []
    if "business" not in question.get("contract", {}).get("facts", []):
        found.append(("businesses-only", in_cart(lines, ("MEMBER",)), 12))
    for account in dict.fromkeys(one.get("account") for one in lines):
        own = count(
            [one for one in kept if one.get("account") == account],
            [one for one in lines if one.get("account") == account],
        )
        if own["SMS"] > 0 and own["WHATSAPP"] > 0:
            found.append(("whatsapp-includes-sms", ["SMS"], 228))
    if after["NUMBER"] <= 0 and after["BLOCK-100"] <= 0:
        found.append(("fax-needs-number", in_cart(lines, ("FAX",)), 230))
    if after["QUEUE-LIGHT"] <= 0 and after["IVR-LIGHT"] <= 0:
        timed = in_cart(lines, ("ANNOUNCEMENT", "TIME-CONTROL"))
        found.append(("announcement-needs-queue-or-ivr", timed, 123))
    return [one for one in found if one[1]]
