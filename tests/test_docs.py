"""The documents keep their word: links lead somewhere; commands, paths and names exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from freiton.cli import app

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "sipp-scenarios").glob("*.md"),
        *(ROOT / "docker").glob("*.md"),
    )
)
HAND_WRITTEN = ("README.md", "docs/architecture.md", "docs/naming.md")
PACKAGES = ("sipcore", "rating", "freiton")

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TOP_FOLDER = re.compile(
    r"(?:sipcore|rating|freiton|config|docs|docker|tests|bench|sipp-scenarios)/"
)
CLASS_NAME = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def code(page: Path) -> Iterator[str]:
    """Give what is set as code: spans, and the lines of blocks without their comments."""
    text = page.read_text()
    yield from SPAN.findall(FENCE.sub("", text))
    for language, block in FENCE.findall(text):
        if language not in {"mermaid", "toml", "ini"}:
            yield from block.replace("\\\n", " ").splitlines()


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = page if not file else (page.parent / file).resolve()
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pages
def test_paths_exist(page: Path) -> None:
    for span in SPAN.findall(prose(page)):
        if TOP_FOLDER.match(span) and not set(span) & set(" <>*…{"):
            assert (ROOT / span.partition("::")[0]).exists(), span


@pages
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(page):
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in targets, line


def freiton_commands(page: Path) -> Iterator[str]:
    for line in code(page):
        found = re.match(r"\s*(?:\.venv/bin/)?freiton (.+)$", line)
        if found:
            yield found[1]


def check_command(words: list[str]) -> None:
    """Follow the words of a command line through the commands that there are."""
    command: Any = typer.main.get_command(app)
    waiting = iter(words)
    for word in waiting:
        if word.startswith("-"):
            name, _, value = word.partition("=")
            known = {opt: one for one in command.params for opt in (*one.opts, *one.secondary_opts)}
            assert name in known or name == "--help", f"{command.name} has no {name}"
            option = known.get(name)
            if isinstance(option, TyperOption) and not option.is_flag and not value:
                next(waiting, None)
        elif isinstance(command, TyperGroup):
            assert word in command.commands, f"{command.name} has no {word}"
            command = command.commands[word]


@pages
def test_commands_exist(page: Path) -> None:
    for line in freiton_commands(page):
        text = re.split(r"\s#\s|\s2?>&?|\s\|\s|[…]", line)[0]
        check_command(shlex.split(text))


def test_a_command_that_does_not_exist_is_noticed() -> None:
    for wrong in ("acount list", "account lost", "account list --colour", "--stat x run"):
        with pytest.raises(AssertionError, match="has no"):
            check_command(wrong.split())
    check_command(["--state", "x", "account", "add", "alice", "--area-code", "30", "--prepaid"])


def test_modules_that_are_to_be_run_exist() -> None:
    for page in PAGES:
        for line in code(page):
            for module in re.findall(r"python -m ((?:tests|bench|docs|freiton)[\w.]*)", line):
                path = ROOT / module.replace(".", "/")
                assert (path / "__main__.py").exists() or path.with_suffix(".py").exists(), line


def names_made_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_types_that_are_named_exist(name: str) -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    defined = {
        name
        for path in sources
        for node in ast.parse(path.read_text()).body
        for name in names_made_by(node)
    }
    page = ROOT / name
    blocks = " ".join(block for language, block in FENCE.findall(page.read_text()) if not language)
    text = " ".join(SPAN.findall(prose(page))) + blocks
    assert sorted(set(CLASS_NAME.findall(text)) - defined) == []


def test_the_architecture_lists_the_rooms_that_there_are() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    listed = re.findall(r"^\| `((?:sipcore|rating|freiton)\.\w+)` \|", page, re.MULTILINE)
    rooms = {
        f"{package}.{folder.parent.name}"
        for package in PACKAGES
        for folder in (ROOT / package).glob("*/__init__.py")
    }
    assert sorted(listed) == sorted(rooms)


def test_decisions_have_a_number_each_and_stand_in_the_index() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name.partition("-")[0] for path in files]
    assert len(set(numbers)) == len(numbers), sorted(n for n in numbers if numbers.count(n) > 1)
    index = (ROOT / "docs" / "README.md").read_text()
    for path, number in zip(files, numbers, strict=True):
        title = path.read_text().partition("\n")[0]
        assert title.startswith(f"# {number} "), path.name
        line = f"- {number} [{title.removeprefix(f'# {number} ')}](decisions/{path.name})"
        assert line in index.splitlines(), f"docs/README.md lacks: {line}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose(page)) if "://" not in link)
        found = {(page.parent / link).resolve() for link in links if link.endswith(".md")}
        waiting += found - reached
    assert set(PAGES) <= reached, sorted(str(page) for page in set(PAGES) - reached)


def test_the_tree_in_the_readme_is_the_tree() -> None:
    block = (ROOT / "README.md").read_text().partition("## The tree")[2].partition("##")[0]
    named = set(re.findall(r"^([\w-]+)/", block, re.MULTILINE))
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert named == folders - {"var", "build", "dist"} - {
        one for one in folders if one.endswith(".egg-info")
    }
