"""zaluma.team: every printed price and place against what a dialled number gets.

``printed_zaluma_2025.txt`` holds the lines of the document as they are printed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from rating.engine import BookedOption, Quote, QuoteParams, Unpriced, UnpricedReason, quote
from rating.numbering import NumberRefused
from rating.pricing import (
    Basis,
    BookedPlan,
    Callee,
    CallOrigin,
    OptionKind,
    OriginKind,
    PriceList,
    Subscription,
)
from tests.rating.shipped import BERLIN, NOW, numbering, tariffs

FIXED = "030 12345678"
MOBILE = "0171 1234567"
VOIP = CallOrigin()
SIM = CallOrigin(OriginKind.MOBILE)
LIGHT = BookedOption("LIGHT", 1, date(2026, 5, 1), None, date(2026, 5, 1), "zaluma")
PRO = BookedOption("PRO", 1, date(2026, 5, 1), None, date(2026, 5, 1), "zaluma")

ZONE_1_NUMBERS = {
    "Belgien": "+3212345678",
    "Bulgarien": "+35952123456",
    "Dänemark": "+4532123456",
    "Estland": "+3723212345",
    "Finnland": "+358131234567",
    "Frankreich": "+33234567890",
    "Gibraltar": "+35020012345",
    "Griechenland": "+302310123456",
    "Irland": "+3532212345",
    "Island": "+3544101234",
    "Italien inkl. Vatikanstadt": "+390212345678",
    "Kanada": "+15062345678",
    "Kroatien": "+38512345678",
    "Lettland": "+37163123456",
    "Litauen": "+37031234567",
    "Luxemburg": "+35227123456",
    "Malta": "+35621001234",
    "Niederlande": "+31101234567",
    "Norwegen": "+4721234567",
    "Österreich": "+431234567890",
    "Polen": "+48123456789",
    "Portugal": "+351212345678",
    "Rumänien": "+40251123456",
    "Schweden": "+468123456",
    "Schweiz": "+41212345678",
    "Spanien": "+34810123456",
    "Slowakei": "+421221234567",
    "Slowenien": "+38612345678",
    "Tschechien": "+420212345678",
    "Ungarn": "+3612345678",
    "USA": "+12015550123",
    "Vereinigtes Königreich Großbritannien und Nordirland": "+441212345678",
    "Zypern": "+35722345678",
}


@cache
def printed() -> dict[int, str]:
    lines = (Path(__file__).parent / "printed_zaluma_2025.txt").read_text().splitlines()
    return {int(number): text for number, _, text in (line.partition(": ") for line in lines)}


def printed_prices(line: int) -> tuple[Fraction, ...]:
    """Euros per minute from the fixed network and from the mobile one."""
    cents = re.findall(r"(\d+,\d) Cent", printed()[line])
    return tuple(Fraction(Decimal(text.replace(",", "."))) / 100 for text in cents)


def printed_zone() -> list[str]:
    text = " ".join(printed()[line] for line in (245, 246, 247))
    return text.removeprefix("Länderzone 1: ").removesuffix(".").split(", ")


def price_list() -> PriceList:
    (found,) = tariffs().plan("zaluma").price_lists
    return found


def price_of(
    dialled: str | None,
    *options: BookedOption,
    origin: CallOrigin = VOIP,
    callee: Callee = Callee.OTHER,
    plan_id: str = "team",
    at: datetime = NOW,
) -> Quote | Unpriced:
    number = None if dialled is None else numbering().plan.normalize(dialled, BERLIN)
    assert not isinstance(number, NumberRefused), dialled
    return quote(
        QuoteParams(
            tariffs=tariffs(),
            subscription=Subscription((BookedPlan("zaluma", plan_id, date.min),), options),
            number=number,
            prefix_table=numbering().prefix_table,
            at=at,
            origin=origin,
            callee=callee,
        )
    )


def quote_of(dialled: str, *options: BookedOption, origin: CallOrigin) -> Quote:
    found = price_of(dialled, *options, origin=origin)
    assert isinstance(found, Quote), (dialled, found)
    return found


@pytest.mark.parametrize(("line", "dialled"), [(187, FIXED), (189, MOBILE)])
def test_a_dialled_number_gets_the_printed_price(line: int, dialled: str) -> None:
    from_fixed, from_mobile = printed_prices(line)
    for origin, price in ((VOIP, from_fixed), (SIM, from_mobile)):
        found = quote_of(dialled, origin=origin)
        assert found.price_per_minute == price
        assert found.price_per_call == 0
        assert str(found.increments) == "1/1"
        assert found.basis is Basis.NET
        assert found.source is not None
        assert (found.source.line, found.source.document) == (line, "zaluma.team price sheet")
        assert printed()[line].startswith(found.destination)


def test_the_prices_are_not_those_of_the_advertisement() -> None:
    assert printed_prices(187) == (Fraction("0.012"), Fraction("0.099"))
    assert printed_prices(189) == (Fraction("0.099"), Fraction("0.12"))
    assert "R-ZA-19" in quote_of(FIXED, origin=VOIP).readings


def test_no_cell_is_loaded_that_is_not_printed() -> None:
    priced = {
        (rate.source.line, rate.column, rate.price_per_minute)
        for rate in price_list().rates
        if rate.parts
    }
    assert priced == {
        (line, column, price)
        for line in (187, 189)
        for column, price in zip(("voip", "sim"), printed_prices(line), strict=True)
    }


def test_zone_1_has_the_printed_members() -> None:
    assert len(printed_zone()) == 33
    assert printed_zone() == list(ZONE_1_NUMBERS)
    (zone,) = price_list().zones
    table = Path(__file__).parents[3] / "config/tariffs/zaluma/2025-04-01-zones.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert [row[2] for row in rows] == printed_zone()
    for line, _, member, match, _ in rows:
        assert member.split(" und ")[0] in printed()[int(line)]
        assert set(match.split()) <= zone.members


@pytest.mark.parametrize("member", ZONE_1_NUMBERS)
def test_a_fixed_number_of_zone_1_is_free_with_a_flat_and_refused_without(member: str) -> None:
    number = ZONE_1_NUMBERS[member]
    assert quote_of(number, LIGHT, origin=VOIP).covered_by == "LIGHT"
    assert quote_of(number, PRO, origin=SIM).covered_by == "PRO"
    for found in (price_of(number), price_of(number, LIGHT, origin=SIM)):
        assert isinstance(found, Unpriced)
        assert found.reason is UnpricedReason.NO_ROW


@pytest.mark.parametrize(
    "number", ["+43664123456", "+4232345678", "+441534123456", "+902321234567", "+17872345678"]
)
def test_a_flat_ends_where_zone_1_ends(number: str) -> None:
    found = price_of(number, PRO)
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.NO_ROW


@pytest.mark.parametrize("dialled", [FIXED, MOBILE])
def test_light_is_for_voip_and_pro_for_both(dialled: str) -> None:
    assert quote_of(dialled, LIGHT, origin=VOIP).covered_by == "LIGHT"
    assert quote_of(dialled, LIGHT, origin=SIM).covered_by is None
    assert quote_of(dialled, PRO, origin=VOIP).covered_by == "PRO"
    assert quote_of(dialled, PRO, origin=SIM).covered_by == "PRO"


def test_options_are_flats_without_a_limit_of_calls() -> None:
    options = tariffs().plan("zaluma").options
    assert options.keys() == {"LIGHT", "PRO"}
    assert {option.concurrent_calls for option in options.values()} == {None}
    assert {option.kind for option in options.values()} == {OptionKind.FLAT}


@pytest.mark.parametrize("callee", [Callee.INTERNAL, Callee.MAILBOX])
@pytest.mark.parametrize("origin", [VOIP, SIM])
def test_internal_calls_are_free_from_both(callee: Callee, origin: CallOrigin) -> None:
    assert printed()[185].count("kostenlos") == 2
    found = price_of(None, origin=origin, callee=callee)
    assert isinstance(found, Quote)
    assert (found.covered_by, found.is_free) == ("internal", True)
    assert found.source is not None
    assert found.source.line == 185


def test_a_fax_costs_its_call_whatever_the_member_has_booked() -> None:
    found = price_of(FIXED, LIGHT, plan_id="fax-trunk")
    assert isinstance(found, Quote)
    assert (found.covered_by, found.price_per_minute) == (None, printed_prices(187)[0])


@pytest.mark.parametrize(
    "dialled", ["01805 123456", "032 212345678", "115", "11833", "09001234567"]
)
def test_service_numbers_have_no_price(dialled: str) -> None:
    found = price_of(dialled, PRO)
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.NO_ROW


@pytest.mark.parametrize("kind", [OriginKind.ROAMING, OriginKind.ROAMING_INCOMING])
def test_nothing_is_sold_from_abroad(kind: OriginKind) -> None:
    found = price_of(FIXED, PRO, origin=CallOrigin(kind, "AT"))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.NOT_FROM_ORIGIN


def test_the_list_begins_in_the_quarter_that_it_names() -> None:
    found = price_of(FIXED, at=datetime(2025, 3, 31, 21, 59, 59, tzinfo=UTC))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.BEFORE_LIST
    assert isinstance(price_of(FIXED, at=datetime(2025, 3, 31, 22, 0, tzinfo=UTC)), Quote)
