"""Which price a call gets: options, calendar, tax, and what has no price at all."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from rating.engine import BookedOption, Quote, RatingParams, Unpriced, UnpricedReason, rate_call
from rating.errors import RecordError
from rating.numbering import LineType
from rating.pricing import load_tariffs
from tests.rating.engine.quotes import make_quote
from tests.rating.shipped import FLAT, PLUS, price_of, quote_of, texts

GERMAN_LINE = "030 12345678"
MINUTE = 60_000_000


def test_a_quote_names_everything_that_led_to_it() -> None:
    quote = quote_of("+44 7700 900123", options=(PLUS,))
    assert quote.destination == "United Kingdom"
    assert quote.line_type is LineType.MOBILE
    assert quote.prefix == "447700"
    assert quote.table_version == "2026.1"
    assert quote.row_id == "302/plus/mobile"
    assert str(quote.source) == "TGNET/call price list, line 302"
    assert (quote.list_id, quote.list_version) == ("tgnet-call", "2010-03-01")
    assert quote.price_per_minute == Fraction("0.29")
    assert str(quote.increments) == "1/1"
    assert quote.basis == "gross"
    assert quote.vat_rate == Fraction("0.19")
    assert quote.covered_by is None
    assert set(quote.readings) == {"R-TG-VALID", "R-INC", "R-DUR", "R-TG-SUBTERR"}
    assert quote.caps_s is None


def test_the_flat_covers_the_german_fixed_network() -> None:
    quote = quote_of(GERMAN_LINE, options=(FLAT,))
    assert quote.covered_by == "FLAT.DE"
    assert quote.is_free
    assert quote.row_id == "89/standard/fixed"
    assert {"R-FLATLIMIT", "R-FAIR"} <= set(quote.readings)
    assert rate_call(RatingParams(quote, 10_000 * MINUTE)).amount_micros == 0


@pytest.mark.parametrize(
    ("dialled", "cents"),
    [("0171 1234567", "19.9"), ("032 212345678", "9"), ("0700 12345678", "19"),
     ("01805 123456", "14"), ("115", "14"), ("11880", "160"), ("0138 1234", "19"),
     ("+43 1 1234567", "9"), ("01888 1234567", "19")],
)  # fmt: skip
def test_the_flat_covers_nothing_else(dialled: str, cents: str) -> None:
    quote = quote_of(dialled, options=(FLAT,))
    assert quote.covered_by is None
    assert quote.price_per_minute == Fraction(cents) / 100


def test_plus_changes_the_column_and_the_flat_still_covers() -> None:
    both = (PLUS, FLAT)
    assert quote_of(GERMAN_LINE, options=(PLUS,)).price_per_minute == Fraction("0.015")
    assert quote_of(GERMAN_LINE, options=both).covered_by == "FLAT.DE"
    assert quote_of("0171 1234567", options=both).price_per_minute == Fraction("0.125")
    assert quote_of("115", options=both).price_per_minute == Fraction("0.09")


def test_a_trunk_account_has_no_flat_but_plus() -> None:
    quote = price_of(GERMAN_LINE, options=(FLAT, PLUS), is_trunk_account=True)
    assert isinstance(quote, Quote)
    assert quote.covered_by is None
    assert quote.price_per_minute == Fraction("0.015")


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        (datetime(2026, 4, 30, 21, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 4, 30, 22, 0, tzinfo=UTC), True),  # 1 May in Berlin
        (datetime(2026, 5, 19, 12, 0, tzinfo=UTC), True),  # the day before the order
        (datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), False),  # cancelled to 1 July
    ],
)
def test_the_flat_follows_the_local_calendar(at: datetime, *, covered: bool) -> None:
    flat = BookedOption(
        "FLAT.DE", 1, date(2026, 5, 20), date(2026, 7, 1), date(2026, 5, 20), "tgnet"
    )
    assert (quote_of(GERMAN_LINE, options=(flat,), at=at).covered_by == "FLAT.DE") is covered


@pytest.mark.parametrize("dialled", [GERMAN_LINE, "032 212345678"])
def test_on_net_is_free_for_lines_and_032(dialled: str) -> None:
    quote = price_of(dialled, on_net_callee=True)
    assert isinstance(quote, Quote)
    assert (quote.covered_by, quote.is_free) == ("on-net", True)
    assert "R-ONNET" in quote.readings


def test_on_net_service_numbers_cost_what_their_row_says() -> None:
    quote = price_of("0700 12345678", on_net_callee=True)
    assert isinstance(quote, Quote)
    assert quote.covered_by is None
    assert quote.price_per_minute == Fraction("0.19")


@pytest.mark.parametrize(
    ("dialled", "reading"),
    [("110", "R-EMERG"), ("112", "R-EMERG"), ("0800 1234567", "R-0800"), ("116117", "R-0800"),
     ("00800 12345678", "R-0800")],
)  # fmt: skip
@pytest.mark.parametrize("year", [2005, 2012, 2026])
def test_what_the_law_makes_free_is_free_with_or_without_a_list(
    dialled: str, reading: str, year: int
) -> None:
    quote = quote_of(dialled, at=datetime(year, 5, 1, tzinfo=UTC))
    assert quote.covered_by == "by-law"
    assert quote.is_free
    assert quote.readings == (reading,)


@pytest.mark.parametrize(
    ("dialled", "reason"),
    [
        ("0900 1 234567", UnpricedReason.NO_ROW),
        ("11899", UnpricedReason.NO_ROW),
        ("0181 1234567", UnpricedReason.NO_ROW),
        ("+870 773 111111", UnpricedReason.NO_ROW),  # satellite
        ("+882 16 12345678", UnpricedReason.NO_ROW),
        ("+383 44 123456", UnpricedReason.NO_ROW),  # Kosovo: an own code and no row
        ("+44 70 12345678", UnpricedReason.NO_ROW),  # personal numbers
        ("+33 8 99 12 34 56", UnpricedReason.PREMIUM_ABROAD),
        ("+1 900 234 5678", UnpricedReason.PREMIUM_ABROAD),
        ("+979 1 2345 6789", UnpricedReason.PREMIUM_ABROAD),
        ("+1 999 555 0123", UnpricedReason.NOT_ASSIGNED),
    ],
)
def test_what_has_no_row_has_no_price(dialled: str, reason: UnpricedReason) -> None:
    found = price_of(dialled, options=(PLUS, FLAT))
    assert isinstance(found, Unpriced)
    assert found.reason is reason


def test_a_call_before_the_list_has_no_price() -> None:
    found = price_of(GERMAN_LINE, at=datetime(2010, 2, 28, 22, 59, tzinfo=UTC))
    assert found == Unpriced(UnpricedReason.BEFORE_LIST)
    assert isinstance(price_of(GERMAN_LINE, at=datetime(2010, 2, 28, 23, 0, tzinfo=UTC)), Quote)


@pytest.mark.parametrize(
    ("at", "rate"),
    [
        (datetime(2020, 6, 30, 21, 59, 59, tzinfo=UTC), "0.19"),
        (datetime(2020, 6, 30, 22, 0, tzinfo=UTC), "0.16"),
        (datetime(2020, 12, 31, 22, 59, 59, tzinfo=UTC), "0.16"),
        (datetime(2020, 12, 31, 23, 0, tzinfo=UTC), "0.19"),
    ],
)
def test_another_tax_changes_the_gross_price_and_not_the_net(at: datetime, rate: str) -> None:
    quote = quote_of("0171 1234567", at=at)
    assert quote.vat_rate == Fraction(rate)
    printed_net = Fraction("0.199") / Fraction("1.19")
    assert quote.price_per_minute == printed_net * (1 + Fraction(rate))
    assert ("R-VAT" in quote.readings) is (rate == "0.16")
    rated = rate_call(RatingParams(quote, 60 * MINUTE))
    assert rated.net_micros == 10_033_613  # 60 x 0.199 / 1.19 = 10.03361344...
    assert rated.gross_micros == {"0.19": 11_940_000, "0.16": 11_638_992}[rate]


@pytest.mark.parametrize(
    ("dialled", "caps_s"), [("11833", 3600), ("115", None), ("01805 123456", None)]
)
def test_directory_calls_end_after_an_hour(dialled: str, caps_s: int | None) -> None:
    assert quote_of(dialled).caps_s == caps_s


def test_time_beyond_the_legal_limit_is_never_charged() -> None:
    quote = quote_of("11833")
    hour = rate_call(RatingParams(quote, 60 * MINUTE))
    assert hour.amount_micros == 90_000_000
    later = rate_call(RatingParams(quote, 75 * MINUTE))
    assert (later.billed_s, later.charged_s, later.amount_micros) == (4500, 3600, 90_000_000)


RECORD = make_quote().to_record()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 3),
        ("version", None),
        ("destination", 1),
        ("line_type", "festnetz"),
        ("basis", "brutto"),
        ("price", [0, 1]),
        ("price", [0, 1, 0]),
        ("price", [0, -1, 1]),
        ("price", [0, 1.5, 1]),
        ("price", [True, 1, 1]),
        ("price", "0,1,1"),
        ("increments", [0, 1]),
        ("vat", [19, 0]),
        ("readings", [1]),
        ("free_first_s", "0"),
        ("caps_s", "3600"),
        ("row_id", 5),
    ],
)
def test_a_damaged_record_is_refused(field: str, value: object) -> None:
    with pytest.raises(RecordError):
        Quote.from_record({**RECORD, field: value})


@pytest.mark.parametrize("field", sorted(RECORD))
def test_a_record_with_a_missing_field_is_refused(field: str) -> None:
    with pytest.raises(RecordError):
        Quote.from_record({key: value for key, value in RECORD.items() if key != field})


def test_a_real_quote_survives_storage() -> None:
    for dialled in (GERMAN_LINE, "110", "11833", "+12025550123", "0171 1234567"):
        quote = quote_of(dialled, at=datetime(2020, 8, 1, tzinfo=UTC))
        assert Quote.from_record(json.loads(json.dumps(quote.to_record()))) == quote


def test_a_list_can_refuse_mobiles_without_a_price() -> None:
    """R-EMPTY-MOBILE is a switch of the list; what cannot be told apart keeps its price."""
    files = texts("tariffs")
    files["tgnet/tariff.toml"] = files["tgnet/tariff.toml"].replace(
        'empty_mobile = "fixed"', 'empty_mobile = "refused"'
    )
    strict = load_tariffs(files)
    assert price_of("+27 72 1234567", loaded=strict) == Unpriced(UnpricedReason.NO_ROW, "277")
    for dialled in ("+27 82 1234567", "+27 11 2345678", "+1 202 555 0123"):
        assert isinstance(price_of(dialled, loaded=strict), Quote)


def test_a_row_can_be_flipped_to_a_price_per_call() -> None:
    """R-TG-CTMIN: one word of the data decides whether 0137-7 costs a euro a minute or a call."""
    files = texts("tariffs")
    name = "tgnet/2010-03-01-germany.csv"
    files[name] = files[name].replace("01377,100,,100,,minute", "01377,100,,100,,call")
    per_call = price_of("01377 123456", loaded=load_tariffs(files))
    assert isinstance(per_call, Quote)
    assert per_call.price_per_call == 1
    assert per_call.price_per_minute == 0
    assert rate_call(RatingParams(per_call, 5 * MINUTE)).amount_micros == 1_000_000
    assert rate_call(RatingParams(quote_of("01377 123456"), 5 * MINUTE)).amount_micros == 5_000_000


def test_a_price_that_somebody_else_sets_is_refused_until_told() -> None:
    files = texts("tariffs")
    name = "tgnet/2010-03-01-germany.csv"
    header, *rows = files[name].splitlines()
    rows = [f"{row}," for row in rows] + ["900,,0900,0900,,,,,,,external"]
    files[name] = "\n".join([f"{header},status", *rows])
    found = price_of("0900 1 234567", loaded=load_tariffs(files))
    assert found == Unpriced(UnpricedReason.EXTERNAL_PRICE, "0900")
