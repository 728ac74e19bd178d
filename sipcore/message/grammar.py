"""The grammar of RFC 3261 §25.1 that several headers share, under the RFC's own names."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError

TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105 - the RFC's rule, no secret
QUOTED_STRING: Final = r'"(?:[^"\\]|\\.)*"'

token_pattern: Final = re.compile(TOKEN)
_HEXDIG: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_SPECIAL: Final = re.compile(r'[",<\\]')


def is_token(text: str) -> bool:
    """Tell whether ``text`` is one ``token``."""
    return token_pattern.fullmatch(text) is not None


def unquote(text: str) -> str:
    """Return the value of a ``quoted-string``; any other text comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    return re.sub(r"\\(.)", r"\1", inner)


def quote(text: str) -> str:
    """Return ``text`` as a ``quoted-string``."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescape(text: str) -> str:
    """Decode the ``escaped`` octets of a URI part; they are UTF-8 (§19.1.4)."""
    if "%" not in text:
        return text
    octets = _HEXDIG.sub(lambda m: chr(int(m[1], 16)), text).encode("latin-1", "replace")
    return octets.decode("utf-8", "replace")


def parse_uint(text: str, what: str, *, maximum: int) -> int:
    """Read ``1*DIGIT`` up to ``maximum``.

    ``str.isdigit`` alone would accept the digits of other scripts, and ``int`` signs and blanks.
    """
    if not text or len(text) > 10 or not text.isascii() or not text.isdigit():
        raise RemoteError(f"{what} is not a number: {text[:20]!r}")
    value = int(text)
    if value > maximum:
        raise RemoteError(f"{what} is above {maximum}: {text}")
    return value


def split_list(value: str) -> list[str]:
    """Split a comma-separated header value, leaving quoted strings and ``<…>`` whole."""
    if "," not in value:
        return [value.strip()]
    if '"' not in value and "<" not in value:
        return [part.strip() for part in value.split(",")]
    parts: list[str] = []
    start = position = 0
    while (match := _SPECIAL.search(value, position)) is not None:
        mark = match[0]
        position = match.end()
        if mark == ",":
            parts.append(value[start : match.start()].strip())
            start = position
        elif mark == "<":
            position = _end_of(value, position, ">")
        elif mark == '"':
            position = end_of_quoted(value, match.start())
    parts.append(value[start:].strip())
    return parts


def end_of_quoted(value: str, start: int) -> int:
    """Return the position after the quoted string that begins at ``start``."""
    position = start + 1
    length = len(value)
    while position < length:
        mark = value[position]
        if mark == "\\":
            position += 2
        elif mark == '"':
            return position + 1
        else:
            position += 1
    raise RemoteError("a quoted string has no end")


def _end_of(value: str, start: int, mark: str) -> int:
    end = value.find(mark, start)
    if end < 0:
        raise RemoteError(f"a {mark!r} is missing")
    return end + 1
