"""Which row prices a call: plan, column, zone, kind of access, and what needs no row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from rating.engine import (
    BY_LAW,
    INTERNAL,
    ON_NET,
    Quote,
    QuoteParams,
    Unpriced,
    UnpricedReason,
    quote,
)
from rating.errors import LocalError
from rating.numbering import DiallingOrigin, NumberRefused
from rating.pricing import BookedPlan, Callee, CallOrigin, OriginKind, Subscription
from tests.rating.shipped import numbering
from tests.rating.small_tariff import MOBILE, abroad, called_in, changed, price_of, quote_of, small

FIXED = "030 123456"
CELL = "0171 1234567"
AUSTRIA = "+43 1 5123456"
AUSTRIA_CELL = "+43 664 1234567"
SWISS = "+41 44 1234567"
THAI = "+66 2 1234567"
AZORES = "+351 296 123456"
LISBON = "+351 21 1234567"


@pytest.mark.parametrize(
    ("dialled", "row", "euros"),
    [
        (FIXED, "30/base/fixed", "0.02"),
        (CELL, "30/base/mobile", "0.10"),
        (AUSTRIA, "31/base/fixed", "0.03"),  # inner stands within near
        (AUSTRIA_CELL, "31/base/mobile", "0.20"),
        (SWISS, "32/base/fixed", "0.04"),
        (LISBON, "31/base/fixed", "0.03"),
        (AZORES, "32/base/fixed", "0.04"),  # a breakout of its own zone leaves that of Portugal
        (THAI, "33/base/fixed", "0.90"),
        ("+1 202 555 0123", "34/base/fixed", "0.05"),  # a region stands before the rest zone
        ("+870 773 111111", "35/base/fixed", "9.90"),
        ("01805 123456", "40/base/fixed", "0.117647"),
    ],
)
def test_the_narrowest_row_prices_a_number(dialled: str, row: str, euros: str) -> None:
    found = quote_of(dialled)
    assert (found.row_id, found.price_per_minute) == (row, Fraction(euros))


@pytest.mark.parametrize(
    ("dialled", "reason"),
    [
        ("+1 900 234 5678", UnpricedReason.PREMIUM_ABROAD),
        ("+43 900 123456", UnpricedReason.PREMIUM_ABROAD),
        ("+44 70 12345678", UnpricedReason.NO_ROW),  # personal numbers use no zone
        ("+883 5100 12345678", UnpricedReason.NO_ROW),  # no country, so not of the rest zone
        ("+1 999 555 0123", UnpricedReason.NOT_ASSIGNED),
        ("032 212345678", UnpricedReason.NO_ROW),
        ("0181 1234567", UnpricedReason.NO_ROW),
        ("0900 1 234567", UnpricedReason.EXTERNAL_PRICE),
    ],
)
def test_what_has_no_row_has_no_price(dialled: str, reason: UnpricedReason) -> None:
    found = price_of(dialled)
    assert isinstance(found, Unpriced)
    assert found.reason is reason


def test_a_quote_names_each_decision_once() -> None:
    assert quote_of(AUSTRIA).readings == ("R-LIST", "R-ROW", "R-INNER")
    files = changed("small/zones.csv", "71,inner,Austria,AT,", "71,inner,Austria,AT,R-ROW R-AT")
    assert quote_of(AUSTRIA, files=files).readings == ("R-LIST", "R-ROW", "R-INNER", "R-AT")


def test_the_country_of_the_provider_is_never_in_the_rest_zone() -> None:
    files = changed("small/calls.csv", "30,Germany,DE,", "30,Germany,DE-T-MOBILE,")
    files["small/tariff.toml"] = files["small/tariff.toml"].replace('"DE/fixed"', '"@near"')
    files["small/tariff.toml"] = files["small/tariff.toml"].replace('"DE/mobile", ', "")
    files["small/tariff.toml"] = files["small/tariff.toml"].replace('"DE", ', "")
    assert price_of(FIXED, files=files) == Unpriced(UnpricedReason.NO_ROW, "49")


def test_the_last_column_that_holds_and_has_a_row_decides() -> None:
    assert quote_of(AUSTRIA, plan="business").row_id == "31/business/fixed"
    assert quote_of(AUSTRIA, "PLUS", plan="business").row_id == "31/plus/fixed"
    assert quote_of(AUSTRIA_CELL, plan="business").row_id == "31/base/mobile"
    assert quote_of(SWISS, plan="business").row_id == "32/base/fixed"
    assert quote_of("01805 123456", origin=MOBILE).row_id == "40/sim/fixed"
    assert quote_of("01805 123456", "PLUS").row_id == "40/base/fixed"


def test_a_special_column_stands_before_a_narrow_row() -> None:
    """The business price of a zone wins against the common price of a country in it."""
    files = changed("small/calls.csv", "34,United States,US,", "34,Vienna,AT,")
    assert quote_of(AUSTRIA, files=files).row_id == "34/base/fixed"
    assert quote_of(AUSTRIA, plan="business", files=files).row_id == "31/business/fixed"


def test_a_row_of_one_breakout_or_line_type_stands_before_its_region() -> None:
    files = changed("small/calls.csv", "34,United States,US,", "34,Lines,AT/fixed,")
    assert quote_of(AUSTRIA, files=files).row_id == "34/base/fixed"
    assert quote_of(AUSTRIA_CELL, files=files).row_id == "31/base/mobile"
    files = changed("small/calls.csv", "34,United States,US,", "34,Azores,PT-AZORES,")
    assert quote_of(AZORES, files=files).row_id == "34/base/fixed"
    assert quote_of(LISBON, files=files).row_id == "31/base/fixed"


@pytest.mark.parametrize("callee", [Callee.INTERNAL, Callee.MAILBOX])
@pytest.mark.parametrize("origin", [CallOrigin(), MOBILE])
@pytest.mark.parametrize("dialled", [None, FIXED, "032 212345678"])
def test_colleagues_and_the_mailbox_cost_nothing(
    callee: Callee, origin: CallOrigin, dialled: str | None
) -> None:
    found = quote_of(dialled, callee=callee, origin=origin)
    assert found.covered_by == INTERNAL
    assert found.is_free
    assert (found.destination, found.row_id, found.readings) == (callee, None, ("R-INTERNAL",))
    assert (found.list_id, found.callee, found.parts) == ("small", callee, ())
    assert str(found.source) == "Small list, line 16"


def test_colleagues_cost_what_the_row_says_where_no_rule_frees_them() -> None:
    files = changed("small/tariff.toml", '[internal]\nline = 16\nreadings = ["R-INTERNAL"]\n', "")
    assert quote_of(FIXED, callee=Callee.INTERNAL, files=files).covered_by == ON_NET
    assert quote_of(CELL, callee=Callee.INTERNAL, files=files).covered_by is None
    assert price_of(None, callee=Callee.MAILBOX, files=files) == Unpriced(UnpricedReason.NO_ROW)


def test_colleagues_are_not_free_from_abroad() -> None:
    found = quote_of(FIXED, callee=Callee.INTERNAL, origin=abroad("FR"))
    assert (found.covered_by, found.row_id) == (None, "50/base/fixed")
    assert price_of(None, callee=Callee.MAILBOX, origin=abroad("FR")) == Unpriced(
        UnpricedReason.NO_ROW
    )


def test_a_call_to_nobody_is_a_mistake_of_ours() -> None:
    with pytest.raises(LocalError):
        price_of(None)


@pytest.mark.parametrize(
    ("origin", "covered"),
    [(CallOrigin(), ON_NET), (MOBILE, ON_NET), (abroad("FR"), None)],
)
def test_the_own_network_is_free_at_home(origin: CallOrigin, covered: str | None) -> None:
    found = quote_of(FIXED, callee=Callee.OWN_NETWORK, origin=origin)
    assert found.covered_by == covered
    assert ("R-ON-NET" in found.readings) is (covered is not None)
    assert quote_of(CELL, callee=Callee.OWN_NETWORK).covered_by is None


def test_a_flat_covers_from_its_origins_on_its_plans() -> None:
    assert quote_of(FIXED, "FLAT-DE").covered_by == "FLAT-DE"
    assert quote_of(FIXED, "FLAT-DE", origin=MOBILE).covered_by is None
    assert quote_of(FIXED, "FLAT-DE", plan="trunk").covered_by is None
    assert quote_of(FIXED, plan="business").covered_by == "FLAT-DE"  # comes with the plan
    assert quote_of(FIXED, plan="business", origin=MOBILE).covered_by is None
    assert quote_of(CELL, "SIM-FLAT", plan="business", origin=MOBILE).covered_by == "SIM-FLAT"
    assert quote_of(CELL, "SIM-FLAT").covered_by is None
    assert quote_of(AUSTRIA, "SIM-FLAT", plan="business").covered_by == "SIM-FLAT"
    assert quote_of(SWISS, "SIM-FLAT", plan="business").covered_by is None


def test_the_first_booked_flat_pays() -> None:
    both = quote_of(FIXED, "SIM-FLAT", "FLAT-DE", plan="business")
    assert both.covered_by == "FLAT-DE"  # included, so first
    assert quote_of(FIXED, "SIM-FLAT", origin=MOBILE, plan="business").covered_by == "SIM-FLAT"


def test_a_zone_covers_no_numbers_of_a_class_of_their_own() -> None:
    files = changed("small/calls.csv", "34,United States,US,", "34,Lottery,AT/premium,")
    found = quote_of("+43 900 123456", "SIM-FLAT", plan="business", files=files)
    assert (found.covered_by, found.row_id) == (None, "34/base/fixed")


def test_allowances_pay_for_what_they_cover_and_costs_time() -> None:
    for dialled in (FIXED, CELL, SWISS, AUSTRIA, AZORES):
        found = quote_of(dialled, "FREE-60")
        assert found.allowances == ("FREE-60",)
        assert "R-FREE" in found.readings
        assert not found.is_free
    assert quote_of(THAI, "FREE-60").allowances == ()
    assert quote_of("01805 123456", "FREE-60").allowances == ()
    assert quote_of(FIXED, "FREE-60", origin=MOBILE).allowances == ("FREE-60",)
    assert quote_of(FIXED, "FREE-60", origin=abroad("FR")).allowances == ()


def test_nothing_is_taken_from_an_allowance_for_a_free_call() -> None:
    assert quote_of(FIXED, "FREE-60", "FLAT-DE").allowances == ()
    assert quote_of(FIXED, "FREE-60", callee=Callee.OWN_NETWORK).allowances == ()
    files = changed("small/calls.csv", "30,Germany,DE,0.02,", "30,Germany,DE,0,")
    files["small/calls.csv"] = files["small/calls.csv"].replace("0.01,0.05,0.015", "0,0.05,0")
    assert quote_of(FIXED, "FREE-60", files=files).allowances == ()
    # A price per call is no time.
    files = changed("small/services.csv", "42,Mass,01377", "42,Mass,01379")
    files["small/tariff.toml"] = files["small/tariff.toml"].replace(
        'covers = ["DE", "@near"]', 'covers = ["01379", "01805"]'
    )
    assert quote_of("01379 123456", "FREE-60", files=files).allowances == ()
    assert quote_of("01805 123456", "FREE-60", files=files).allowances == ("FREE-60",)


@pytest.mark.parametrize("dialled", ["110", "112"])
@pytest.mark.parametrize(
    "origin", [CallOrigin(), MOBILE, abroad("FR"), abroad("TH"), abroad("001")]
)
def test_emergency_is_free_from_everywhere(dialled: str, origin: CallOrigin) -> None:
    found = quote_of(dialled, origin=origin)
    assert (found.covered_by, found.is_free, found.readings) == (BY_LAW, True, ("R-EMERG",))
    assert quote_of(dialled, origin=origin, callee=Callee.INTERNAL).covered_by == BY_LAW


@pytest.mark.parametrize("dialled", ["0800 1234567", "00800 12345678", "116117"])
def test_freephone_is_free_at_home_only(dialled: str) -> None:
    assert quote_of(dialled).covered_by == BY_LAW
    assert quote_of(dialled, origin=MOBILE).covered_by == BY_LAW
    found = price_of(dialled, origin=abroad("FR"))
    assert isinstance(found, Unpriced)
    assert found.reason is UnpricedReason.EXTERNAL_PRICE


def without_plan(dialled: str) -> Quote | Unpriced:
    number = numbering().plan.normalize(dialled, DiallingOrigin(area_code="30"))
    assert not isinstance(number, NumberRefused)
    at = datetime(2024, 6, 1, tzinfo=UTC)
    later = Subscription((BookedPlan("small", "basic", date(2024, 6, 2)),))
    return quote(QuoteParams(small(), later, number, numbering().prefix_table, at))


def test_without_a_plan_only_free_calls_have_a_price() -> None:
    assert without_plan(FIXED) == Unpriced(UnpricedReason.NO_PLAN)
    assert without_plan("0900 1 234567") == Unpriced(UnpricedReason.NO_PLAN)
    found = without_plan("112")
    assert isinstance(found, Quote)
    assert (found.provider, found.plan_id, found.covered_by) == (None, None, BY_LAW)


def test_a_list_without_prices_from_an_origin_says_so() -> None:
    files = changed("small/tariff.toml", 'tables = ["calls.csv", "services.csv", "roaming.csv", ',
                    'tables = ["calls.csv", "services.csv", ')  # fmt: skip
    files["small/tariff.toml"] = (
        files["small/tariff.toml"]
        .replace('[[table]]\nfile = "roaming.csv"\norigins = ["roaming"]\n', "")
        .replace('"voip", "mobile", "roaming"]', '"voip", "mobile"]')
        .replace('"@inner/fixed", "@green"', '"@inner/fixed"')
    )
    assert price_of(FIXED, origin=abroad("FR"), files=files) == Unpriced(
        UnpricedReason.NOT_FROM_ORIGIN
    )
    assert isinstance(price_of(FIXED, origin=called_in("FR"), files=files), Quote)


def test_the_plan_follows_the_local_calendar() -> None:
    """The term ends at midnight in Berlin, 22:00 UTC in summer."""
    table, number = numbering().prefix_table, numbering().plan.normalize(CELL, DiallingOrigin())
    assert not isinstance(number, NumberRefused)
    terms = (
        BookedPlan("small", "trunk", date(2026, 1, 1), date(2026, 6, 1)),
        BookedPlan("small", "business", date(2026, 6, 1)),
    )
    for second, plan in ((59, "trunk"), (60, "business")):
        at = datetime(2026, 5, 31, 21, 59, tzinfo=UTC) + timedelta(seconds=second)
        found = quote(QuoteParams(small(), Subscription(terms), number, table, at))
        assert isinstance(found, Quote)
        assert (found.provider, found.plan_id) == ("small", plan)


def test_origin_and_visited_country_belong_together() -> None:
    for kind, visited in (
        (OriginKind.ROAMING, None),
        (OriginKind.ROAMING_INCOMING, None),
        (OriginKind.VOIP, "FR"),
        (OriginKind.MOBILE, "FR"),
    ):
        with pytest.raises(LocalError):
            CallOrigin(kind, visited)
