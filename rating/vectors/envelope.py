"""Lines of a vectors file to vectors, whatever they are about; ``docs/rating-vectors.md``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rating.errors import VectorError
from rating.vectors.json_object import Keys, TextForm, parse_object, shown

FORMAT: Final = "rating-vectors"
VERSION: Final = 1

LINE_BYTES_MAX: Final = 16_384
"""Ten times the longest vector that was ever needed; it also bounds how deep JSON can nest."""
VECTORS_MAX: Final = 2_000_000
"""Twice the longest run that is compared with another system; bounds the memory for the ids."""

_RULES_MAX: Final = 32
_ID: Final = TextForm(re.compile(r"[a-z0-9][a-z0-9._-]{0,99}"), "an id of a-z 0-9 . _ -")
_RULE: Final = TextForm(re.compile(r"[A-Z]{1,8}-[A-Z0-9-]{1,24}"), "the id of a rule")
_COMMENT: Final = TextForm(re.compile(r".*", re.DOTALL), "a text")


@dataclass(frozen=True, slots=True)
class Vector:
    """One example: what is asked and, where it is told, what the answer must be."""

    line: int
    id: str
    rules: tuple[str, ...]
    comment: str
    input: Mapping[str, object]
    output: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that is no vector."""

    line: int
    message: str


def read_vectors(lines: Iterable[bytes]) -> Iterator[Vector | LineProblem]:
    """Read line by line; a bad line is a problem and the next is read all the same.

    After a header of an unknown version, or one vector too many, nothing more is read.
    """
    seen: dict[str, int] = {}
    is_first = True
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            values = parse_object(_text_of(line))
            is_header, is_first = is_first and "format" in values, False
            if is_header:
                _check_header(values)
                continue
            vector = _read_vector(number, Keys(values))
            _check_id(vector, seen)
        except VectorError as error:
            yield LineProblem(number, str(error))
            if isinstance(error, _EndOfReadingError):
                return
        else:
            yield vector


class _EndOfReadingError(VectorError):
    """A line after which nothing may be read."""


def _text_of(line: bytes) -> str:
    if len(line) > LINE_BYTES_MAX:
        raise VectorError(f"the line has more than {LINE_BYTES_MAX} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise VectorError(f"no UTF-8: {error.reason} at byte {error.start}") from error


def _check_header(values: Mapping[str, object]) -> None:
    version = values.get("version")
    if values.get("format") != FORMAT or values.keys() != {"format", "version"}:
        raise _EndOfReadingError(f"not a header of {FORMAT}")
    if type(version) is not int or version != VERSION:
        raise _EndOfReadingError(f"version {shown(version)} of the format is not known")


def _check_id(vector: Vector, seen: dict[str, int]) -> None:
    if vector.id in seen:
        raise VectorError(f"id {vector.id} stands in line {seen[vector.id]} already")
    if len(seen) == VECTORS_MAX:
        raise _EndOfReadingError(f"more than {VECTORS_MAX} vectors")
    seen[vector.id] = vector.line


def _read_vector(number: int, keys: Keys) -> Vector:
    found = Vector(
        line=number,
        id=keys.text("id", _ID),
        rules=keys.texts("rules", _RULE, high=_RULES_MAX),
        comment=keys.text_or_none("comment", _COMMENT) or "",
        input=_needed(keys, "input"),
        output=keys.mapping("output"),
    )
    keys.refuse_others()
    return found


def _needed(keys: Keys, key: str) -> Mapping[str, object]:
    values = keys.mapping(key)
    if values is None:
        keys.wrong(key, "an object")
    return values
