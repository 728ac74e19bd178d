"""Thousands of random charges cost what a slow checker without shared code says."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest

from tests.rating.checker_charges import questions
from tests.rating.checker_charges.check_fees import FeeChecker
from tests.rating.checker_charges.check_orders import check_order
from tests.rating.checker_charges.check_usage import check_conversation, check_usage, check_work
from tests.vectors.files import Answer, answer_charges, shipped_texts

Json = dict[str, Any]

ASKED = 600

KINDS: dict[str, tuple[Callable[[Random], Json], Callable[[Json], Json], int]] = {
    "fees": (questions.fees, lambda question: FeeChecker(question).answer(), 2000),
    "usage": (questions.usage, check_usage, 8000),
    "conversation": (questions.conversation, check_conversation, 1000),
    "work": (questions.work, check_work, 150),
    "order": (questions.order, check_order, 5000),
}


@cache
def answer() -> Answer:
    return answer_charges(shipped_texts())


def compare(kind: str, seed: int, rounds: int) -> list[tuple[Json, Json, Json]]:
    ask, check, _ = KINDS[kind]
    random = Random(seed)  # noqa: S311 - the same questions in every run
    found = []
    for _ in range(rounds):
        question = ask(random)
        answered, checked = in_order(answer()(question)), in_order(check(question))
        if answered != checked:
            found.append((question, answered, checked))
    return found


def in_order(value: Json) -> Json:
    """Positions and violations are sets; their order is nobody's business here."""
    found = dict(value)
    for one in found.get("violations", []):
        one["items"] = sorted(one["items"])
    for key in ("fees", "unpriced", "violations", "added"):
        if key in found:
            found[key] = sorted(found[key], key=lambda one: json.dumps(one, sort_keys=True))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_random_charges_cost_what_the_checker_says(kind: str) -> None:
    assert compare(kind, seed=3, rounds=KINDS[kind][2])[:1] == []


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_many_random_charges_cost_what_the_checker_says(kind: str) -> None:
    assert compare(kind, seed=4, rounds=10 * KINDS[kind][2])[:1] == []


def test_questions_reach_what_they_are_about() -> None:
    random = Random(5)  # noqa: S311 - the same questions in every run
    asked = [ask(random) for ask, _, _ in KINDS.values() for _ in range(ASKED)]
    told = " ".join(json.dumps(answer()(question)) for question in asked)
    for word in (
        '"COMPANY-FLAT"', '"HOME"', '"PRO"', '"KOMBI"', '"on_request"', '"impossible"',
        '"no_list"', '"not_in_plan"', '"no_price"', '"window_closed"', '"throttled": true',
        '"DATA-BEYOND"', '"units_outside": 1', '"allowed": true',
        '"national-flat-mandatory"', '"seat-flat-one-of-three"', '"plus-for-account"',
        '"not-orderable"', '"single-numbers-max"', '"whatsapp-includes-sms"',
        '"account-for-each-number"', '"vat_rate": "0.16"',
    ):  # fmt: skip
        assert word in told, word
