"""How long an amount lasts; one second of ``make_quote()`` costs 1,000 micro-euros."""

from __future__ import annotations

import pytest

from rating.engine import Quote, grant_seconds, next_change_s, price_of_seconds
from rating.pricing import Basis
from tests.rating.engine.quotes import make_quote

CAP = 14_400
PER_SECOND = make_quote()
FIRST_MINUTE = make_quote(increments=(60, 1))
MINUTES = make_quote(increments=(60, 60))
FREE_START = make_quote(increments=(60, 60), free_s=30)
PER_CALL = make_quote("0.06", per_call="0.01")
PER_CALL_ONLY = make_quote("0", per_call="0.01")
FREE = make_quote("0")
# 6 cents net are 7.14 with 19 % tax: 1,190 micro-euros a second.
NET = make_quote(basis=Basis.NET)
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
        (NET, 1_189, 0),  # money was paid in with its tax
        (NET, 71_400, 60),
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
        (NET, 60, 71_400),
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


@pytest.mark.parametrize(
    ("quote", "available", "allowance_s", "seconds"),
    [
        (PER_SECOND, 0, 120, 120),  # prepaid without money talks for what the allowance pays
        (PER_SECOND, 5_000, 120, 125),
        (PER_SECOND, 5_999, 120, 125),
        (PER_SECOND, 0, 10**9, CAP),
        (FIRST_MINUTE, 0, 59, 0),
        (FIRST_MINUTE, 999, 59, 0),
        (FIRST_MINUTE, 1_000, 59, 60),  # the last second of the first minute in money
        (FIRST_MINUTE, 0, 61, 61),
        (MINUTES, 0, 119, 60),
        (MINUTES, 30_000, 90, 120),
        (MINUTES, 29_999, 90, 60),
        (FREE_START, 0, 60, 90),
        (FREE_START, 0, 59, 30),
        (PER_CALL, 9_999, 120, 0),  # an allowance pays no price per call
        (PER_CALL, 10_000, 120, 120),
        (PER_CALL, 12_000, 120, 122),
        (PER_CALL_ONLY, 9_999, 120, 0),
        (LIMITED, 0, 10_000, 3600),
    ],
)
def test_grants_with_an_allowance(
    quote: Quote, available: int, allowance_s: int, seconds: int
) -> None:
    assert grant_seconds(quote, available, cap_s=CAP, allowance_s=allowance_s) == seconds


def test_what_is_paid_already_stays_paid_however_it_was_rounded() -> None:
    quote = make_quote("0.029")  # a second costs 483.33, charged as 483
    assert grant_seconds(quote, 483, cap_s=CAP) == 0
    assert grant_seconds(quote, 483, cap_s=CAP, paid_s=1) == 1
    assert grant_seconds(quote, 483, cap_s=CAP, paid_s=1, allowance_s=10) == 11
    assert grant_seconds(quote, 967, cap_s=CAP, paid_s=1) == 2


@pytest.mark.parametrize(
    ("quote", "seconds", "allowance_s", "micros"),
    [
        (make_quote("0.029"), 61, 60, 484),
        (make_quote("0.029"), 60, 60, 0),
        (make_quote("0.029"), 60, 500, 0),
        (PER_CALL, 1, 500, 10_000),
        (MINUTES, 61, 90, 30_000),  # charged 120 s, of which the allowance pays 90
        (FREE_START, 31, 20, 40_000),
    ],
)
def test_reservations_with_an_allowance(
    quote: Quote, seconds: int, allowance_s: int, micros: int
) -> None:
    assert price_of_seconds(quote, seconds, allowance_s=allowance_s) == micros


@pytest.mark.parametrize(
    ("quote", "elapsed_s", "allowance_s", "change_s"),
    [
        (PER_SECOND, 0, 120, 120),
        (PER_SECOND, 119, 120, 120),
        (PER_SECOND, 120, 120, 121),
        (FIRST_MINUTE, 0, 59, 60),  # one second of the first minute is money's from the start
        (FIRST_MINUTE, 0, 61, 61),
        (MINUTES, 0, 119, 60),
        (MINUTES, 60, 119, 120),
        (FREE_START, 0, 60, 90),
        (FREE_START, 0, 59, 30),
        (PER_CALL_ONLY, 0, 60, None),
        (LIMITED, 0, 3599, 3599),
        (LIMITED, 0, 3600, None),
    ],
)
def test_next_change_with_an_allowance(
    quote: Quote, elapsed_s: int, allowance_s: int, change_s: int | None
) -> None:
    assert next_change_s(quote, elapsed_s, allowance_s=allowance_s) == change_s
