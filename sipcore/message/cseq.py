"""The CSeq header (RFC 3261 §20.16)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import CSEQ_MAX
from sipcore.message.grammar import TOKEN, parse_uint

_CSEQ: Final = re.compile(rf"([0-9]+)[ \t]+({TOKEN})")


class CSeq:
    """Sequence number and method of a request."""

    __slots__ = ("method", "number")

    def __init__(self, number: int, method: str) -> None:
        self.number = number
        self.method = method

    @classmethod
    def parse(cls, value: str) -> CSeq:
        """Read ``1*DIGIT LWS Method``; the number must be below 2**31."""
        match = _CSEQ.fullmatch(value)
        if match is None:
            raise RemoteError(f"not a CSeq: {value[:40]!r}")
        return cls(parse_uint(match[1], "CSeq", maximum=CSEQ_MAX), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"

    def __repr__(self) -> str:
        return f"CSeq({self.number}, {self.method!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CSeq) and self.number == other.number and self.method == other.method
        )

    def __hash__(self) -> int:
        return hash((self.number, self.method))
