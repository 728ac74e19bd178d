"""Plusnet: its rules of contract at the example lists that ship.

The document prints no price, so the prices below are those of the invented lists, typed in once
more; what is proved is that nobody can take them for real, and that the rules hold.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from rating.engine import BookedOption, Quote, QuoteParams, Unpriced, UnpricedReason, quote
from rating.numbering import LineType, NumberRefused
from rating.pricing import (
    Basis,
    BookedPlan,
    Effective,
    OptionKind,
    PriceList,
    RateStatus,
    Subscription,
)
from tests.rating.shipped import BERLIN, NOW, numbering, tariffs

FIXED = "030 12345678"
MOBILE = "0171 1234567"
AUSTRIA = "+431234567890"
SWITZERLAND = "+41212345678"
TERM = date(2025, 6, 1)
TRUNKS = {"sip-trunk", "extended-team"}

# Cents: German fixed and mobile network, Union fixed and mobile, world fixed and mobile, 032 and
# 0700, 115, one call to 01804, 01807.
CENTS = {
    ("plusnet-example-a", "2021-03-01"): "1.11 11.1 3.33 33.3 77.7 88.8 5.55 5.55 1.11 14.4 9.99",
    ("plusnet-example-a", "2024-01-01"): "1.22 12.2 3.44 34.4 78.8 89.9 5.66 5.66 1.22 15.5 10.1",
    ("plusnet-example-b", "2021-03-01"): "2.22 22.2 4.44 44.4 99.9 111 6.66 6.66 2.22 16.6 11.1",
}
INCREMENTS = {
    ("plusnet-example-a", "2021-03-01"): ("1/1", "60/1", "60/60"),
    ("plusnet-example-a", "2024-01-01"): ("1/1", "60/1", "60/60"),
    ("plusnet-example-b", "2021-03-01"): ("60/1", "60/60", "60/60"),
}


def price_lists() -> dict[tuple[str, str], PriceList]:
    lists = tariffs().plan("plusnet").price_lists
    return {(one.id, one.version): one for one in lists}


def price_of(
    dialled: str,
    *options: str,
    picked: str | None = "plusnet-example-a",
    term: date = TERM,
    plan_id: str = "sip-trunk",
    at: datetime = NOW,
) -> Quote | Unpriced:
    number = numbering().plan.normalize(dialled, BERLIN)
    assert not isinstance(number, NumberRefused), dialled
    booked = tuple(BookedOption(name, 4, TERM, None, TERM, "plusnet") for name in options)
    plan = BookedPlan("plusnet", plan_id, term, price_list=picked)
    return quote(
        QuoteParams(
            tariffs=tariffs(),
            subscription=Subscription((plan,), booked),
            number=number,
            prefix_table=numbering().prefix_table,
            at=at,
        )
    )


def covered_by(dialled: str, *options: str, plan_id: str = "sip-trunk") -> str | None:
    found = price_of(dialled, *options, plan_id=plan_id)
    assert isinstance(found, Quote), found
    return found.covered_by


def version_of(picked: str | None, term: date, at: datetime = NOW) -> tuple[str | None, str | None]:
    found = price_of(FIXED, picked=picked, term=term, at=at)
    assert isinstance(found, Quote), found
    return found.list_id, found.list_version


@pytest.mark.parametrize("name", CENTS)
def test_an_example_says_that_it_is_one(name: tuple[str, str]) -> None:
    price_list = price_lists()[name]
    assert "example" in price_list.id
    assert price_list.terms.is_example
    assert "R-PN-EXAMPLE" in price_list.terms.readings
    for rate in price_list.rates:
        assert rate.destination.startswith("Example: ")
        assert "Invented" in rate.source.document
        assert "R-PN-EXAMPLE" in rate.readings


def test_the_tariff_and_every_option_say_so_too() -> None:
    tariff = tariffs().plan("plusnet")
    assert "example" in tariff.name
    assert all("R-PN-EXAMPLE" in option.readings for option in tariff.options.values())
    assert price_lists().keys() == CENTS.keys()


@pytest.mark.parametrize("name", CENTS)
def test_every_row_has_its_price(name: tuple[str, str]) -> None:
    price_list = price_lists()[name]
    cells = {
        (rate.source.line, rate.line_type): rate.price_per_minute + rate.setup_fee
        for rate in price_list.rates
        if rate.status is RateStatus.PRICED
    }
    fixed, mobile = LineType.FIXED, LineType.MOBILE
    places = [(1, fixed), (2, mobile), (3, fixed), (3, mobile), (4, fixed), (4, mobile)]
    places += [(line, fixed) for line in range(5, 10)]
    prices = [Fraction(cents) / 100 for cents in CENTS[name].split()]
    assert cells == dict(zip(places, prices, strict=True))
    assert price_list.terms.basis is Basis.NET


@pytest.mark.parametrize("name", CENTS)
def test_the_rows_differ_in_increments(name: tuple[str, str]) -> None:
    picked, version = name
    term = date.fromisoformat(version)
    found = [price_of(number, picked=picked, term=term) for number in (FIXED, AUSTRIA, SWITZERLAND)]
    assert [str(one.increments) for one in found if isinstance(one, Quote)] == [*INCREMENTS[name]]


@pytest.mark.parametrize("name", CENTS)
def test_what_others_price_needs_their_price(name: tuple[str, str]) -> None:
    external = {
        rate.source.line for rate in price_lists()[name].rates if rate.status is RateStatus.EXTERNAL
    }
    assert external == {10, 11}
    found = price_of("0900 1234567", picked=name[0], term=date.fromisoformat(name[1]))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.EXTERNAL_PRICE


def test_two_lists_hold_at_once_and_the_contract_picks_one() -> None:
    assert version_of("plusnet-example-a", TERM) == ("plusnet-example-a", "2024-01-01")
    assert version_of("plusnet-example-b", TERM) == ("plusnet-example-b", "2021-03-01")
    assert version_of(None, TERM) == ("plusnet-example-a", "2024-01-01")


@pytest.mark.parametrize(
    ("term", "version"),
    [
        (date(2021, 3, 1), "2021-03-01"),
        (date(2023, 12, 31), "2021-03-01"),
        (date(2024, 1, 1), "2024-01-01"),
        (date(2026, 5, 1), "2024-01-01"),
    ],
)
def test_the_version_of_the_first_day_holds_for_the_whole_term(term: date, version: str) -> None:
    for at in (datetime(2026, 5, 20, 12, tzinfo=UTC), datetime(2031, 1, 1, 12, tzinfo=UTC)):
        assert version_of("plusnet-example-a", term, at) == ("plusnet-example-a", version)


def test_a_term_from_before_the_first_list_has_no_price() -> None:
    found = price_of(FIXED, term=date(2021, 2, 28))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.BEFORE_LIST


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 4, 30, 21, 59, 59, tzinfo=UTC), ("plusnet-example-a", "2021-03-01")),
        (datetime(2026, 4, 30, 22, 0, tzinfo=UTC), ("plusnet-example-b", "2021-03-01")),
    ],
)
def test_an_extension_with_a_new_tariff_begins_at_midnight_in_berlin(
    at: datetime, expected: tuple[str, str]
) -> None:
    first = BookedPlan("plusnet", "sip-trunk", date(2022, 5, 1), date(2026, 5, 1))
    second = BookedPlan("plusnet", "sip-trunk", date(2026, 5, 1), price_list="plusnet-example-b")
    number = numbering().plan.normalize(FIXED, BERLIN)
    assert not isinstance(number, NumberRefused)
    found = quote(
        QuoteParams(
            tariffs=tariffs(),
            subscription=Subscription((first, second)),
            number=number,
            prefix_table=numbering().prefix_table,
            at=at,
        )
    )
    assert isinstance(found, Quote)
    assert (found.list_id, found.list_version) == expected


@pytest.mark.parametrize("plan_id", sorted(TRUNKS))
def test_flats_of_trunks_combine(plan_id: str) -> None:
    flats = ("TRUNK-FLAT-FIXED", "TRUNK-FLAT-MOBILE", "TRUNK-FLAT-EU")
    assert covered_by(FIXED, *flats, plan_id=plan_id) == "TRUNK-FLAT-FIXED"
    assert covered_by(MOBILE, *flats, plan_id=plan_id) == "TRUNK-FLAT-MOBILE"
    assert covered_by(AUSTRIA, *flats, plan_id=plan_id) == "TRUNK-FLAT-EU"
    assert covered_by(SWITZERLAND, *flats, plan_id=plan_id) is None
    assert covered_by(MOBILE, "TRUNK-FLAT-FIXED", plan_id=plan_id) is None


@pytest.mark.parametrize(
    ("flat", "covered"),
    [
        ("SEAT-FLAT-FIXED", {FIXED}),
        ("SEAT-FLAT-DE", {FIXED, MOBILE}),
        ("SEAT-FLAT-EU", {FIXED, MOBILE, AUSTRIA}),
    ],
)
def test_centraflex_has_three_flats(flat: str, covered: set[str]) -> None:
    for number in (FIXED, MOBILE, AUSTRIA, SWITZERLAND):
        expected = flat if number in covered else None
        assert covered_by(number, flat, plan_id="centraflex") == expected
        assert covered_by(number, flat, plan_id="sip-trunk") is None


def test_options_change_with_the_term_only_and_limit_no_call() -> None:
    tariff = tariffs().plan("plusnet")
    for name, option in tariff.options.items():
        assert option.effective is Effective.CONTRACT_TERM
        assert option.concurrent_calls is None
        of_seats = name.startswith("SEAT")
        assert option.plans == ({"centraflex"} if of_seats else TRUNKS)
        assert option.trunk_accounts is not of_seats
    assert {plan.id for plan in tariff.plans.values() if plan.is_trunk} == TRUNKS


def test_minute_packages_are_for_one_network_each() -> None:
    tariff = tariffs().plan("plusnet")
    packages = {
        name: option.included_s
        for name, option in tariff.options.items()
        if option.kind is OptionKind.ALLOWANCE
    }
    assert packages == {
        "PACK-FIXED-1000": 60_000,
        "PACK-MOBILE-100": 6_000,
        "PACK-EU-500": 30_000,
    }
    for number, package in zip((FIXED, MOBILE, AUSTRIA), packages, strict=True):
        found = price_of(number, *packages)
        assert isinstance(found, Quote)
        assert found.allowances == (package,)
