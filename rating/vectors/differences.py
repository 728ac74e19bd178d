"""Where an answer differs from what was expected, key by key."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from rating.stored_record import JsonValue
from rating.vectors.exact_text import read_number
from rating.vectors.json_object import shown

_NUMBERS: Final = frozenset(
    {"price", "price_per_minute", "price_per_call", "vat_rate", "amount", "net", "gross"}
)
"""Keys whose texts are compared by value: ``0.50`` is ``1/2``."""

_MISSING: Final = "nothing"


def find_differences(
    expected: Mapping[str, object], answered: Mapping[str, JsonValue]
) -> tuple[str, ...]:
    """Say for each key what was expected and what was answered; nothing if they are equal."""
    return tuple(_find(expected, answered))


def _find(expected: Mapping[str, object], answered: Mapping[str, JsonValue]) -> Iterator[str]:
    for key in dict.fromkeys((*expected, *answered)):
        if key not in expected:
            yield f"{key}: expected {_MISSING}, answered {shown(answered[key])}"
        elif key not in answered:
            yield f"{shown(key)}: expected {shown(expected[key])}, answered {_MISSING}"
        elif not _is_equal(key, expected[key], answered[key]):
            yield f"{key}: expected {shown(expected[key])}, answered {shown(answered[key])}"


def _is_equal(key: str, expected: object, answered: object) -> bool:
    # True equals 1 in Python, but not in JSON.
    if type(expected) is not type(answered):
        return False
    if isinstance(expected, dict) and isinstance(answered, dict):
        same_keys = expected.keys() == answered.keys()
        return same_keys and all(_is_equal(one, expected[one], answered[one]) for one in expected)
    if isinstance(expected, list) and isinstance(answered, list):
        pairs = zip(expected, answered, strict=False)
        return len(expected) == len(answered) and all(_is_equal(key, *pair) for pair in pairs)
    if key in _NUMBERS and isinstance(expected, str) and isinstance(answered, str):
        return _value(expected) == _value(answered)
    return expected == answered


def _value(text: str) -> Fraction | str:
    try:
        return read_number(text)
    except ValueError:
        return text
