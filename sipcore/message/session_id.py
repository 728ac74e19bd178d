"""The Session-ID header (RFC 7989 §5): who speaks, and to whom, over every dialog of a session."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Message

NULL: Final = "0" * 32
"""A UUID that is not known, or not yet."""

_VALUE: Final = re.compile(r"([0-9a-f]{32})[ \t]*(?:;(.*))?")
_REMOTE: Final = re.compile(r"remote[ \t]*=[ \t]*([0-9a-f]{32})", re.IGNORECASE)


class SessionId:
    """The UUID of the one who sent a message, and of the one it was sent to; 32 hex digits each."""

    __slots__ = ("local", "remote")

    def __init__(self, local: str, remote: str = NULL) -> None:
        self.local = local
        self.remote = remote

    @classmethod
    def parse(cls, value: str) -> SessionId:
        """Read a value; other parameters are dropped.

        Without ``remote``, as RFC 7329 wrote it, the other UUID is not known (§11).
        """
        found = _VALUE.fullmatch(value)
        if found is None:
            raise RemoteError("a malformed Session-ID")
        local, parameters = found.groups()
        for parameter in (parameters or "").split(";"):
            remote = _REMOTE.fullmatch(parameter.strip(" \t"))
            if remote is not None:
                return cls(local, remote.group(1).lower())
        return cls(local)

    @classmethod
    def of(cls, message: Message) -> SessionId | None:
        """Return that of a message; None when there is none that can be read."""
        value = message.value("session-id")
        try:
            return None if value is None else cls.parse(value)
        except RemoteError:
            return None

    def answered(self) -> SessionId:
        """Return what stands in an answer of ours to a request: we have no UUID of our own."""
        return SessionId(NULL, self.local)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SessionId)
            and self.local == other.local
            and self.remote == other.remote
        )

    def __hash__(self) -> int:
        return hash((self.local, self.remote))

    def __str__(self) -> str:
        return f"{self.local};remote={self.remote}"

    def __repr__(self) -> str:
        return f"SessionId({self.local!r}, {self.remote!r})"
