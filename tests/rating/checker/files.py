"""The shipped files, read once, as the plain rows and tables that they are."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

CONFIG = Path(__file__).parents[3] / "config"
TARIFFS = CONFIG / "tariffs"
NUMBERING = CONFIG / "numbering"

Row = dict[str, str]
Toml = dict[str, Any]


class Range(NamedTuple):
    """What the prefix table says of a number of the world."""

    prefix: str
    region: str
    line_type: str
    breakout: str


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def toml_of(path: Path) -> Toml:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def providers() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in TARIFFS.glob("*/tariff.toml")))


@cache
def tariff(provider: str) -> Toml:
    return toml_of(TARIFFS / provider / "tariff.toml")


@cache
def table(provider: str, file: str) -> tuple[Row, ...]:
    return tuple(rows_of(TARIFFS / provider / file))


def numbering_folder() -> Path:
    return NUMBERING / str(toml_of(NUMBERING / "numbering.toml")["version"])


@cache
def prefixes() -> dict[str, Range]:
    return {
        row["prefix"]: Range(row["prefix"], row["region"], row["line_type"], row["breakout"])
        for row in rows_of(numbering_folder() / "prefixes.csv")
    }


@cache
def area_code_lengths() -> dict[str, int]:
    rows = rows_of(numbering_folder() / "areas-de.csv")
    return {row["prefix"]: int(row["digits"]) for row in rows}


@cache
def country_codes() -> dict[str, int]:
    rows = rows_of(numbering_folder() / "countries.csv")
    return {row["code"]: int(row["digits_min"]) for row in rows}


@cache
def special_ranges() -> dict[str, Row]:
    return {row["prefix"]: row for row in rows_of(NUMBERING / "de-special.csv")}
