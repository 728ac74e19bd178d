"""A story for two phones, and what they receive of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """Who plays what, by the names of SIPp scenarios."""

    name: str
    caller: str
    callee: str = ""
    to: str = "bob"


@dataclass(frozen=True)
class Received:
    """A message: its method, or status and method that it answers, and the names of its headers."""

    kind: str
    headers: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """What each phone received, in the order of its coming."""

    caller: tuple[Received, ...]
    callee: tuple[Received, ...] = ()
