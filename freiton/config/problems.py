"""What is wrong in a file of settings: every problem at once, each with line and path."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from freiton.errors import OperatorError

Location = tuple[str | int, ...]
"""The way to a value: table names, keys and array indices."""

_Model = TypeVar("_Model", bound=BaseModel)

_FILE_BYTES_MAX: Final = 4 * 1024 * 1024  # some ten thousand accounts; more is not a hand-kept file
_MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "extra_forbidden": "there is no such setting",
        "missing": "is missing",
        "model_type": "should be a table",
        "tuple_type": "should be an array",
        "path_type": "should be text in quotes",
        "string_type": "should be text in quotes",
    }
)
_ENUM_MEMBER: Final = re.compile(r"<\w+\.\w+: ('[^']*')>")
_TABLE: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*((?:[\w-]+|\"[^\"]*\")(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"))*)\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    message: str
    location: Location = ()
    line: int | None = None

    def __str__(self) -> str:
        path = _path(self.location)
        return f"{path}: {self.message}" if path else self.message


class ConfigError(OperatorError):
    """A file that cannot be used as it is; nothing of it was taken over."""

    def __init__(self, file: Path | None, problems: Iterable[Problem]) -> None:
        """Name the file, if there is one, in front of each problem."""
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(self._sentence(problem) for problem in self.problems))

    def _sentence(self, problem: Problem) -> str:
        if self.file is None:
            return str(problem)
        place = f"{self.file}:{problem.line}" if problem.line else str(self.file)
        return f"{place}: {problem}"


class TomlFile:
    """A TOML file that remembers on which lines its values stand."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises ConfigError when it is missing, too large or no TOML."""
        self.path = path
        self._text = _read(path)
        try:
            self.values = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(path, [Problem(f"is not valid TOML: {error}")]) from error
        except RecursionError as error:
            raise ConfigError(path, [Problem("is nested too deeply")]) from error

    def error(self, problems: Iterable[Problem]) -> ConfigError:
        """Return the error that reports these problems with their lines."""
        lines = _lines(self._text)
        placed = [
            Problem(one.message, one.location, _line(lines, one.location)) for one in problems
        ]
        return ConfigError(self.path, sorted(placed, key=lambda one: one.line or 0))


def validate(model: type[_Model], values: Mapping[str, object]) -> _Model | tuple[Problem, ...]:
    """Return the checked model, or everything that is wrong with the values."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        return tuple(_problem(detail) for detail in error.errors(include_url=False))


def _problem(detail: ErrorDetails) -> Problem:
    message = _MESSAGES.get(detail["type"]) or _ENUM_MEMBER.sub(
        r"\1", detail["msg"].removeprefix("Value error, ")
    )
    return Problem(message.removeprefix("Input "), detail["loc"])


def _path(location: Location) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
        text = data.decode("utf-8")
    except OSError as error:
        problem = Problem(f"cannot be read: {error.strerror or error}")
        raise ConfigError(path, [problem]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, [Problem("is not UTF-8 text")]) from error
    if len(data) > _FILE_BYTES_MAX:
        raise ConfigError(path, [Problem(f"is larger than {_FILE_BYTES_MAX} bytes")])
    return text


def _lines(text: str) -> Mapping[Location, int]:
    """Return where tables and keys stand.

    tomllib tells no positions. This reads headers and keys at line starts, which is how such files
    are written; a value inside an inline table is reported at the line of its key.
    """
    lines: dict[Location, int] = {}
    table: Location = ()
    counts: dict[Location, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _entered(header[2], counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_names(key[1])), number)
    return lines


def _entered(name: str, counts: dict[Location, int], *, is_array: bool) -> Location:
    table: Location = ()
    names = _names(name)
    for place, part in enumerate(names, start=1):
        table = (*table, part)
        if is_array and place == len(names):
            counts[table] = counts.get(table, -1) + 1
        if table in counts:
            table = (*table, counts[table])
    return table


def _names(dotted: str) -> Sequence[str]:
    return [part.strip().strip('"') for part in dotted.split(".")]


def _line(lines: Mapping[Location, int], location: Location) -> int | None:
    for length in range(len(location), 0, -1):
        if line := lines.get(location[:length]):
            return line
    return None
