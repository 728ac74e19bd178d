"""Every vector of every file is answered to the last digit."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from rating.vectors import Vector, find_differences
from tests.vectors.files import FOLDER, Answer, answer_of, shipped_texts, vectors_of

PROVIDERS = ("enreach", "plusnet", "tgnet", "zaluma")


@cache
def answer(kind: str) -> Answer:
    return answer_of(kind, shipped_texts())


@pytest.mark.parametrize("vector", vectors_of("calls"), ids=lambda vector: vector.id)
def test_call(vector: Vector) -> None:
    assert vector.output is not None
    assert find_differences(vector.output, answer("calls")(vector.input)) == ()


@pytest.mark.parametrize("vector", vectors_of("charges"), ids=lambda vector: vector.id)
def test_charge(vector: Vector) -> None:
    assert vector.output is not None
    assert find_differences(vector.output, answer("charges")(vector.input)) == ()


@pytest.mark.parametrize("kind", ["calls", "charges"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_vectors(provider: str, kind: str) -> None:
    assert (FOLDER / f"{provider}.{kind}.jsonl").exists()


def test_a_name_stands_for_one_vector() -> None:
    names = Counter(vector.id for kind in ("calls", "charges") for vector in vectors_of(kind))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_vector_says_how_it_was_worked_out() -> None:
    vectors = (*vectors_of("calls"), *vectors_of("charges"))
    assert [vector.id for vector in vectors if not vector.comment] == []
