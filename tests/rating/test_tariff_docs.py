"""Every reading that a row or rule carries is explained in the documentation."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARIFFS = ROOT / "config/tariffs"
PROVIDERS = sorted(path.parent.name for path in TARIFFS.glob("*/tariff.toml"))
READING = re.compile(r"R-[A-Z0-9]+(?:-[A-Z0-9]+)*")
EXPLAINED = re.compile(r"^\| (R-[A-Z0-9-]+(?:, R-[A-Z0-9-]+)*) \|[^|]+\|[^|]+\|$", re.MULTILINE)


def explained() -> list[str]:
    rows = EXPLAINED.findall((ROOT / "docs/tariffs.md").read_text())
    return [name for row in rows for name in row.split(", ")]


def readings_of_toml(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "readings":
                yield from inner
            elif key == "cap_reading":
                yield inner
            else:
                yield from readings_of_toml(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from readings_of_toml(inner)


def readings_of(provider: str) -> set[str]:
    used: set[str] = set()
    for path in (TARIFFS / provider).glob("*.toml"):
        used |= set(readings_of_toml(tomllib.loads(path.read_text())))
    for path in (TARIFFS / provider).glob("*.csv"):
        with path.open() as file:
            for row in csv.DictReader(file):
                used |= set((row.get("readings") or "").split())
    return used


@pytest.mark.parametrize("provider", PROVIDERS)
def test_readings_of_the_data_are_explained(provider: str) -> None:
    used = readings_of(provider)
    assert used
    assert all(READING.fullmatch(name) for name in used)
    assert used <= set(explained())


def test_no_reading_is_explained_twice() -> None:
    names = explained()
    assert len(names) == len(set(names))


def test_readings_of_the_code_are_explained() -> None:
    used: set[str] = set()
    for room in ("pricing", "engine"):
        for path in (ROOT / "rating" / room).glob("*.py"):
            used |= set(re.findall(r'"(R-[A-Z0-9-]+)"', path.read_text()))
    assert {"R-VAT", "R-EMERG", "R-EMPTY-MOBILE"} <= used <= set(explained())
