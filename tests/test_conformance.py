"""The table of conformance keeps its word: each row has a state, a reason or a test that exists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "conformance.md"
STATES = ("done", "part", "no")
COLUMNS = ("section", "what", "state", "why not", "test")
REFERENCE = re.compile(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`")


@dataclass(frozen=True)
class Row:
    rfc: str
    section: str
    what: str
    state: str
    why_not: str
    test: str

    def __str__(self) -> str:
        return f"{self.rfc} {self.section}: {self.what}"


def rows() -> list[Row]:
    found: list[Row] = []
    heading = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:].partition(":")[0]
        elif line.startswith("|") and not line.startswith("|---"):
            cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
            if cells != COLUMNS:
                assert len(cells) == len(COLUMNS), line
                found.append(Row(heading, *cells))
    return found


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_rfc_stands_once() -> None:
    headings = [line for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    names = [heading[3:].partition(":")[0] for heading in headings]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", rows(), ids=str)
def test_row_keeps_its_word(row: Row) -> None:
    assert row.state in STATES
    assert row.what
    references = REFERENCE.findall(row.test)
    if row.state != "no":
        assert references, "no test is named"
    if row.state != "done":
        assert row.why_not, "no reason is given"
    for path, name in references:
        assert (ROOT / path).exists(), path
        assert not name or name in functions_of(path), f"{path} has no {name}"


def test_every_rfc_that_the_code_names_stands_here() -> None:
    """A rule that somebody followed is a promise; here stands how far it is kept."""
    text = PAGE.read_text()
    for room in ("sipcore", "rating", "freiton"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for number in re.findall(r"\bRFC (\d{4})\b", path.read_text()):
                assert re.search(rf"\b{number}\b", text), f"{path}: RFC {number}"
