"""The example on the page of the format is a vector, and its answer is right."""

from __future__ import annotations

import re

from rating.engine import UnpricedReason
from rating.numbering import LineType, RefusalReason
from rating.vectors import CONCURRENCY_LIMIT, Vector, find_differences, read_vectors
from tests.vectors.files import ROOT, answer_calls, shipped_texts, vectors_of

PAGE = (ROOT / "docs" / "rating-vectors.md").read_text(encoding="utf-8")


def test_the_example_is_answered_as_it_says() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (vector,) = read_vectors([" ".join(example.split("\n")).encode()])
    assert isinstance(vector, Vector)
    assert vector.output is not None
    answer = answer_calls(shipped_texts())(vector.input)
    assert find_differences(vector.output, answer) == ()


def test_every_reason_and_line_type_is_explained() -> None:
    reasons = {*UnpricedReason, *RefusalReason, CONCURRENCY_LIMIT}
    listed = PAGE.partition("## Output of a refused call")[2].partition("\n## ")[0]
    assert {name for name in reasons if f"`{name}`" not in listed} == set()
    unlisted = {one for one in LineType if f"`{one}`" not in PAGE}
    assert unlisted == {LineType.UNASSIGNED}  # always refused


def test_every_key_of_the_vectors_is_explained() -> None:
    keys = {key for one in vectors_of("calls") for key in (*one.input, *(one.output or {}))}
    assert len(keys) > 30
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()
