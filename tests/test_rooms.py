"""What a room may say: no clock and no await in pure rooms, no float in rating, no globals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = (
    "rating", "freiton/routing", "freiton/accounting", "sipcore/message", "sipcore/transport",
    "sipcore/transaction", "sipcore/dialog", "sipcore/auth", "sipcore/registrar", "sipcore/proxy",
    "sipcore/b2bua", "sipcore/presence",
)  # fmt: skip
CLOCKS = frozenset({"now", "today", "utcnow", "monotonic", "time", "perf_counter"})


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@pytest.mark.parametrize("path", files(*PURE), ids=name_of)
def test_pure_rooms_never_wait_and_read_no_clock(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCKS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"datetime", "date", "time"}
        ):
            pytest.fail(f"{name_of(path)}:{node.lineno} reads a clock")


@pytest.mark.parametrize("path", files("rating"), ids=name_of)
def test_rating_has_no_float(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), f"{name_of(path)}:{node.lineno}"
        if isinstance(node, ast.Name):
            assert node.id != "float", f"{name_of(path)}:{node.lineno}"


def module_level_names(module: ast.Module) -> Iterator[tuple[str, ast.expr, int, bool]]:
    for node in module.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            final = "Final" in ast.unparse(node.annotation)
            yield node.target.id, node.value, node.lineno, final
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value, node.lineno, False


@pytest.mark.parametrize("path", files("sipcore", "rating", "freiton"), ids=name_of)
def test_no_mutable_state_at_module_level(path: Path) -> None:
    """A bare list, dict or set at module level is state; a Final table is a constant."""
    for name, value, line, final in module_level_names(tree(path)):
        if name == "__all__" or final:
            continue
        mutable = isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)
        assert not mutable, f"{name_of(path)}:{line} {name}"
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.Global), f"{name_of(path)} has a global statement"
