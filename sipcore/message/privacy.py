"""The Privacy header (RFC 3323 §4.2, RFC 3325 §9.3)."""

from __future__ import annotations

from collections.abc import Iterable

from sipcore.message.message import Message


class Privacy:
    """What a caller wants hidden: the priv-values in lower case."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = frozenset(values)

    @classmethod
    def parse(cls, value: str) -> Privacy:
        """Read ``priv-value *(";" priv-value)``; a comma in place of the semicolon is forgiven.

        Nothing is malformed here: a wish for privacy is not lost to a slip beside it.
        """
        parts = (part.strip(" \t").lower() for part in value.replace(",", ";").split(";"))
        return cls(part for part in parts if part)

    @classmethod
    def of(cls, message: Message) -> Privacy:
        """Return all that a message asks for, over all its fields."""
        return cls.parse(";".join(message.values("privacy")))

    def __str__(self) -> str:
        return ";".join(sorted(self.values))

    def __repr__(self) -> str:
        return f"Privacy({str(self)!r})"
