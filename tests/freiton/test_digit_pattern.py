"""What a prefix can still become; for short numbers brute force knows it, too."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.digit_pattern import START, DigitPattern

PATTERNS = [
    "12",
    "[1-3]4",
    r"1\d",
    "1?2",
    "1(?:2|34)",
    "(?:1|22)3?",
    r"[13-5]\d{2}",
    r"1\d{1,2}",
    "(?:12){1,2}",
    "(?:1|2)?(?:3|45)",
    r"2(?:0[1-3]|[4-6]\d)",
    r"[2\d]1",
    "1{0,2}2",
]
NUMBERS = [
    "".join(digits) for length in range(1, 5) for digits in product("0123456", repeat=length)
]


def is_alive(pattern: DigitPattern, prefix: str) -> bool:
    state = START
    for digit in prefix:
        state = pattern.step(state, digit)
    return bool(state)


@pytest.mark.parametrize("text", PATTERNS)
def test_a_prefix_is_alive_if_some_number_begins_with_it(text: str) -> None:
    numbers = [number for number in NUMBERS if re.fullmatch(text, number)]
    beginnings = {number[:length] for number in numbers for length in range(1, len(number) + 1)}
    pattern = DigitPattern(text)
    for prefix in NUMBERS:
        assert is_alive(pattern, prefix) is (prefix in beginnings), prefix


@given(st.from_regex(r"(?:2[1-9]\d{1,3}|80(?:0|5\d?)\d{4})", fullmatch=True))
def test_every_beginning_of_a_number_is_alive(number: str) -> None:
    pattern = DigitPattern(r"2[1-9]\d{1,3}|80(?:0|5\d?)\d{4}")
    ascii_number = "".join(str(int(digit)) for digit in number)
    assert all(is_alive(pattern, ascii_number[:end]) for end in range(1, len(number) + 1))


@pytest.mark.parametrize("text", ["1)", "(?:1", "1|a", "^1", "1*", "x", "[1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|closed|found"):
        DigitPattern(text)
