"""Bodies of type message/sipfrag that tell how a transfer goes: a status line (RFC 3420 §2)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.reason_phrases import REASON_PHRASES

CONTENT_TYPE: Final = "message/sipfrag;version=2.0"

_STATUS_LINE: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ([^\r\n]*)(?:\r?\n|$)")


def write_status(status: int, phrase: str = "") -> bytes:
    """Return a fragment that is one status line; without ``phrase`` that of RFC 3261 §21."""
    text = phrase or REASON_PHRASES.get(status, "Unknown")
    return f"SIP/2.0 {status} {text}\r\n".encode()


def read_status(fragment: bytes) -> int:
    """Return the status that a fragment begins with; RemoteError where it has no status line."""
    match = _STATUS_LINE.match(fragment)
    if match is None:
        raise RemoteError(f"no status line: {fragment[:40]!r}")
    return int(match[1])
