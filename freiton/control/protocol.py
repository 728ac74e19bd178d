"""The lines that travel through the control socket."""

from typing import Any, Final

import msgspec

REQUEST_BYTES_MAX: Final = (
    65_536  # a command and its arguments; the longest are a few hundred bytes
)
REPLY_BYTES_MAX: Final = 16 * 1024 * 1024  # a list of every open call of a full switch


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator asks for."""

    command: str
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result, an item of a stream, or the sentence that says why there is none."""

    result: Any = msgspec.UNSET
    item: Any = msgspec.UNSET
    error: str = ""


def encode_line(message: Request | Reply) -> bytes:
    """Return one line; JSON has no line break outside of text, and inside it is escaped."""
    return msgspec.json.encode(message) + b"\n"
