"""Every printed price and every printed country of Enreach Contact against what is loaded.

``printed_enreach_2026.txt`` holds the tables and zone lists of the document as they are printed,
with their line numbers; it is read here in another way than the loader reads its files.
``enreach_zone_numbers.csv`` has numbers of each printed country.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from rating.engine import Quote, QuoteParams, quote
from rating.numbering import LineType, NumberRange, NumberRefused
from rating.pricing import (
    BookedPlan,
    CallOrigin,
    OriginKind,
    PriceList,
    Rate,
    RateStatus,
    Subscription,
)
from tests.rating.shipped import BERLIN, CONFIG, NOW, numbering, tariffs

HERE = Path(__file__).parent
FOLDER = CONFIG / "tariffs/enreach"
FIXED, MOBILE = LineType.FIXED, LineType.MOBILE
CALL_ZONES = {249: "zone-1", 251: "zone-2", 253: "zone-3"}
ROAMING_ZONES = {332: "roaming-eu", 333: "roaming-eu", 335: "roaming-europe"}
ZONE_ROWS = {249: (192, 193), 251: (194, 195), 253: (196, 197)}
"""Where the prices of a list of countries are printed: fixed, mobile."""
TWICE = {"Israel", "Serbien"}
REST = """
    AC AF AG AI AS BJ BN BT BW CI CK CU CV EG FK FM GD GU IO KM KN KP KY LC MP MQ MS NF NU PF PM PW
    RE SB SH SR SS ST TA TC TD TL TO TV VC VI VU WF WS YT ZM
"""
"""Regions that no list of calls names, by hand: "alle übrigen Länder"."""
MEMBER_STATES = """
    AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
"""


def price_list() -> PriceList:
    (found,) = tariffs().plan("enreach").price_lists
    return found


def printed() -> dict[int, list[str]]:
    lines = {}
    for text in (HERE / "printed_enreach_2026.txt").read_text().splitlines():
        number, _, row = text.partition(": ")
        lines[int(number)] = [cell.strip() for cell in row.split(" |")]
    return lines


def amount(cell: str) -> Fraction | None:
    """Read a price with its German comma; the sign is that of the euro even where cents are."""
    match = re.fullmatch(r"([0-9]+,[0-9]+)€", cell)
    return Fraction(Decimal(match[1].replace(",", "."))) if match else None


LINES = printed()
LINES_WITH_A_PRICE = {
    184,
    185,
    *range(191, 201),
    *range(262, 281),
    302,
    303,
    304,
    311,
    312,
    315,
    316,
}
RULES_AS_ROWS = {225, 309}
"""Printed as sentences: the USA and Canada, and partner prices."""


def rates_of(line: int) -> dict[tuple[str, LineType], Rate]:
    return {
        (rate.column, rate.line_type): rate
        for rate in price_list().rates
        if rate.source.line == line
    }


def quoted(
    dialled: str, *, plan: str = "starter", origin: OriginKind = OriginKind.VOIP, visited: str = ""
) -> Quote:
    number = numbering().plan.normalize(dialled, BERLIN)
    assert not isinstance(number, NumberRefused), dialled
    found = quote(
        QuoteParams(
            tariffs=tariffs(),
            subscription=Subscription((BookedPlan("enreach", plan, date(2026, 3, 1)),)),
            number=number,
            prefix_table=numbering().prefix_table,
            at=NOW,
            origin=CallOrigin(origin, visited or None),
        )
    )
    assert isinstance(found, Quote), (dialled, found)
    return found


def range_of(dialled: str) -> NumberRange:
    found = numbering().prefix_table.lookup(re.sub(r"\D", "", dialled))
    assert found is not None
    return found


def test_every_printed_price_line_is_loaded_and_no_other() -> None:
    assert {rate.source.line for rate in price_list().rates} == LINES_WITH_A_PRICE | RULES_AS_ROWS
    assert set(LINES) > LINES_WITH_A_PRICE
    assert {rate.source.document for rate in price_list().rates} == {"Enreach Contact 03/2026"}


def test_validity_and_basis() -> None:
    assert LINES[39] == ["STAND 03/2026"]
    terms = price_list().terms
    assert (terms.valid_from, terms.valid_to) == (date(2026, 3, 1), None)
    assert terms.basis.value == "net"


@pytest.mark.parametrize(("line", "cell"), [(184, FIXED), (185, MOBILE), (191, FIXED)])
def test_prices_by_profile(line: int, cell: LineType) -> None:
    label, _, expert, professional, advanced, starter = LINES[line]
    rates = rates_of(line)
    assert set(rates) == {("standard", cell), ("business", cell)}
    assert {rate.destination for rate in rates.values()} == {label}
    # Blank cells of Expert and Professional belong to the 0,00 of the rows above (R-EN-MERGED).
    assert amount(advanced) == amount(starter) == rates["standard", cell].price_per_minute
    assert (amount(expert) or 0) == rates["business", cell].price_per_minute
    assert expert == professional
    increments = "60/1" if line == 191 else "1/1"
    assert increments in LINES[189 if line == 191 else 181][0]
    assert {str(rate.increments) for rate in rates.values()} == {increments}


def test_internal_calls_are_printed_as_free() -> None:
    cells = [amount(cell) for line in (182, 183) for cell in LINES[line][2:]]
    assert cells == [None, None, 0, 0, 0, 0, None, None]
    internal = tariffs().plan("enreach").internal
    assert internal is not None
    assert internal.source.line == 182


@pytest.mark.parametrize("line", range(192, 201))
def test_international_prices(line: int) -> None:
    name, kind, price = LINES[line][0] or LINES[line - 1][0], *LINES[line][1:3]
    cell = MOBILE if kind.startswith("• Mobilfunknetze") else FIXED
    (rate,) = rates_of(line).values()
    assert (rate.column, rate.line_type) == ("standard", cell)
    assert rate.price_per_minute == amount(price)
    assert rate.destination == f"{name} {kind.strip('• ²³')}".strip()
    assert str(rate.increments) == "60/1"
    if line < 200:
        zone = re.search(r"International ([1-4])", name)
        assert zone is not None
        assert rate.match == (f"@zone-{zone[1]}/{cell}",)


def test_usa_and_canada_cost_the_fixed_price_of_their_zone() -> None:
    assert {rate.price_per_minute for rate in rates_of(225).values()} == {amount(LINES[192][2])}
    assert set(rates_of(225)) == {("standard", FIXED), ("standard", MOBILE)}


@pytest.mark.parametrize("line", range(262, 281))
def test_special_numbers(line: int) -> None:
    _, numbers, *cells = LINES[line]
    columns = ("standard", "sim")
    rates = rates_of(line)
    selectors = {selector for rate in rates.values() for selector in rate.match}
    assert selectors == set(spelled_out(numbers))
    assert set(rates) == {(column, FIXED) for column in columns}
    for column, (per_call, per_minute) in zip(columns, (cells[:2], cells[2:]), strict=True):
        rate = rates[column, FIXED]
        priced = amount(per_call) is not None or amount(per_minute) is not None
        assert priced or per_call in ("kostenlos", "wird vom Diensteanbieter festgelegt", "")
        assert rate.setup_fee == (amount(per_call) or 0) / 100
        assert rate.price_per_minute == (amount(per_minute) or 0) / 100
        assert rate.free_first_s == (30 if numbers.endswith("**") else 0)
        assert str(rate.increments) == "1/1"
        expected = RateStatus.PRICED
        if cells[0].startswith("wird vom"):
            expected = RateStatus.EXTERNAL
        elif not any(cells):
            expected = RateStatus.UNPRICED
        assert rate.status is expected


def spelled_out(numbers: str) -> Iterator[str]:
    """Give the prefixes of a cell such as ``01372-01374, 0138``; 0118 is 118xy (R-EN-0118)."""
    for part in numbers.rstrip("*").split(", "):
        first, _, last = part.partition("-")
        for number in range(int(first), int(last or first) + 1):
            zeros = len(first) - len(first.lstrip("0"))
            yield "0" * zeros + str(number) if part != "0118" else "118"


@pytest.mark.parametrize(
    ("line", "cell", "origin", "zone", "increments"),
    [
        (302, FIXED, OriginKind.ROAMING_INCOMING, "@roaming-eu", "1/1"),
        (303, FIXED, OriginKind.ROAMING_INCOMING, "@roaming-europe", "60/60"),
        (304, FIXED, OriginKind.ROAMING_INCOMING, "@roaming-world", "60/60"),
        (311, FIXED, OriginKind.ROAMING, "@roaming-eu/fixed", "1/1"),
        (312, MOBILE, OriginKind.ROAMING, "@roaming-eu/mobile", "1/1"),
        (315, FIXED, OriginKind.ROAMING, "@roaming-europe", "60/60"),
        (316, FIXED, OriginKind.ROAMING, "@roaming-world", "60/60"),
    ],
)
def test_roaming_prices(
    line: int, cell: LineType, origin: OriginKind, zone: str, increments: str
) -> None:
    label, price = LINES[line]
    rate = rates_of(line)["standard", cell]
    assert rate.price_per_minute == amount(price)
    assert rate.destination == label
    assert rate.match == (zone,)
    assert rate.origins == frozenset({origin})
    assert str(rate.increments) == increments
    assert {one.price_per_minute for one in rates_of(line).values()} == {amount(price)}


def test_partner_prices_are_told_and_marked_up() -> None:
    rates = rates_of(309).values()
    assert {(rate.status, rate.factor) for rate in rates} == {(RateStatus.EXTERNAL, Fraction(5, 4))}
    factors = {line: {rate.factor for rate in rates_of(line).values()} for line in (302, 303, 304)}
    assert factors == {302: {None}, 303: {Fraction(5, 4)}, 304: {Fraction(5, 4)}}


def test_surcharge_of_the_sim() -> None:
    (surcharge,) = tariffs().plan("enreach").surcharges
    assert surcharge.per_minute == amount(LINES[204][1])
    assert surcharge.source.line == 204
    assert surcharge.part.label == "Mehrpreis aus dem nationalen Mobilfunknetz"
    assert "FMC" in LINES[205][1]
    assert surcharge.dropped_by == {
        name for name in tariffs().plan("enreach").options if "FMC" in name
    }


# Zones


class Member(NamedTuple):
    line: int
    name: str
    match: tuple[str, ...]


def members(file: str) -> Iterator[Member]:
    with (FOLDER / file).open() as rows:
        for row in csv.DictReader(rows):
            if row["zone"] != "eu":
                yield Member(int(row["line"]), row["member"], tuple(row["match"].split()))


def names_printed(line: int) -> list[str]:
    text = " | ".join(LINES[line]).rstrip(".")
    if line == 333:
        text = text.removeprefix("Zusätzlich sind ").removesuffix(" in der EU-Länderzone enthalten")
        return re.split(r", | und ", text)
    return re.split(r", (?![^(]*\))", text.partition(": ")[2])


def sample_numbers() -> list[tuple[int, str, str, str]]:
    with (HERE / "enreach_zone_numbers.csv").open() as rows:
        return [
            (int(row["line"]), row["member"], row["fixed"], row["mobile"])
            for row in csv.DictReader(rows)
        ]


SAMPLES = sample_numbers()


@pytest.mark.parametrize(
    ("file", "zones"),
    [("2026-03-zones.csv", CALL_ZONES), ("2026-03-roaming-zones.csv", ROAMING_ZONES)],
)
def test_zones_list_the_printed_countries_in_their_order(file: str, zones: dict[int, str]) -> None:
    listed = list(members(file))
    assert len(listed) == {"2026-03-zones.csv": 189, "2026-03-roaming-zones.csv": 51}[file]
    for line in zones:
        assert [member.name for member in listed if member.line == line] == names_printed(line)
    loaded = {zone.id: zone.members for zone in price_list().zones}
    for zone in set(zones.values()):
        lines = [line for line, name in zones.items() if name == zone]
        expected = {place for member in listed if member.line in lines for place in member.match}
        assert loaded[zone] == expected


def test_every_printed_country_leads_somewhere() -> None:
    table = numbering().prefix_table
    places = table.regions() | table.breakouts() | {"EH"}
    for member in (*members("2026-03-zones.csv"), *members("2026-03-roaming-zones.csv")):
        twice = member.name in TWICE and member.line == 253
        assert bool(member.match) is not twice, member
        assert set(member.match) <= places


def test_every_printed_country_has_a_number() -> None:
    with_numbers = {(line, member) for line, member, fixed, mobile in SAMPLES if fixed or mobile}
    for member in (*members("2026-03-zones.csv"), *members("2026-03-roaming-zones.csv")):
        if member.match:
            assert (member.line, member.name) in with_numbers


@pytest.mark.parametrize(
    ("line", "member", "fixed", "mobile"), [row for row in SAMPLES if row[0] in CALL_ZONES]
)
def test_a_number_of_the_country_gets_the_price_of_its_zone(
    line: int, member: str, fixed: str, mobile: str
) -> None:
    (eu,) = (zone.members for zone in price_list().zones if zone.id == "eu")
    fixed_line, mobile_line = ZONE_ROWS[line]
    if fixed:
        entry = range_of(fixed)
        listed_apart = entry.breakout == "PT-AZORES"
        if member in ("USA", "Kanada"):
            fixed_line = 225
        elif entry.region in eu and not listed_apart:
            fixed_line = 191
        found = quoted(fixed)
        assert found.source is not None
        assert found.source.line == fixed_line
        assert found.price_per_minute == amount(LINES[ZONE_ROWS[line][0]][2])
    if mobile:
        assert range_of(mobile).line_type is MOBILE
        found = quoted(mobile)
        assert found.source is not None
        assert found.source.line == mobile_line
        assert found.price_per_minute == amount(LINES[mobile_line][2])


@pytest.mark.parametrize(
    ("line", "member", "fixed", "mobile"), [row for row in SAMPLES if row[0] in ROAMING_ZONES]
)
def test_a_guest_in_the_country_pays_the_price_of_its_roaming_zone(
    line: int, member: str, fixed: str, mobile: str
) -> None:
    assert member in names_printed(line)
    expected = 315 if line == 335 else 311
    visited = range_of(fixed or mobile).region
    for dialled in ("030 12345678", fixed):
        if dialled:
            found = quoted(dialled, origin=OriginKind.ROAMING, visited=visited)
            assert found.price_per_minute == amount(LINES[expected][1])
            assert found.source is not None
            assert found.source.line == expected
    received = quoted("0171 1234567", origin=OriginKind.ROAMING_INCOMING, visited=visited)
    assert received.price_per_minute == amount(LINES[303 if line == 335 else 302][1])


def test_the_rest_is_what_no_list_names() -> None:
    regions = numbering().prefix_table.regions() - {"001", "DE"}
    zones = price_list().call_zones
    assert {region for region in regions if zones.of_region(region)[0].id == "zone-4"} == set(
        REST.split()
    )
    assert zones.of_region("001") == zones.of_region("DE") == ()
    listed = {place for member in members("2026-03-roaming-zones.csv") for place in member.match}
    rest = price_list().roaming_zones
    assert {one for one in regions if rest.of_region(one)[0].id == "roaming-world"} == (
        regions - listed
    )


def test_the_eu_is_its_26_other_member_states() -> None:
    (eu,) = (zone for zone in price_list().zones if zone.id == "eu")
    states = MEMBER_STATES.split()
    assert len(states) == 26
    assert eu.members == {*states, "AX"}
    assert eu.within == "zone-1"
