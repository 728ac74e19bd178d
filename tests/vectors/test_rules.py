"""Every rule has vectors, and they notice when the rule is gone.

A rule names edits that remove it. Edits of data are made here, in memory; edits of code are run by
``python -m tests.mutants``, and only their places are checked here.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from rating.errors import DataError, VectorError
from rating.vectors import Vector, find_differences
from tests.vectors.files import (
    ROOT,
    Answer,
    Mutant,
    Rule,
    answer_of,
    read_rules,
    texts_for,
    vectors_by_id,
)

PREFIXES = {"tgnet": "TG", "enreach": "EN", "zaluma": "ZA", "plusnet": "PN"}
RULES = [*read_rules("calls"), *read_rules("charges")]
MUTANTS = [
    (rule, mutant, f"{rule.id}-{number}")
    for rule in RULES
    for number, mutant in enumerate(rule.mutants, start=1)
]
DATA_MUTANTS = [
    pytest.param(rule, mutant, id=name) for rule, mutant, name in MUTANTS if mutant.is_of_data
]
CODE_MUTANTS = [
    pytest.param(rule, mutant, id=name) for rule, mutant, name in MUTANTS if not mutant.is_of_data
]

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_a_rule_has_one_name() -> None:
    names = Counter(rule.id for rule in RULES)
    assert [name for name, count in names.items() if count > 1] == []
    assert {rule.provider for rule in RULES} == PREFIXES.keys()


@rules
def test_rule_is_told_and_shown(rule: Rule) -> None:
    assert re.fullmatch(rf"{PREFIXES[rule.provider]}-[A-Z0-9-]+", rule.id)
    assert rule.text.endswith(".")
    assert "line" in rule.where
    assert rule.vectors
    assert [name for name in rule.vectors if name not in vectors_by_id()] == []
    assert [name for name in rule.vectors if rule.id not in vectors_by_id()[name].rules] == []


def test_vectors_name_rules_that_there_are() -> None:
    known = {rule.id for rule in RULES}
    named = {name for vector in vectors_by_id().values() for name in vector.rules}
    assert named <= known, sorted(named - known)


@rules
def test_rule_can_be_removed(rule: Rule) -> None:
    assert rule.mutants


@pytest.mark.parametrize(("rule", "mutant"), DATA_MUTANTS)
def test_a_removed_rule_is_noticed(rule: Rule, mutant: Mutant) -> None:
    texts = texts_for(rule.provider)
    assert texts[mutant.file].count(mutant.old) == 1
    texts[mutant.file] = texts[mutant.file].replace(mutant.old, mutant.new)
    if mutant.is_refused:
        with pytest.raises(DataError):
            answer_of(rule.kind, texts)
        return
    answer = answer_of(rule.kind, texts)
    assert any(has_changed(vectors_by_id()[name], answer) for name in rule.vectors)


@pytest.mark.parametrize(("rule", "mutant"), CODE_MUTANTS)
def test_a_rule_stands_in_the_code_where_it_is_said(rule: Rule, mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1


def has_changed(vector: Vector, answer: Answer) -> bool:
    assert vector.output is not None
    try:
        return find_differences(vector.output, answer(vector.input)) != ()
    except VectorError:
        # What cannot be asked any more proves nothing about its price.
        return False
