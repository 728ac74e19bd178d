"""The Warning header (RFC 3261 §20.43)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import QUOTED_STRING, quote, unquote
from sipcore.message.message import Message

MISCELLANEOUS: Final = 399
"""The code for a text that a person reads."""

SIPS_NOT_ALLOWED: Final = 380
"""RFC 5630 §5.3: who was called by sips is not to be reached over TLS alone."""

_WARNING: Final = re.compile(
    rf"(?P<code>[0-9]{{3}}) +(?P<agent>[^\s,\"]+) +(?P<text>{QUOTED_STRING})"
)


class WarningValue:
    """A code, who says it (``host[:port]`` or a pseudonym), and a text for people in UTF-8."""

    __slots__ = ("agent", "code", "text")

    def __init__(self, code: int, agent: str, text: str) -> None:
        self.code = code
        self.agent = agent
        self.text = text

    @classmethod
    def parse(cls, value: str) -> WarningValue:
        """Read one ``warning-value``."""
        match = _WARNING.fullmatch(value.strip(" \t"))
        if match is None:
            raise RemoteError(f"not a Warning: {value[:60]!r}")
        return cls(int(match["code"]), match["agent"], unquote(match["text"]))

    @classmethod
    def of(cls, message: Message) -> list[WarningValue]:
        """Return every warning of a message; one that cannot be read is left out."""
        warnings = []
        for entry in message.entries("warning"):
            try:
                warnings.append(cls.parse(entry))
            except RemoteError:
                continue
        return warnings

    def __str__(self) -> str:
        return f"{self.code:03} {self.agent} {quote(self.text)}"

    def __repr__(self) -> str:
        return f"WarningValue({str(self)!r})"
