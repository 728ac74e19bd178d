"""The page of differences: found, explained, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tests.interop.differential_reasons import HEADERS, INSTEAD, Header, Instead, System
from tests.interop.differential_story import Received, Seen, Story

_INTRODUCTION: Final = """\
# What phones see through this switch, and through Kamailio

Written by `python -m tests.interop.wire_differential` from a run of both; do not edit.

The same SIPp phones play the same stories through this switch and through Kamailio 5.6, a proxy and
registrar with the same users, configured as its manual does it. Compared is what each phone
*receives*: methods, statuses, the order of messages, the names of their headers. Values differ by
nature. 100 is left out: either server says it only when nothing else is said in time
(RFC 3261 §17.2.1). The reasons stand in `tests/interop/differential_reasons.py`; a difference
without a reason fails `tests/interop/test_wire_differential.py`, and so does a reason without a
difference.
"""


class UnexplainedError(AssertionError):
    """A difference that has no reason, or a reason that explains none."""


def render_page(told: Mapping[Story, tuple[Seen, Seen]]) -> str:
    """Return the whole page; UnexplainedError where the reasons do not hold."""
    used: set[Instead | Header] = set()
    rows: list[tuple[str, ...]] = []
    for story, (freiton, kamailio) in told.items():
        sides = [("caller", freiton.caller, kamailio.caller)]
        if story.callee:
            sides.append(("callee", freiton.callee, kamailio.callee))
        for phone, ours, theirs in sides:
            used |= explain_messages(story, ours, theirs)
            used |= explain_headers(story, ours, theirs)
            mine, other = _kinds(ours), _kinds(theirs)
            rows.append((story.name, phone, mine, "the same" if mine == other else other))
    unused = [one for one in (*INSTEAD, *HEADERS) if one not in used]
    if unused:
        raise UnexplainedError(f"explains nothing: {unused}")
    return "\n".join(
        (
            _INTRODUCTION,
            "## What each phone receives\n",
            _table(("story", "phone", "through this switch", "through Kamailio"), rows),
            "## Another message\n",
            _table(("this switch", "Kamailio", "where", "why"), map(_instead, INSTEAD)),
            "## Another header\n",
            _table(("header", "only through", "in", "why"), map(_header, HEADERS)),
        )
    )


def explain_messages(
    story: Story, ours: Iterable[Received], theirs: Iterable[Received]
) -> set[Instead]:
    """Return the reasons why other messages came."""
    known = {one.freiton: one for one in INSTEAD if one.story in ("", story.name)}
    mine, other = [one.kind for one in ours], [one.kind for one in theirs]
    translated = [known[kind].kamailio if kind in known else kind for kind in mine]
    if translated != other:
        raise UnexplainedError(f"{story.name}: {mine} here, {other} through Kamailio")
    return {known[kind] for kind in mine if kind in known}


def explain_headers(
    story: Story, ours: Iterable[Received], theirs: Iterable[Received]
) -> set[Header]:
    """Return the reasons why messages of one kind had other headers."""
    mine, other = _headers(ours), _headers(theirs)
    used: set[Header] = set()
    for kind in sorted(mine.keys() & other.keys()):
        used |= {_reason(story, kind, name, "Freiton") for name in mine[kind] - other[kind]}
        used |= {_reason(story, kind, name, "Kamailio") for name in other[kind] - mine[kind]}
    return used


def _reason(story: Story, kind: str, name: str, only: System) -> Header:
    for reason in HEADERS:
        if reason.explains(kind, name, only):
            return reason
    raise UnexplainedError(f"{story.name}: {kind} has {name} only through {only}")


def _headers(received: Iterable[Received]) -> dict[str, frozenset[str]]:
    headers: dict[str, frozenset[str]] = {}
    for one in received:
        headers[one.kind] = headers.get(one.kind, frozenset()) | one.headers
    return headers


def _kinds(received: Iterable[Received]) -> str:
    return ", ".join(one.kind for one in received)


def _instead(one: Instead) -> tuple[str, ...]:
    return one.freiton, one.kamailio, one.story or "everywhere", one.why


def _header(one: Header) -> tuple[str, ...]:
    kinds = one.kinds.strip("()").replace("18[03]", "180, 183").replace("|", ", ")
    return one.name, one.only, kinds, one.why


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
