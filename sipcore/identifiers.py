"""Chance comes in from outside: who makes identifiers is handed to the rooms that need them."""

from __future__ import annotations

from typing import Protocol


class Identifiers(Protocol):
    """A source of unguessable identifiers; a test hands in one that counts.

    Every identifier carries the worker's two-character id in front, so that any message that
    returns to the switch names the process that owns its call.
    """

    def branch(self) -> str:
        """Return a Via branch with the magic cookie of RFC 3261 §8.1.1.7."""
        ...

    def tag(self) -> str:
        """Return a From or To tag with at least 64 random bits."""
        ...

    def call_id(self) -> str:
        """Return a Call-ID."""
        ...

    def token(self, bits: int = 128) -> str:
        """Return a random token of at least ``bits`` bits, of letters and digits."""
        ...

    def spread(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``, for jitter and random delays."""
        ...
