"""Calls of a SIM abroad: the higher of two zones, partner prices, and calls that come in."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rating.engine import Quote, Unpriced, UnpricedReason
from rating.numbering import LineType
from rating.pricing import ExternalPrice
from tests.rating.small_tariff import abroad, called_in, changed, price_of, quote_of

FIXED = "030 123456"
CELL = "0171 1234567"
PARIS = "+33 1 40123456"
VIENNA = "+43 1 5123456"
VIENNA_CELL = "+43 664 1234567"
BANGKOK = "+66 2 1234567"
TOKYO = "+81 3 12345678"
SATELLITE = "+870 773 111111"
PARTNER = ExternalPrice(Fraction("2.00"), Fraction("0.40"))


@pytest.mark.parametrize(
    ("visited", "dialled", "row"),
    [
        ("FR", FIXED, 50),  # to Germany: the visited zone
        ("FR", CELL, 51),
        ("FR", PARIS, 50),  # within the visited country
        ("FR", VIENNA, 50),  # within the zone
        ("FR", VIENNA_CELL, 51),
        ("FR", BANGKOK, 52),  # to a higher zone
        ("TH", FIXED, 52),
        ("TH", BANGKOK, 52),
        ("TH", TOKYO, 52),
        ("TH", VIENNA, 52),  # the visited zone is the higher one
        ("TH", VIENNA_CELL, 52),
    ],
)
def test_the_higher_of_two_zones_prices_a_call(visited: str, dialled: str, row: int) -> None:
    found = quote_of(dialled, origin=abroad(visited))
    assert found.source is not None
    assert found.source.line == row
    assert str(found.increments) == ("60/60" if row == 52 else "1/1")
    assert found.origin == abroad(visited)


def test_within_the_visited_country_its_zone_holds_for_every_part_of_it() -> None:
    files = changed(
        "small/tariff.toml",
        '[[zone]]\nid = "red"',
        '[[zone]]\nid = "blue"\npurpose = "roaming"\nline = 9\n\n[[zone]]\nid = "red"',
    )
    files["small/roaming.csv"] += "54,,Blue,@blue,0.50,0.50,60/60,,,\n"
    files["small/zones.csv"] += "81,blue,Azores,PT-AZORES,\n"
    rows = {visited: quote_of("+351 296 123456", origin=abroad(visited), files=files).row_id
            for visited in ("PT", "FR", "TH")}  # fmt: skip
    assert rows == {"PT": "50/base/fixed", "FR": "54/base/fixed", "TH": "52/base/fixed"}


@pytest.mark.parametrize(
    "dialled",
    ["0800 1234567", "00800 12345678", "01805 123456", "0900 1 234567", "115", "11833",
     "+43 800 123456", "+43 900 123456", SATELLITE],
)  # fmt: skip
def test_services_cost_what_the_partner_asks_and_a_quarter_more(dialled: str) -> None:
    unknown = price_of(dialled, origin=abroad("FR"))
    assert isinstance(unknown, Unpriced)
    assert unknown.reason is UnpricedReason.EXTERNAL_PRICE
    found = quote_of(dialled, origin=abroad("FR"), told=PARTNER)
    assert (found.price_per_minute, found.price_per_call) == (Fraction("2.5"), Fraction("0.5"))
    assert found.external_price == PARTNER
    assert found.row_id == "53-a/base/fixed"


def test_at_sea_everything_costs_what_the_partner_asks() -> None:
    for dialled in (FIXED, CELL, BANGKOK, "0800 1234567", SATELLITE):
        found = quote_of(dialled, origin=abroad("001"), told=PARTNER)
        assert found.row_id == "53-b/base/fixed"
        assert found.price_per_minute == Fraction("2.5")


def test_nothing_is_priced_in_a_country_that_is_not_abroad() -> None:
    assert price_of(FIXED, origin=abroad("DE")) == Unpriced(UnpricedReason.NO_ROW, "49")


def test_what_leads_nowhere_has_no_price_from_abroad() -> None:
    found = price_of("+1 999 555 0123", origin=abroad("FR"))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.NOT_ASSIGNED
    files = changed(
        "small/roaming.csv", "53,a,Partner,service 001/satellite", "53,a,Partner,service"
    )
    found = price_of("+882 16 12345678", origin=abroad("FR"), told=PARTNER, files=files)
    assert not isinstance(found, Unpriced)


def test_a_place_in_no_zone_has_no_price_from_abroad() -> None:
    files = changed(
        "small/tariff.toml",
        'id = "red"\npurpose = "roaming"\nrest = true',
        'id = "red"\npurpose = "roaming"',
    )
    files["small/zones.csv"] += "82,red,Thailand,TH,\n"
    assert isinstance(quote_of(BANGKOK, origin=abroad("FR"), files=files), Quote)
    assert price_of(TOKYO, origin=abroad("FR"), files=files) == Unpriced(
        UnpricedReason.NO_ROW, "81"
    )
    assert price_of(PARIS, origin=abroad("JP"), files=files) == Unpriced(
        UnpricedReason.NO_ROW, "331"
    )


def test_a_row_of_a_line_type_stands_before_that_of_services() -> None:
    files = changed("small/roaming.csv", "service 001/satellite", "service")
    files["small/roaming.csv"] += "55,,Satellite,001/satellite,9.90,,60/60,,,\n"
    assert quote_of(SATELLITE, origin=abroad("FR"), files=files).row_id == "55/base/fixed"


def test_covers_of_roaming_see_the_zone_and_nothing_else() -> None:
    options = ("SIM-FLAT",)
    for dialled in (FIXED, CELL, VIENNA_CELL, PARIS):
        found = quote_of(dialled, *options, plan="business", origin=abroad("FR"))
        assert found.covered_by == "SIM-FLAT"
    # The flat covers German lines, but not from a zone that it does not name.
    assert quote_of(FIXED, *options, plan="business", origin=abroad("TH")).covered_by is None
    assert quote_of(BANGKOK, *options, plan="business", origin=abroad("FR")).covered_by is None


def test_a_cover_can_name_the_lines_of_a_zone() -> None:
    files = changed(
        "small/tariff.toml", '"@inner/fixed", "@green"', '"@inner/fixed", "@green/fixed"'
    )
    lines = {dialled: quote_of(dialled, "SIM-FLAT", plan="business", origin=abroad("FR"),
             files=files).covered_by for dialled in (FIXED, CELL)}  # fmt: skip
    assert lines == {FIXED: "SIM-FLAT", CELL: None}


@pytest.mark.parametrize("dialled", [None, CELL])
def test_a_call_that_comes_in_costs_what_the_visited_zone_costs(dialled: str | None) -> None:
    green = quote_of(dialled, origin=called_in("FR"))
    assert (green.is_free, green.row_id, green.line_type) == (
        True, "60/base/fixed", LineType.MOBILE,
    )  # fmt: skip
    red = quote_of(dialled, origin=called_in("TH"))
    assert (red.price_per_minute, str(red.increments)) == (Fraction("0.58"), "60/60")
    assert (red.prefix, red.allowances) == ("", ())


def test_the_partner_may_add_to_a_call_that_comes_in() -> None:
    """A priced row with a factor: the printed price and what the partner asks, times the factor."""
    found = quote_of(CELL, origin=called_in("TH"), told=PARTNER)
    assert found.price_per_minute == Fraction("0.58") + Fraction("2.5")
    assert found.price_per_call == Fraction("0.5")
    assert [part.label for part in found.parts] == ["Red", "external"]
    # A row without a factor asks for nothing more.
    assert quote_of(CELL, origin=called_in("FR"), told=PARTNER).is_free


def test_nothing_is_known_of_calls_that_come_in_at_sea() -> None:
    assert price_of(CELL, origin=called_in("001")) == Unpriced(UnpricedReason.NO_ROW)
