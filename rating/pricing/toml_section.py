"""TOML with places: every value can say on which line it stands, every problem is collected.

``tomllib`` forgets lines, so they are found again by reading headers and keys; values that span
lines are found by the line of their key.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeVar

from rating.errors import Problem
from rating.money import parse_price

E = TypeVar("E", bound=StrEnum)

_HEADER: Final = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+)\s*\]\]?")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_ERROR_LINE: Final = re.compile(r"at line ([0-9]+)")


class Section:
    """One table of a TOML file. A getter gives a harmless value after it noted a problem."""

    def __init__(
        self,
        file: str,
        values: Mapping[str, object],
        lines: Mapping[str, int],
        problems: list[Problem],
    ) -> None:
        self._file = file
        self._values = values
        self._lines = lines
        self._problems = problems
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        """Tell whether an optional key is given."""
        return key in self._values

    def text(self, key: str, *, default: str | None = None) -> str:
        """Read a text that is not empty."""
        value = self._get(key, default)
        if isinstance(value, str) and value:
            return value
        self._wrong(key, value, "a text")
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; the key may be missing."""
        value = self._get(key, [])
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        self._wrong(key, value, "a list of texts")
        return ()

    def choice(self, key: str, choices: type[E], *, default: E | None = None) -> E:
        """Read a word of an enumeration."""
        value = self._get(key, default)
        for choice in choices:
            if choice == value:
                return choice
        self._wrong(key, value, f"one of {', '.join(choices)}")
        return next(iter(choices))

    def choices(self, key: str, choices: type[E]) -> tuple[E, ...]:
        """Read a list of words of an enumeration."""
        words = self.texts(key)
        known = {choice.value: choice for choice in choices}
        if not words or not known.keys() >= set(words):
            self._wrong(key, list(words), f"a list of {', '.join(choices)}")
        return tuple(known[word] for word in words if word in known)

    def price(self, key: str, *, default: str | None = None) -> Fraction:
        """Read a decimal number, written as text so that it stays exact."""
        value = self._get(key, default)
        try:
            return parse_price(value if isinstance(value, str) else "")
        except ValueError:
            self._wrong(key, value, 'a decimal number in quotation marks, such as "0.19"')
            return Fraction(0)

    def count(self, key: str) -> int:
        """Read a whole number above zero."""
        value = self._get(key, None)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self._wrong(key, value, "a whole number above 0")
        return 1

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Read true or false."""
        value = self._get(key, default)
        if isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false")
        return False

    def day(self, key: str) -> date:
        """Read a local day."""
        value = self._get(key, None)
        # A datetime is a date in Python, but no day.
        if type(value) is date:
            return value
        self._wrong(key, value, "a day such as 2010-03-01")
        return date.min

    def day_or_none(self, key: str) -> date | None:
        """Read a local day that may be missing."""
        return self.day(key) if self.has(key) else None

    def problem(self, key: str, message: str) -> None:
        """Note a problem at the line of a key (or of the section's head)."""
        line = self._lines.get(key, self._lines.get("", 0))
        self._problems.append(Problem(self._file, line, message))

    def refuse_unknown_keys(self) -> None:
        """Note keys that nobody asked for: a misspelt rule must not be silently ignored."""
        for key, value in self._values.items():
            is_table = isinstance(value, dict) or (
                isinstance(value, list) and any(isinstance(entry, dict) for entry in value)
            )
            if key not in self._asked and not is_table:
                self.problem(key, f"unknown key: {key}")

    def _get(self, key: str, default: object) -> object:
        self._asked.add(key)
        return self._values.get(key, default)

    def _wrong(self, key: str, value: object, expected: str) -> None:
        if value is None:
            self.problem(key, f"{key} is missing; expected {expected}")
        else:
            self.problem(key, f"{key} must be {expected}, not {value!r}")


class TomlFile:
    """A parsed file and the lines of its keys; problems of the text itself are noted at once."""

    def __init__(self, file: str, text: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._lines = _find_lines(text)
        self._values: Mapping[str, object] = {}
        try:
            self._values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = _ERROR_LINE.search(str(error))
            problems.append(Problem(file, int(place[1]) if place else 0, str(error)))

    @property
    def is_readable(self) -> bool:
        """Whether the text was TOML, with anything in it."""
        return bool(self._values)

    def top(self) -> Section:
        """Give the keys before any table."""
        return self._section("", 0, self._values)

    def table(self, name: str) -> Section | None:
        """Give a ``[name]`` table."""
        values = self._values.get(name)
        return self._section(name, 0, values) if isinstance(values, dict) else None

    def tables(self, name: str) -> list[Section]:
        """Give the ``[[name]]`` tables in their order."""
        values = self._values.get(name, [])
        if not isinstance(values, list):
            self._problems.append(Problem(self._file, 0, f"{name} must be [[{name}]] tables"))
            return []
        return [
            self._section(name, number, entry)
            for number, entry in enumerate(values)
            if isinstance(entry, dict)
        ]

    def _section(self, name: str, number: int, values: Mapping[str, object]) -> Section:
        return Section(self._file, values, self._lines.get((name, number), {}), self._problems)


def _find_lines(text: str) -> dict[tuple[str, int], dict[str, int]]:
    """Map (table name, its number) to the lines of its keys; the key "" is the header."""
    found: dict[tuple[str, int], dict[str, int]] = {("", 0): {"": 1}}
    keys = found["", 0]
    for line, content in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(content)
        key = _KEY.match(content)
        if header is not None:
            number = sum(name == header[1] for name, _ in found)
            keys = found.setdefault((header[1], number), {"": line})
        elif key is not None:
            keys.setdefault(key[1], line)
    return found
