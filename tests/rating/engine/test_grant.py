"""How long an amount lasts; one second of ``make_quote()`` costs 1,000 micro-euros."""

from __future__ import annotations

import pytest

from rating.engine import Quote, grant_seconds, next_change_s, price_of_seconds
from tests.rating.engine.quotes import make_quote

CAP = 14_400
PER_SECOND = make_quote()
FIRST_MINUTE = make_quote(increments=(60, 1))
MINUTES = make_quote(increments=(60, 60))
FREE_START = make_quote(increments=(60, 60), free_s=30)
PER_CALL = make_quote("0.06", per_call="0.01")
PER_CALL_ONLY = make_quote("0", per_call="0.01")
FREE = make_quote("0")
LIMITED = make_quote(caps_s=3600)


@pytest.mark.parametrize(
    ("quote", "available", "seconds"),
    [
        (PER_SECOND, 0, 0),
        (PER_SECOND, 999, 0),
        (PER_SECOND, 1_000, 1),
        (PER_SECOND, 61_999, 61),
        (FIRST_MINUTE, 59_999, 0),  # the first minute in full, or nothing
        (FIRST_MINUTE, 60_000, 60),
        (FIRST_MINUTE, 61_000, 61),
        (MINUTES, 119_999, 60),
        (MINUTES, 120_000, 120),
        (FREE_START, 0, 30),
        (FREE_START, 59_999, 30),
        (FREE_START, 60_000, 90),
        (PER_CALL, 9_999, 0),  # the price per call is taken first
        (PER_CALL, 10_000, 0),
        (PER_CALL, 11_000, 1),
        (PER_CALL_ONLY, 9_999, 0),
        (PER_CALL_ONLY, 10_000, CAP),
        (FREE, 0, CAP),
        (LIMITED, 10**9, 3600),
        (PER_SECOND, 10**9, CAP),
    ],
)
def test_grants(quote: Quote, available: int, seconds: int) -> None:
    assert grant_seconds(quote, available, cap_s=CAP) == seconds


@pytest.mark.parametrize("available", [-1, -(10**9)])
def test_debt_buys_nothing(available: int) -> None:
    assert grant_seconds(PER_SECOND, available, cap_s=CAP) == 0


@pytest.mark.parametrize(
    ("quote", "seconds", "micros"),
    [
        (make_quote("0.029"), 1, 484),  # 483.33 rounds up where the charge would round down
        (make_quote("0.029"), 60, 29_000),
        (PER_CALL, 0, 0),
        (PER_CALL, 1, 11_000),
        (MINUTES, 61, 120_000),
        (FREE_START, 30, 0),
        (LIMITED, 4_000, 3_600_000),
        (FREE, 4_000, 0),
    ],
)
def test_reservations(quote: Quote, seconds: int, micros: int) -> None:
    assert price_of_seconds(quote, seconds) == micros


@pytest.mark.parametrize(
    ("quote", "elapsed_s", "change_s"),
    [
        (PER_SECOND, 0, 1),
        (PER_SECOND, 10, 11),
        (FIRST_MINUTE, 0, 60),
        (FIRST_MINUTE, 59, 60),
        (FIRST_MINUTE, 60, 61),
        (MINUTES, 60, 120),
        (FREE_START, 0, 30),
        (FREE_START, 30, 90),
        (PER_CALL_ONLY, 5, None),
        (FREE, 5, None),
        (LIMITED, 3598, 3599),
        (LIMITED, 3599, None),
        (LIMITED, 5000, None),
    ],
)
def test_next_change(quote: Quote, elapsed_s: int, change_s: int | None) -> None:
    assert next_change_s(quote, elapsed_s) == change_s
