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
    r"^((?:proxy-)?authorization|(?:www|proxy)-authenticate|authentication-info)[ \t]*:[^\r\n]*"
    r"(?:\r\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
_MEDIA_KEY: Final = re.compile(
    r"^(k=|a=crypto:\S*[ \t]+\S+|a=ice-pwd:|a=key-mgmt:)[^\r\n]*", re.IGNORECASE | re.MULTILINE
)
"""Keys of the media (RFC 4566, RFC 4567, RFC 4568, RFC 8839)."""
_NAMING_LINE: Final = re.compile(r"[oisuep]=")
"""Lines of SDP with names, numbers or free text in them (RFC 4566 §5)."""
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
    """Return a message as text: credentials and keys of the media cut out always.

    Unless ``full``, numbers are masked, and of a body that is no SDP only its size is told: it is
    what people write to each other, or the digits of a PIN.
    """
    head, blank, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    lines = _SECRET.sub(r"\1: (cut out)", head).split("\r\n")
    if not full:
        message = read_shown(data)
        lines = [mask_uris(lines[0]), *(_masked_line(line) for line in lines[1:])]
        is_sdp = message is not None and message.content_type == "application/sdp"
        if body and not is_sdp:
            body = f"({len(body)} characters)"
        body = "\r\n".join(
            mask_uris(line) if names_people(line) else line for line in body.splitlines()
        )
    text = "\r\n".join(lines) + blank + without_keys(body, "(cut out)")
    return "\r\n".join(printable(line) for line in text.splitlines())


def without_keys(sdp: str, instead: str) -> str:
    """Return a session description with ``instead`` in place of every key."""
    return _MEDIA_KEY.sub(rf"\1 {instead}", sdp)


def names_people(line: str) -> bool:
    """Tell whether a line of SDP may hold a name or a number."""
    return _NAMING_LINE.match(line) is not None


def printable(text: str) -> str:
    """Return one line without what a peer may have put in to command a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\t" else "\ufffd" for one in text)


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
