"""What a room offers is a written list, and others take nothing that is private."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("sipcore", "rating", "freiton")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
USERS = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").glob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def exports(path: Path) -> list[str] | None:
    for node in tree(path).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
                assert node.value is not None
                return list(ast.literal_eval(node.value))
    return None


ROOMS = {
    module_name(path): listed
    for path in SOURCES
    if path.name == "__init__.py" and (listed := exports(path)) is not None
}


def taken(path: Path) -> Iterator[tuple[str, str, int]]:
    """Give module, name and line of every import of one name out of our packages."""
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.partition(".")[0] in PACKAGES:
            for alias in node.names:
                yield node.module, alias.name, node.lineno


def test_there_are_rooms_with_lists() -> None:
    assert {"sipcore.message", "rating.engine", "freiton.config"} <= ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_a_list_is_in_order_and_each_name_is_there(room: str) -> None:
    module = importlib.import_module(room)
    listed = ROOMS[room]
    assert len(set(listed)) == len(listed)
    assert [name for name in listed if name.startswith("_")] == []
    assert [name for name in listed if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_list_names_all_that_its_room_gathers(room: str) -> None:
    path = ROOT / room.replace(".", "/") / "__init__.py"
    gathered = {name for module, name, _ in taken(path) if module.startswith(f"{room}.")}
    assert gathered <= set(ROOMS[room]), sorted(gathered - set(ROOMS[room]))


@pytest.mark.parametrize("path", USERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_private_is_taken_and_only_what_is_listed(path: Path) -> None:
    for module, name, line in taken(path):
        place = f"{path.relative_to(ROOT)}:{line}"
        assert not name.startswith("_") or path.is_relative_to(ROOT / "tests"), f"{place}: {name}"
        if module in ROOMS and name not in ROOMS[module]:
            file = ROOT / module.replace(".", "/") / name
            assert file.is_dir() or file.with_suffix(".py").exists(), f"{place}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path))
