"""Where an answer differs from what was expected, place by place."""

import re
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

_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.+-]{1,40}")


def find_differences(
    expected: Mapping[str, object], answered: Mapping[str, JsonValue]
) -> tuple[str, ...]:
    """Say at each place what was expected and what was answered; nothing if they are equal."""
    return tuple(_between("", "", dict(expected), dict(answered)))


def _between(place: str, key: str, expected: object, answered: object) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(answered, dict):
        for inner in dict.fromkeys((*expected, *answered)):
            name = inner if _PLAIN_KEY.fullmatch(inner) else shown(inner)
            at = f"{place}.{name}" if place else name
            if inner not in expected:
                yield f"{at}: expected nothing, answered {shown(answered[inner])}"
            elif inner not in answered:
                yield f"{at}: expected {shown(expected[inner])}, answered nothing"
            else:
                yield from _between(at, inner, expected[inner], answered[inner])
    elif (
        isinstance(expected, list) and isinstance(answered, list) and len(expected) == len(answered)
    ):
        for number, pair in enumerate(zip(expected, answered, strict=True)):
            yield from _between(f"{place}[{number}]", key, *pair)
    elif not _is_equal(key, expected, answered):
        yield f"{place}: expected {shown(expected)}, answered {shown(answered)}"


def _is_equal(key: str, expected: object, answered: object) -> bool:
    # True equals 1 in Python, but not in JSON.
    if type(expected) is not type(answered):
        return False
    if key in _NUMBERS and isinstance(expected, str) and isinstance(answered, str):
        return _value(expected) == _value(answered)
    return expected == answered


def _value(text: str) -> Fraction | str:
    try:
        return read_number(text)
    except ValueError:
        return text
