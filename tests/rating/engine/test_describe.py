from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rating.engine import Quote, describe
from rating.pricing import Basis
from tests.rating.engine.quotes import make_quote
from tests.rating.shipped import FLAT, quote_of

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
            replace(quote_of("0171 1234567", at=datetime(2020, 8, 1, tzinfo=UTC))),
            "19,3983 Cent pro Minute",  # 19.9 x 1.16 / 1.19 = 19.39831...
            "19.3983 cents per minute",
        ),
    ],
)
def test_a_price_in_words(quote: Quote, german: str, english: str) -> None:
    assert describe(quote, "de") == german
    assert describe(quote, "en") == english


def test_a_real_flat_call_in_words() -> None:
    assert describe(quote_of("030 123456", options=(FLAT,)), "de") == "in Ihrer Flatrate enthalten"
