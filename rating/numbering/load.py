"""Numbering data from text: all of it, or every problem with its file and line.

numbering.toml              version = the folder in force
de-special.csv              prefix,kind,digits_min,digits_max,note
<version>/prefixes.csv      prefix,region,line_type,breakout
<version>/areas-de.csv      prefix,digits          length of German area codes, 0: not assigned
<version>/countries.csv     code,digits_min        country codes of the world
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from rating.csv_table import read_table
from rating.errors import DataError, Problem
from rating.numbering.number import RefusalReason, ServiceKind
from rating.numbering.numbering_plan import NumberingPlan, SpecialRange
from rating.numbering.prefix_table import LineType, NumberRange, PrefixTable

VERSION_FILE: Final = "numbering.toml"
SPECIALS_FILE: Final = "de-special.csv"

_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_REGION: Final = re.compile(r"[A-Z]{2}|001")
_BREAKOUT: Final = re.compile(r"(?:[A-Z]{2}-[A-Z0-9-]+)?")
_MOBILE: Final = "mobile"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbering plan and the prefix table of one version."""

    version: str
    plan: NumberingPlan
    prefix_table: PrefixTable


def load_numbering(files: Mapping[str, str], *, version: str | None = None) -> Numbering:
    """Read the texts of ``config/numbering``, named by their relative paths.

    ``version`` overrides the one in force. Raises ``DataError`` with every problem.
    """
    problems: list[Problem] = []
    version = version or _version_in_force(files, problems)
    read = _Reader(files, problems)
    specials = read.rows(SPECIALS_FILE, ("prefix", "kind", "digits_min", "digits_max"), _special)
    ranges = read.rows(
        f"{version}/prefixes.csv", ("prefix", "region", "line_type", "breakout"), _range
    )
    areas = read.rows(f"{version}/areas-de.csv", ("prefix", "digits"), _area)
    countries = read.rows(f"{version}/countries.csv", ("code", "digits_min"), _country)
    if problems:
        raise DataError(tuple(problems))
    plan = NumberingPlan(specials=specials, area_digits=areas, countries=countries)
    return Numbering(version, plan, PrefixTable(version, ranges.values()))


def _version_in_force(files: Mapping[str, str], problems: list[Problem]) -> str:
    text = files.get(VERSION_FILE)
    if text is None:
        problems.append(Problem(VERSION_FILE, 0, "the file is missing"))
        return ""
    try:
        version = tomllib.loads(text).get("version")
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(VERSION_FILE, 0, str(error)))
        return ""
    if not isinstance(version, str) or not version:
        problems.append(Problem(VERSION_FILE, 0, "version must name a folder, as text"))
        return ""
    return version


class _Reader:
    """Reads tables whose first column is the unique key; collects problems instead of stopping."""

    def __init__(self, files: Mapping[str, str], problems: list[Problem]) -> None:
        self._files = files
        self._problems = problems

    def rows(
        self, file: str, columns: tuple[str, ...], build: Callable[[Mapping[str, str]], T]
    ) -> dict[str, T]:
        """Build one value per row; ``build`` raises ``ValueError`` for a bad one."""
        found: dict[str, T] = {}
        text = self._files.get(file)
        if text is None:
            self._note(file, 0, "the file is missing")
            return found
        rows = read_table(file, text, required=columns, optional=("note",), problems=self._problems)
        for line, row in rows:
            key = row[columns[0]]
            if _DIGITS.fullmatch(key) is None:
                self._note(file, line, f"{columns[0]} must be digits: {key!r}")
            elif key in found:
                self._note(file, line, f"{columns[0]} stands twice: {key}")
            else:
                try:
                    found[key] = build(row)
                except ValueError as error:
                    self._note(file, line, str(error))
        return found

    def _note(self, file: str, line: int, message: str) -> None:
        self._problems.append(Problem(file, line, message))


def _special(row: Mapping[str, str]) -> SpecialRange:
    service, refused = None, None
    kind = row["kind"]
    if kind in (RefusalReason.UNKNOWN, RefusalReason.NOT_OFFERED):
        refused = RefusalReason(kind)
    elif kind != _MOBILE:
        service = ServiceKind(kind)
    digits_min, digits_max = _count(row["digits_min"]), _count(row["digits_max"])
    if refused is None and not len(row["prefix"]) <= digits_min <= digits_max:
        raise ValueError(f"digits_min and digits_max do not fit prefix {row['prefix']}")
    return SpecialRange(row["prefix"], service, refused, digits_min, digits_max)


def _range(row: Mapping[str, str]) -> NumberRange:
    if _REGION.fullmatch(row["region"]) is None:
        raise ValueError(f"not a region: {row['region']!r}")
    if _BREAKOUT.fullmatch(row["breakout"]) is None:
        raise ValueError(f"not a breakout such as AR-BUENOS-AIRES: {row['breakout']!r}")
    return NumberRange(row["prefix"], row["region"], LineType(row["line_type"]), row["breakout"])


def _area(row: Mapping[str, str]) -> int:
    return _count(row["digits"])


def _country(row: Mapping[str, str]) -> int:
    return _count(row["digits_min"])


def _count(text: str) -> int:
    if _DIGITS.fullmatch(text) is None:
        raise ValueError(f"not a count: {text!r}")
    return int(text)
