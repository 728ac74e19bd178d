"""Amounts that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from rating.engine import RatingParams, StepKind, charged_seconds, rate_call
from rating.errors import LocalError
from rating.pricing import Basis
from tests.rating.engine.quotes import make_quote

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("per_minute", "seconds", "micros"),
    [
        ("0.029", "1", 483),  # 0.029 / 60 = 0.00048333
        ("0.029", "100", 48_333),  # 0.0483333
        ("0.029", "59.4", 29_000),  # a begun second counts: 60 s
        ("0.199", "0.000001", 3_317),  # 0.00331666 rounds up
        ("0.19833", "3", 9_917),  # 0.0099165: the half goes up
        ("0.14", "90", 210_000),
        ("1.39", "3600", 83_400_000),
        ("0.029", "0", 0),
    ],
)
def test_a_gross_price_per_minute(per_minute: str, seconds: str, micros: int) -> None:
    duration_us = int(Fraction(seconds) * SECOND)
    rated = rate_call(RatingParams(make_quote(per_minute), duration_us))
    assert rated.amount_micros == rated.gross_micros == micros


@pytest.mark.parametrize(
    ("increments", "free_s", "billed_s", "charged_s"),
    [
        ((1, 1), 0, 61, 61),
        ((60, 1), 0, 1, 60),
        ((60, 1), 0, 60, 60),
        ((60, 1), 0, 61, 61),
        ((60, 60), 0, 60, 60),
        ((60, 60), 0, 61, 120),
        ((30, 6), 0, 31, 36),
        ((1, 1), 30, 30, 0),
        ((1, 1), 30, 31, 1),
        ((60, 60), 30, 31, 60),
        ((60, 60), 0, 0, 0),
    ],
)
def test_increments_and_free_seconds(
    increments: tuple[int, int], free_s: int, billed_s: int, charged_s: int
) -> None:
    quote = make_quote(increments=increments, free_s=free_s)
    assert charged_seconds(quote, billed_s) == charged_s


def test_a_price_per_call_is_due_once_and_only_for_an_answered_call() -> None:
    quote = make_quote("0", per_call="0.168067", basis=Basis.NET)
    assert rate_call(RatingParams(quote, 0)).amount_micros == 0
    for duration_us in (1, 60 * SECOND, 3600 * SECOND):
        rated = rate_call(RatingParams(quote, duration_us))
        assert rated.amount_micros == rated.net_micros == 168_067
        assert rated.gross_micros == 200_000  # 0.168067 x 1.19 = 0.19999973
        assert rated.vat_micros == 31_933


def test_net_is_extracted_from_the_exact_gross_amount() -> None:
    # Two seconds at 2.9 cents: gross 0.00096666..., net 0.00081232...; from the rounded gross,
    # 0.000967, it would be 0.000813.
    rated = rate_call(RatingParams(make_quote("0.029"), 2 * SECOND))
    assert (rated.gross_micros, rated.net_micros, rated.vat_micros) == (967, 812, 155)


def test_the_steps_of_a_calculation() -> None:
    quote = make_quote("0.14", per_call="0.05", increments=(60, 60), free_s=30, caps_s=100)
    rated = rate_call(RatingParams(quote, 120_500_000))
    assert [(step.kind, step.result) for step in rated.steps] == [
        (StepKind.DURATION, Fraction("120.5")),
        (StepKind.BEGUN_SECONDS, 121),
        (StepKind.LEGAL_LIMIT, 100),
        (StepKind.FREE_SECONDS, 70),
        (StepKind.INCREMENTS, 120),
        (StepKind.ALLOWANCES, 120),
        (StepKind.SETUP_FEE, Fraction("0.05")),
        (StepKind.DURATION_FEE, Fraction("0.28")),
        (StepKind.ROUNDED, Fraction("0.33")),
    ]


@pytest.mark.parametrize(
    ("seconds", "allowance_s", "used_s", "micros"),
    [
        (60, (), (0, 0), 60_000),
        (60, (0, 0), (0, 0), 60_000),
        (60, (100, 100), (60, 0), 0),
        (60, (59, 0), (59, 0), 1_000),  # split to the second
        (60, (20, 30), (20, 30), 10_000),  # in their order
        (60, (0, 30), (0, 30), 30_000),
        (60, (20, 100), (20, 40), 0),
        (0, (20, 100), (0, 0), 0),
    ],
)
def test_allowances_pay_before_money(
    seconds: int, allowance_s: tuple[int, ...], used_s: tuple[int, ...], micros: int
) -> None:
    quote = replace(make_quote(), allowances=("FREE", "PACKAGE"))
    rated = rate_call(RatingParams(quote, seconds * SECOND, allowance_s))
    assert rated.allowance_used_s == used_s
    assert rated.amount_micros == micros
    assert rated.charged_s == seconds
    assert rated.paid_s == seconds - sum(used_s)
    names = zip(quote.allowances, used_s, strict=True)
    assert rated.allowance_use == {name: used for name, used in names if used}


def test_an_allowance_pays_what_is_left_after_free_seconds_and_whole_increments() -> None:
    quote = make_quote("0.06", per_call="0.05", increments=(60, 60), free_s=30)
    rated = rate_call(RatingParams(replace(quote, allowances=("FREE",)), 100 * SECOND, (90,)))
    # 100 s less 30 s free are 70 s, begun minutes 120 s: 90 s of the allowance, 30 s of money.
    assert (rated.charged_s, rated.allowance_used_s, rated.paid_s) == (120, (90,), 30)
    assert rated.amount_micros == 50_000 + 30_000
    steps = {step.kind: step.result for step in rated.steps}
    assert steps[StepKind.INCREMENTS] == 120
    assert steps[StepKind.ALLOWANCES] == 30
    assert steps[StepKind.DURATION_FEE] == Fraction("0.03")


@pytest.mark.parametrize("per_call", ["0", "0.168067"])
def test_an_allowance_pays_no_price_per_call_and_nothing_that_is_free(per_call: str) -> None:
    quote = replace(make_quote("0", per_call=per_call), allowances=("FREE",))
    rated = rate_call(RatingParams(quote, 60 * SECOND, (7_200,)))
    assert rated.allowance_used_s == (0,)
    assert rated.allowance_use == {}
    assert rated.amount_micros == int(Fraction(per_call) * SECOND)


@pytest.mark.parametrize("allowance_s", [(60,), (60, 0, 0), (-1, 60)])
def test_seconds_of_other_allowances_are_our_own_mistake(allowance_s: tuple[int, ...]) -> None:
    quote = replace(make_quote(), allowances=("FREE", "PACKAGE"))
    with pytest.raises(LocalError):
        rate_call(RatingParams(quote, SECOND, allowance_s))


def test_a_negative_duration_is_our_own_mistake() -> None:
    with pytest.raises(LocalError):
        rate_call(RatingParams(make_quote(), -1))
