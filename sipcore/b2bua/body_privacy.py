"""What of a body reaches a target that is not to learn who calls: a session without names."""

from __future__ import annotations

import re
from typing import Final

from sipcore.b2bua.body import NO_BODY, Body
from sipcore.message.sdp_privacy import without_names

SDP_TYPE: Final = "application/sdp"
_SDP_FIELDS: Final = (("content-type", SDP_TYPE),)
_PACKED: Final = "content-encoding"

_DTMF_TYPES: Final = frozenset({"application/dtmf-relay", "application/dtmf"})
_DTMF: Final = re.compile(
    rb"(?:signal\s*+=\s*+)?(?:1[0-6]|[0-9A-D*#])\s*+(?:duration\s*+=\s*+[0-9]{1,5}\s*+)?",
    re.IGNORECASE,
)
"""One key and how long it was pressed, and not an octet more."""

# RFC 2046 §5.1.1: no boundary is longer than 70 characters.
_BOUNDARY: Final = re.compile(
    r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE
)
_SDP_PART: Final = re.compile(
    rb"^content-type[ \t]*:[ \t]*application/sdp[ \t]*(?:;|\r?$)", re.IGNORECASE | re.MULTILINE
)
_PACKED_PART: Final = re.compile(
    rb"^content-(?:encoding|transfer-encoding[ \t]*:(?![ \t]*(?:7bit|8bit|binary)[ \t]*\r?$))",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")


def conceal(body: Body) -> Body | None:
    """Return the body that may be passed, None when nothing of it may or can be.

    SDP loses its names, of a multipart body just the SDP is left, and a DTMF key names nobody.
    """
    if not body.content:
        return NO_BODY
    media_type = body.fields[0][1].partition(";")[0].replace(" ", "").lower()
    if any(key == _PACKED for key, _ in body.fields):
        return None
    if media_type == SDP_TYPE:
        return _sdp(body.content, body.fields)
    if media_type.startswith("multipart/"):
        content = _sdp_part(body.content, body.fields[0][1])
        return None if content is None else _sdp(content, _SDP_FIELDS)
    is_key = media_type in _DTMF_TYPES and _DTMF.fullmatch(body.content) is not None
    return body if is_key else None


def _sdp(content: bytes, fields: tuple[tuple[str, str], ...]) -> Body | None:
    concealed = without_names(content)
    return Body(concealed, fields) if concealed else None


def _sdp_part(content: bytes, content_type: str) -> bytes | None:
    """Return the one SDP part of a multipart body; two would be for the receiver to choose from."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return None
    name = (match[1] or match[2]).encode("utf-8", "surrogateescape")
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(name) + rb"(?:--)?[ \t]*(?=\r?\n|\Z)")
    found: list[bytes] = []
    for part in delimiter.split(content)[1:]:
        head, blank, sdp = _split_part(part)
        if blank and _SDP_PART.search(head) is not None:
            if _PACKED_PART.search(head) is not None:
                return None
            found.append(sdp)
    # A boundary left inside is a delimiter to some readers and text to others.
    if len(found) != 1 or b"--" + name in found[0]:
        return None
    return found[0] if found[0].endswith((b"\r", b"\n")) else found[0] + b"\r\n"


def _split_part(part: bytes) -> tuple[bytes, bytes, bytes]:
    # The line end of the delimiter still stands in front: a part without a head begins blank.
    match = _BLANK_LINE.search(part)
    if match is None:
        return part, b"", b""
    return part[: match.start()], match[0], part[match.end() :]
