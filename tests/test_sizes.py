"""Files and functions keep a size that a person can hold in the eye."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("sipcore", "rating", "freiton")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
# Lists may be longer; each says so on its top.
LISTS = frozenset({"sipcore/message/headers.py", "freiton/routing/refusals.py"})

SOURCES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.is_file()
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_and_functions_fit(path: Path) -> None:
    text = path.read_text()
    name = str(path.relative_to(ROOT))
    if name not in LISTS:
        assert text.count("\n") <= FILE_LINES_MAX, name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{name}:{node.lineno} {node.name} has {length}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_have_names(path: Path) -> None:
    assert path.stem not in {
        "util",
        "utils",
        "helper",
        "helpers",
        "manager",
        "common",
        "misc",
        "base",
    }
