"""A message as people may see it: short for a ladder, whole for a closer look; never a password."""

from __future__ import annotations

import re
from typing import Final

from freiton.logs import mask_number
from sipcore.errors import RemoteError
from sipcore.message import Request, Response, parse_message

_STATIC: Final = {"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "18": "G729"}
_EVENTS: Final = "telephone-event"
_CODECS_SHOWN: Final = 3
_SECRET: Final = re.compile(
    r"^((?:proxy-)?authorization|(?:www|proxy)-authenticate|authentication-info)[ \t]*:.*"
    r"(?:\r\n[ \t].*)*",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS: Final = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[[0-9A-Fa-f:]+\](?::\d+)?|"
    r"(?<=[;=])(?:branch|tag|rport|received)=[^;,>\s]+"
)
_WHOLE: Final = frozenset(
    {"via", "v", "call-id", "i", "cseq", "contact", "m", "content-length", "l", "max-forwards"}
)
"""Headers whose digits are addresses and identifiers; numbers in a Contact's user part go."""
_USER: Final = re.compile(r"(?<=sip:)([^@;>\s]+)(?=@)")


def read_shown(data: bytes) -> Request | Response | None:
    """Return the message in some bytes, None when they are none."""
    try:
        return parse_message(data)
    except RemoteError:
        return None


def label(message: Request | Response) -> str:
    """Return method or status in a few words, with what happens to the media."""
    note = media_note(message)
    told = f" ({note})" if note else ""
    if isinstance(message, Request):
        return message.method + told
    return f"{message.status} {message.reason}{told}"


def media_note(message: Request | Response) -> str:
    """Return codecs and direction of the first media line; empty without SDP."""
    if message.content_type != "application/sdp":
        return ""
    lines = message.body.decode("utf-8", "replace").splitlines()
    media = next((line for line in lines if line.startswith("m=")), "")
    parts = media.split()
    if len(parts) < 4:
        return "SDP"
    if parts[1] == "0":
        return "no media"
    names = dict(_STATIC)
    for line in lines:
        payload, _, codec = line.removeprefix("a=rtpmap:").partition(" ")
        if line.startswith("a=rtpmap:"):
            names[payload] = codec.partition("/")[0]
    codecs = [names.get(payload, payload) for payload in parts[3:]]
    shown = ",".join([one for one in codecs if one != _EVENTS][:_CODECS_SHOWN])
    direction = next(
        (line[2:] for line in lines if line in ("a=sendonly", "a=recvonly", "a=inactive")), ""
    )
    held = "hold" if direction in ("sendonly", "inactive") else ""
    return " ".join(one for one in (shown, direction, held) if one)


def whole_text(data: bytes, *, full: bool) -> str:
    """Return a message as text: credentials cut out always, numbers masked unless ``full``."""
    text = _SECRET.sub(r"\1: (cut out)", data.decode("utf-8", "replace"))
    if full:
        return text
    head, blank, body = text.partition("\r\n\r\n")
    lines = head.split("\r\n")
    masked = [mask_uris(lines[0]), *(_masked_line(line) for line in lines[1:])]
    return "\r\n".join(masked) + blank + body


def mask_uris(text: str) -> str:
    """Mask numbers in the user parts of URIs and in the rest, but leave addresses alone."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\x00{len(kept) - 1:c}\x00" if len(kept) <= 9 else found.group()

    hidden = mask_number(_ADDRESS.sub(keep, text))
    for place, one in enumerate(kept[:9]):
        hidden = hidden.replace(f"\x00{place:c}\x00", one)
    return hidden


def _masked_line(line: str) -> str:
    name = line.partition(":")[0].strip().lower()
    if name in _WHOLE:
        return _USER.sub(lambda found: mask_number(found.group()), line)
    return mask_uris(line)
