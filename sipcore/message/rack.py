"""The RSeq and RAck headers (RFC 3262 §7): which reliable provisional response a PRACK is for."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import CSEQ_MAX
from sipcore.message.grammar import TOKEN, parse_uint
from sipcore.message.message import Message, Request, Response

OPTION_TAG: Final = "100rel"
RSEQ_MAX: Final = 2**32 - 1

_RACK: Final = re.compile(rf"([0-9]+)[ \t]+([0-9]+)[ \t]+({TOKEN})")


class RAck:
    """The RSeq of a provisional response, and the CSeq of the request that it answers."""

    __slots__ = ("method", "response_number", "sequence")

    def __init__(self, response_number: int, sequence: int, method: str) -> None:
        self.response_number = response_number
        self.sequence = sequence
        self.method = method

    @classmethod
    def parse(cls, value: str) -> RAck:
        """Read ``response-num LWS CSeq-num LWS Method``."""
        match = _RACK.fullmatch(value)
        if match is None:
            raise RemoteError(f"not a RAck: {value[:40]!r}")
        return cls(
            parse_uint(match[1], "RAck", maximum=RSEQ_MAX),
            parse_uint(match[2], "RAck", maximum=CSEQ_MAX),
            match[3],
        )

    @classmethod
    def of(cls, prack: Request) -> RAck:
        """Return the RAck that every PRACK has (§6); RemoteError when it has none."""
        return cls.parse(prack.required("rack"))

    def __str__(self) -> str:
        return f"{self.response_number} {self.sequence} {self.method}"

    def __repr__(self) -> str:
        return f"RAck({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RAck) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def reliable_number(response: Response) -> int | None:
    """Return the RSeq of a provisional response that has to be acknowledged, None of any other.

    It asks for a PRACK with ``Require: 100rel`` (§4); a 100 never does, whatever it says.
    """
    if response.status <= 100 or response.status >= 200 or not response.has("rseq"):
        return None
    try:
        if OPTION_TAG not in response.tokens("require"):
            return None
        return parse_uint(response.required("rseq"), "RSeq", maximum=RSEQ_MAX) or None
    except RemoteError:
        return None


def supports_reliable(message: Message) -> bool:
    """Tell whether the sender takes reliable provisional responses; malformed lists say no."""
    return requires_reliable(message) or _names(message, "supported")


def requires_reliable(message: Message) -> bool:
    """Tell whether the sender of a request takes no other provisional responses (§3)."""
    return _names(message, "require")


def _names(message: Message, key: str) -> bool:
    if not message.has(key):
        return False
    try:
        return OPTION_TAG in message.tokens(key)
    except RemoteError:
        return False
