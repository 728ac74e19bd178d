"""Strict JSON objects, and typed reading of their keys with the place of what is wrong.

A key that is null is the same as one that is missing.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple, NoReturn, TypeVar

from rating.errors import VectorError
from rating.vectors.exact_text import read_number

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2199
"""No tariff reaches further, and a calendar may be added to without leaving its range."""

_INTEGER_DIGITS_MAX: Final = 15
_SHOWN_CHARACTERS_MAX: Final = 60
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class TextForm(NamedTuple):
    """Which texts a key may have, and how to say so."""

    pattern: re.Pattern[str]
    expected: str


def parse_object(text: str) -> dict[str, object]:
    """Parse one JSON object without floats and repeated keys; raise ``VectorError``."""
    try:
        value = json.loads(
            text,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_read_integer,
            object_pairs_hook=_unique_keys,
        )
        if "\\u" in text:
            # Half a surrogate pair is JSON, but no text that could be written again.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise VectorError("a text holds half a surrogate pair") from error
    except RecursionError as error:
        raise VectorError("objects or lists stand too deep in each other") from error
    except json.JSONDecodeError as error:
        raise VectorError(f"no JSON object: {error}") from error
    if not isinstance(value, dict):
        raise VectorError("no JSON object")
    return value


class Keys:
    """The keys of one object; a getter raises ``VectorError`` with the path of the key."""

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self._values = values
        self._path = path
        self._asked: set[str] = set()

    def names(self) -> tuple[str, ...]:
        """List the keys that there are."""
        return tuple(self._values)

    def text(self, key: str, form: TextForm) -> str:
        """Read a text that must be there."""
        return self._needed(key, form.expected, self.text_or_none(key, form))

    def text_or_none(self, key: str, form: TextForm) -> str | None:
        """Read a text."""
        value = self._get(key)
        if value is None:
            return None
        if not isinstance(value, str) or form.pattern.fullmatch(value) is None:
            self.wrong(key, form.expected)
        return value

    def texts(self, key: str, form: TextForm, *, high: int) -> tuple[str, ...]:
        """Read a list of at most ``high`` texts, empty if it is missing."""
        found = []
        for entry in self._list(key, high):
            if not isinstance(entry, str) or form.pattern.fullmatch(entry) is None:
                self.wrong(key, f"a list; each entry {form.expected}")
            found.append(entry)
        return tuple(found)

    def count(self, key: str, *, low: int, high: int, default: int | None = None) -> int:
        """Read a whole number in its bounds."""
        value = self._get(key)
        if value is None and default is not None:
            return default
        if type(value) is not int or not low <= value <= high:
            self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def choice(self, key: str, choices: type[E], *, default: E) -> E:
        """Read a word of an enumeration."""
        value = self._get(key)
        if value is None:
            return default
        found = next((choice for choice in choices if choice.value == value), None)
        return self._needed(key, f"one of {', '.join(choices)}", found)

    def number(self, key: str) -> Fraction:
        """Read an exact number that must be there."""
        expected = "a number that is not negative, in quotation marks"
        return self._needed(key, expected, self._read(key, expected, read_number))

    def day(self, key: str) -> date:
        """Read a day that must be there."""
        return self._needed(key, "a day such as 2026-05-20", self.day_or_none(key))

    def day_or_none(self, key: str) -> date | None:
        """Read a day."""
        expected = f"a day from {YEAR_MIN} to {YEAR_MAX} such as 2026-05-20"
        return self._read(key, expected, _read_day)

    def instant(self, key: str) -> datetime:
        """Read an instant with its offset, in UTC, that must be there."""
        expected = f"an instant from {YEAR_MIN} to {YEAR_MAX} such as 2026-05-20T14:00:00+02:00"
        return self._needed(key, expected, self._read(key, expected, _read_instant))

    def inner(self, key: str) -> "Keys | None":
        """Read an object."""
        value = self._get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, "an object")
        return Keys(value, self._place(key))

    def objects(self, key: str, *, high: int) -> "list[Keys]":
        """Read a list of at most ``high`` objects, empty if it is missing."""
        found = []
        for number, entry in enumerate(self._list(key, high)):
            if not isinstance(entry, dict):
                self.wrong(key, "a list of objects")
            found.append(Keys(entry, f"{self._place(key)}[{number}]"))
        return found

    def mapping(self, key: str) -> Mapping[str, object] | None:
        """Read an object whose keys somebody else will read."""
        keys = self.inner(key)
        return None if keys is None else keys._values  # noqa: SLF001 - one of our own

    def refuse_others(self) -> None:
        """Raise for a key that nobody asked for: it could be a misspelt condition."""
        for key in self._values:
            if key not in self._asked:
                raise VectorError(f"unknown key {shown(self._place(key))}")

    def wrong(self, key: str, expected: str) -> NoReturn:
        """Raise with the place of a key and what was expected there."""
        if self._values.get(key) is None:
            raise VectorError(f"{self._place(key)} is missing; expected {expected}")
        place, value = self._place(key), shown(self._values[key])
        raise VectorError(f"{place} must be {expected}, not {value}")

    def _get(self, key: str) -> object:
        self._asked.add(key)
        return self._values.get(key)

    def _list(self, key: str, high: int) -> list[object]:
        value = self._get(key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > high:
            self.wrong(key, f"a list of at most {high} entries")
        return value

    def _read(self, key: str, expected: str, read: Callable[[str], T]) -> T | None:
        value = self._get(key)
        if value is None:
            return None
        try:
            return read(value if isinstance(value, str) else "")
        except ValueError:
            self.wrong(key, expected)

    def _needed(self, key: str, expected: str, value: T | None) -> T:
        if value is None:
            self.wrong(key, expected)
        return value

    def _place(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def shown(value: object) -> str:
    """Show a value of a stranger: in one line of printable ASCII, and not all of a long one."""
    text = ascii(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"


def _read_day(text: str) -> date:
    if _DAY.fullmatch(text) is None:
        raise ValueError(text)
    day = date.fromisoformat(text)
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise ValueError(text)
    return day


def _read_instant(text: str) -> datetime:
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(text)
    instant = datetime.fromisoformat(text)
    if not YEAR_MIN <= instant.year <= YEAR_MAX:
        raise ValueError(text)
    return instant.astimezone(UTC)


def _refuse_number(text: str) -> NoReturn:
    raise VectorError(f"the number {shown(text)} must stand in quotation marks")


def _read_integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS_MAX:
        raise VectorError(f"the number {shown(text)} is too long")
    return int(text)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise VectorError(f"key {shown(twice)} stands twice")
    return found
