"""A session description made active again, to be offered to somebody else (RFC 3264 §8.4).

Who is about to be transferred is on hold as a rule. What he said last describes his media well,
but for the direction; that is all that is changed here.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.b2bua.body import NO_BODY, Body

_DIRECTION: Final = re.compile(rb"^a=(?:sendonly|recvonly|inactive)[ \t]*$", re.MULTILINE)
_ON_HOLD: Final = re.compile(rb"^c=IN IP4 0\.0\.0\.0[ \t]*\r?$", re.MULTILINE)
_LINE_END: Final = re.compile(rb"\r?\n")


def active_offer(said: Body) -> Body:
    """Return what a peer described, sending and receiving; nothing where that cannot be told.

    A description with the address of RFC 2543 hold names no place to send to.
    """
    if not is_plain(said) or _ON_HOLD.search(said.content):
        return NO_BODY
    lines = _LINE_END.split(said.content)
    content = b"\r\n".join(_DIRECTION.sub(b"a=sendrecv", line) for line in lines)
    return Body(content, said.fields)


def is_plain(body: Body) -> bool:
    """Tell whether it is nothing but a session description: no parts, no packing."""
    if not body.has_sdp:
        return False
    key, media_type = body.fields[0]
    return (
        key == "content-type"
        and media_type.partition(";")[0].strip().lower() == "application/sdp"
        and all(name != "content-encoding" for name, _ in body.fields)
    )
