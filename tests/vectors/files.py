"""The vectors and rules of this folder, read by the codec that ships, and the data they are about.

<provider>.calls.jsonl      calls                <provider>.rules.toml          their rules
<provider>.charges.jsonl    other charges        <provider>.charge-rules.toml   their rules
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rating.charges import load_charges
from rating.numbering import Numbering, load_numbering
from rating.pricing import Tariffs, load_tariffs
from rating.vectors import Vector, answer_call_vector, read_call_input, read_vectors
from rating.vectors.charges import answer_charge_vector

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
TARIFFS = "config/tariffs/"
NUMBERING = "config/numbering/"

Json = dict[str, Any]
Answer = Callable[[Mapping[str, object]], Json]
Texts = dict[str, str]
"""Data files by their path under the root of the project."""


class Mutant(NamedTuple):
    """An edit that removes a rule."""

    file: str
    old: str
    new: str
    is_refused: bool
    """``refused`` in the file: the loader must refuse the edit, as the rule is about loading."""

    @property
    def is_of_data(self) -> bool:
        return self.file.startswith((TARIFFS, NUMBERING))


class Rule(NamedTuple):
    """A rule of a document, with the vectors that show it."""

    provider: str
    kind: str
    id: str
    text: str
    where: str
    vectors: tuple[str, ...]
    mutants: tuple[Mutant, ...]


def read_rules(kind: str) -> list[Rule]:
    """Read the rules of all providers about ``calls`` or ``charges``."""
    suffix = ".rules.toml" if kind == "calls" else ".charge-rules.toml"
    found = []
    for path in sorted(FOLDER.glob(f"*{suffix}")):
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        found += [_rule(path.name.removesuffix(suffix), kind, entry) for entry in entries]
    return found


@cache
def vectors_of(kind: str) -> tuple[Vector, ...]:
    """Read all vectors about ``calls`` or ``charges``; a bad line raises."""
    found = []
    for path in sorted(FOLDER.glob(f"*.{kind}.jsonl")):
        for vector in read_vectors(path.read_bytes().splitlines(keepends=True)):
            assert isinstance(vector, Vector), f"{path.name}: {vector}"
            found.append(vector)
    return tuple(found)


@cache
def vectors_by_id() -> Mapping[str, Vector]:
    return {vector.id: vector for kind in ("calls", "charges") for vector in vectors_of(kind)}


def texts_for(provider: str) -> Texts:
    """Give what calls of one provider need; so a change of it is loaded quickly."""
    return {
        file: text
        for file, text in shipped_texts().items()
        if file.startswith((NUMBERING, f"{TARIFFS}{provider}/")) or file.count("/") == 2
    }


@cache
def shipped_texts() -> Texts:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in (TARIFFS, NUMBERING)
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
    }


def answer_calls(texts: Texts) -> Answer:
    """Load data and give what answers calls with it."""
    tariffs, numbering = _tariffs(texts), _numbering(texts)

    def answer(call: Mapping[str, object]) -> Json:
        return dict(answer_call_vector(read_call_input(call), tariffs, numbering).to_json())

    return answer


def answer_charges(texts: Texts) -> Answer:
    """Load data and give what answers charges that are no calls with it."""
    books = load_charges(_under(TARIFFS, texts), _tariffs(texts))

    def answer(charge: Mapping[str, object]) -> Json:
        return dict(answer_charge_vector(charge, books))

    return answer


def answer_of(kind: str, texts: Texts) -> Answer:
    """Give what answers ``calls`` or ``charges``."""
    return answer_calls(texts) if kind == "calls" else answer_charges(texts)


def _rule(provider: str, kind: str, entry: Json) -> Rule:
    mutants = tuple(
        Mutant(one["file"], one["old"], one["new"], one.get("refused", False))
        for one in entry.get("mutant", [])
    )
    where, vectors = entry["where"], tuple(entry["vectors"])
    return Rule(provider, kind, entry["id"], entry["text"], where, vectors, mutants)


def _tariffs(texts: Texts) -> Tariffs:
    return load_tariffs(_under(TARIFFS, texts))


def _numbering(texts: Texts) -> Numbering:
    of_numbering = _under(NUMBERING, texts)
    if of_numbering == _under(NUMBERING, shipped_texts()):
        return _shipped_numbering()
    return load_numbering(of_numbering)


@cache
def _shipped_numbering() -> Numbering:
    return load_numbering(_under(NUMBERING, shipped_texts()))


def _under(folder: str, texts: Texts) -> Texts:
    return {
        file.removeprefix(folder): text for file, text in texts.items() if file.startswith(folder)
    }
