"""The optional compiled build: what is named for it exists, and in such a build it is compiled."""

from __future__ import annotations

import ast
import importlib
import os
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
pytest.importorskip("setuptools", reason="without setuptools nothing is built")


@pytest.fixture(scope="module")
def build() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "setup.py"))


def compiled_files(build: dict[str, Any]) -> list[str]:
    rooms = [room for rooms in build["LIBRARIES"].values() for room in rooms]
    return [file for room in rooms for file in build["compiled_files"](room)]


def test_every_room_has_something_to_compile(build: dict[str, Any]) -> None:
    for rooms in build["LIBRARIES"].values():
        assert all(build["compiled_files"](room) for room in rooms)


def test_what_stays_interpreted_is_there(build: dict[str, Any]) -> None:
    assert [file for file in build["INTERPRETED"] if not (ROOT / file).is_file()] == []


def test_modules_whose_classes_msgspec_makes_stay_interpreted(build: dict[str, Any]) -> None:
    for file in compiled_files(build):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert "(Struct" not in text, file
        assert "(msgspec.Struct" not in text, file


def test_no_constant_is_lost_on_mypyc(build: dict[str, Any]) -> None:
    """Of a `Final` tuple that begins with a float, mypyc 2.4 says that it was never set."""
    for file in compiled_files(build):
        for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Final":
                first = node.value.elts[0] if isinstance(node.value, ast.Tuple) else None
                is_float = isinstance(first, ast.Constant) and isinstance(first.value, float)
                assert not is_float, f"{file}:{node.lineno}: declare it tuple[float, ...]"


@pytest.mark.skipif(os.environ.get("FREITON_COMPILE") != "1", reason="not a compiled build")
def test_what_is_to_be_compiled_is(build: dict[str, Any]) -> None:
    for file in compiled_files(build):
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert str(module.__file__).endswith(".so"), file
