"""Bodies on their way through: octets and the headers that say what they are."""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.call_events import Fields
from sipcore.b2bua.header_policy import BODY_FIELDS
from sipcore.errors import RemoteError
from sipcore.message.message import Message


class Body:
    """A message body that crosses the switch unchanged."""

    __slots__ = ("content", "fields", "has_sdp")

    def __init__(self, content: bytes, fields: Fields) -> None:
        self.content = content
        self.fields = fields
        self.has_sdp = _has_sdp(content, fields)

    @classmethod
    def of(cls, message: Message, *, bytes_max: int) -> Body:
        """Take the body of a message; RemoteError when it is too large or of no clear type."""
        content = message.body
        if not content:
            return NO_BODY
        if len(content) > bytes_max:
            raise RemoteError(f"a body of {len(content)} octets", status_hint=413)
        fields = []
        for key, pattern in BODY_FIELDS.items():
            for value in message.values(key)[:1]:
                if pattern.fullmatch(value) is None:
                    raise RemoteError(f"not a value of {key}: {value[:40]!r}")
                fields.append((key, value))
        if message.value("content-type") is None:
            raise RemoteError("a body without Content-Type")
        return cls(content, tuple(fields))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Body)
            and self.content == other.content
            and self.fields == other.fields
        )

    def __hash__(self) -> int:
        return hash((self.content, self.fields))


def _has_sdp(content: bytes, fields: Fields) -> bool:
    """Tell whether a body offers or answers; a multipart body may hold SDP beside a location."""
    if not content or not fields:
        return False
    media_type = fields[0][1].partition(";")[0].replace(" ", "").lower()
    if media_type.startswith("multipart/"):
        return b"application/sdp" in content.lower()
    return media_type == "application/sdp"


NO_BODY: Final = Body(b"", ())


def read_body(message: Message, *, bytes_max: int) -> Body | None:
    """Take the body of a response or ACK, which cannot be refused; None when it is unusable."""
    try:
        return Body.of(message, bytes_max=bytes_max)
    except RemoteError:
        return None
