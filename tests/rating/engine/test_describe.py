from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from rating.engine import Quote, describe
from rating.pricing import Basis, ExternalPrice
from tests.rating.engine.quotes import make_quote
from tests.rating.shipped import FLAT, quote_of
from tests.rating.small_tariff import MOBILE
from tests.rating.small_tariff import quote_of as quote_of_small

NET = Basis.NET


@pytest.mark.parametrize(
    ("quote", "german", "english"),
    [
        (make_quote("0.029"), "2,9 Cent pro Minute", "2.9 cents per minute"),
        (make_quote("1.40"), "140 Cent pro Minute", "140 cents per minute"),
        (
            make_quote("0", per_call="0.840336", basis=NET),
            "84,0336 Cent netto je Verbindung",
            "84.0336 cents net per call",
        ),
        (
            make_quote("0.14", per_call="0.05"),
            "5 Cent je Verbindung und 14 Cent pro Minute",
            "5 cents per call and 14 cents per minute",
        ),
        (
            make_quote("0.14", free_s=30),
            "die ersten 30 Sekunden kostenlos, danach 14 Cent pro Minute",
            "first 30 seconds free, then 14 cents per minute",
        ),
        (make_quote("0"), "kostenlos", "free of charge"),
        (make_quote("0", covered_by="on-net"), "kostenlos", "free of charge"),
        (make_quote("0", covered_by="by-law"), "kostenlos", "free of charge"),
        (
            make_quote("0", covered_by="FLAT.DE"),
            "in Ihrer Flatrate enthalten",
            "included in your flat rate",
        ),
        (
            quote_of("0171 1234567", at=datetime(2020, 8, 1, tzinfo=UTC)),
            "19,3983 Cent pro Minute",  # 19.9 x 1.16 / 1.19 = 19.39831...
            "19.3983 cents per minute",
        ),
    ],
)
def test_a_price_in_words(quote: Quote, german: str, english: str) -> None:
    assert describe(quote, "de") == german
    assert describe(quote, "en") == english


@pytest.mark.parametrize(
    ("quote", "german", "english"),
    [
        (make_quote("0", covered_by="internal"), "kostenlos", "free of charge"),
        (
            make_quote("0.019", increments=(60, 1), basis=NET),
            "1,9 Cent netto pro Minute, die erste Minute voll",
            "1.9 cents net per minute, the first minute in full",
        ),
        (
            make_quote("0.99", increments=(60, 60), basis=NET),
            "99 Cent netto je angefangene Minute",
            "99 cents net per begun minute",
        ),
        (
            make_quote("0.99", per_call="0.10", increments=(60, 60)),
            "10 Cent je Verbindung und 99 Cent je angefangene Minute",
            "10 cents per call and 99 cents per begun minute",
        ),
        (
            make_quote("0.06", increments=(30, 6)),
            "6 Cent pro Minute im Takt 30/6",
            "6 cents per minute in steps of 30/6 seconds",
        ),
        (
            make_quote("0.14", free_s=30, increments=(60, 1)),
            "die ersten 30 Sekunden kostenlos, danach 14 Cent pro Minute, die erste Minute voll",
            "first 30 seconds free, then 14 cents per minute, the first minute in full",
        ),
        (
            replace(make_quote("0.029"), allowances=("FREE-60",)),
            "2,9 Cent pro Minute, sobald Ihre Freiminuten verbraucht sind",
            "2.9 cents per minute once your free minutes are used up",
        ),
        (
            make_quote("0.14", per_call="0.05", free_s=30),
            "5 Cent je Verbindung und die ersten 30 Sekunden kostenlos, danach 14 Cent pro Minute",
            "5 cents per call and first 30 seconds free, then 14 cents per minute",
        ),
        (
            make_quote("0", per_call="0.05", free_s=30),
            "5 Cent je Verbindung",
            "5 cents per call",
        ),
        (
            quote_of_small("0171 1234567", origin=MOBILE),
            "15 Cent netto pro Minute",  # 10 of the row and 5 of the surcharge
            "15 cents net per minute",
        ),
        (
            quote_of_small("0138 1234", told=ExternalPrice(Fraction("1.99"), Fraction("0.10"))),
            "15 Cent netto je Verbindung und 303,5 Cent netto pro Minute",
            "15 cents net per call and 303.5 cents net per minute",
        ),
    ],
)
def test_increments_allowances_and_sums_in_words(quote: Quote, german: str, english: str) -> None:
    assert describe(quote, "de") == german
    assert describe(quote, "en") == english


def test_a_real_flat_call_in_words() -> None:
    assert describe(quote_of("030 123456", options=(FLAT,)), "de") == "in Ihrer Flatrate enthalten"
