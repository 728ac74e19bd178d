"""The Reason header (RFC 3326 §2)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.grammar import is_token, parse_uint, quote, unquote
from sipcore.message.message import Message
from sipcore.message.parameters import parse_parameters

_CAUSE_MAX = 999


class Reason:
    """Why a request was sent: protocol ("SIP", "Q.850"), cause, text."""

    __slots__ = ("cause", "protocol", "text")

    def __init__(self, protocol: str, cause: int | None = None, text: str = "") -> None:
        self.protocol = protocol
        self.cause = cause
        self.text = text

    @classmethod
    def parse(cls, value: str) -> Reason:
        """Read one ``reason-value``; the protocol of SIP comes in upper case."""
        protocol, semicolon, rest = value.partition(";")
        protocol = protocol.strip(" \t")
        if not is_token(protocol):
            raise RemoteError(f"not a Reason: {value[:40]!r}")
        parameters = parse_parameters(semicolon + rest) if semicolon else {}
        cause = parameters.get("cause")
        return cls(
            protocol.upper(),
            None if cause is None else parse_uint(cause, "cause", maximum=_CAUSE_MAX),
            unquote(parameters.get("text") or ""),
        )

    @classmethod
    def of(cls, message: Message) -> list[Reason]:
        """Return every reason of a message; one that cannot be read is left out."""
        reasons = []
        for entry in message.entries("reason"):
            try:
                reasons.append(cls.parse(entry))
            except RemoteError:
                continue
        return reasons

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"

    def __repr__(self) -> str:
        return f"Reason({str(self)!r})"
