"""The grammar of RFC 3261 §25.1 that several headers share, under the RFC's own names.

Every pattern is linear in its input: no two neighbouring repeats can match the same character.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from sipcore.errors import RemoteError

IGNORE_CASE: Final = re.IGNORECASE | re.ASCII
"""Without ASCII, "s" and "k" match the long s and the Kelvin sign too."""

TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105 - the RFC's rule, no secret
QUOTED_STRING: Final = r'"[^"\\]*(?:\\.[^"\\]*)*"'

CONTROLS: Final = bytes(code for code in range(32) if code != 9) + b"\x7f"
"""What no head holds inside a line, be it quoted or not: some readers take it for an end."""

_TOKEN: Final = re.compile(TOKEN)
_QUOTED_STRING: Final = re.compile(QUOTED_STRING)
_LIST_MARK: Final = re.compile(r'[",<]')
# RFC 2396 §2.3: letters, digits and "mark". Not behind half an escape, which it would complete.
_UNRESERVED_ESCAPED: Final = re.compile(
    r"(?<!%)(?<!%[0-9A-F])%(2[1789ADE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", IGNORE_CASE
)
_MUST_ESCAPE: Final = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]+")


def is_token(text: str) -> bool:
    """Tell whether ``text`` is one ``token``."""
    return _TOKEN.fullmatch(text) is not None


def unquote(text: str) -> str:
    """Return the value of a ``quoted-string``; any other text comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    # Pairs are counted from the left, and two backslashes are one.
    return "\\".join(part.replace("\\", "") for part in inner.split("\\\\"))


def quote(text: str) -> str:
    """Return ``text`` as a ``quoted-string``."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescape(text: str) -> str:
    """Decode the ``escaped`` octets of a URI part.

    They are UTF-8 (§19.1.4); octets that are not survive as lone surrogates, so that two
    different texts never become one.
    """
    if "%" not in text:
        return text
    octets = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "surrogateescape")


def unescape_unreserved(text: str) -> str:
    """Decode the escapes that mean the same as their bare character wherever they stand."""
    return _UNRESERVED_ESCAPED.sub(_unescape_octet, text) if "%" in text else text


def escape_user(user: str) -> str:
    """Encode what the ``user`` part of a URI may not hold as it is."""
    if _MUST_ESCAPE.search(user) is None:
        return user
    return _MUST_ESCAPE.sub(_escape, user)


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
        return [value.strip(" \t")]
    if '"' not in value and "<" not in value:
        return [part.strip(" \t") for part in value.split(",")]
    parts: list[str] = []
    start = position = 0
    while (match := _LIST_MARK.search(value, position)) is not None:
        mark = match[0]
        position = match.end()
        if mark == ",":
            parts.append(value[start : match.start()].strip(" \t"))
            start = position
        elif mark == "<":
            position = value.find(">", position) + 1
            if position == 0:
                raise RemoteError("a '>' is missing")
        else:
            position = end_of_quoted(value, match.start())
    parts.append(value[start:].strip(" \t"))
    return parts


def end_of_quoted(value: str, start: int) -> int:
    """Return the position after the quoted string that begins at ``start``."""
    match = _QUOTED_STRING.match(value, start)
    if match is None:
        raise RemoteError("a quoted string has no end")
    return match.end()


def _escape(match: re.Match[str]) -> str:
    octets = match[0].encode("utf-8", "surrogateescape")
    return "".join(f"%{octet:02X}" for octet in octets)


def _unescape_octet(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
