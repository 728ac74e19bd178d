"""Whether two contact URIs are the same place (RFC 3261 §19.1.4).

Not an equivalence: a parameter that only one URI has is mostly ignored, so two different URIs may
both equal a third. That is why bindings are compared one by one and never looked up by a key.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.message.uri import SipUri

_MUST_STAND_IN_BOTH: Final = ("user", "ttl", "method", "maddr", "transport")
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 2396 §2.2, and "%" itself: their escapes mean something else than the bare character.
_RESERVED: Final = frozenset(";/?:@&=+$,%")


def is_same_uri(first: str, second: str) -> bool:
    """Compare two SIP URIs; text that is none is a RemoteError."""
    if first == second:
        return True
    a, b = SipUri.parse(first), SipUri.parse(second)
    return (
        a.scheme == b.scheme
        and _userinfo(first) == _userinfo(second)
        and a.host == b.host
        and a.port == b.port
        and _parameters_match(a, b)
        and _headers(a.headers) == _headers(b.headers)
    )


def _userinfo(text: str) -> str | None:
    """Return user and password as written, with only the escapes gone that mean nothing."""
    userinfo, at, _ = text.partition(":")[2].rpartition("@")
    return _plain(userinfo) if at else None


def _parameters_match(a: SipUri, b: SipUri) -> bool:
    if any((name in a.parameters) != (name in b.parameters) for name in _MUST_STAND_IN_BOTH):
        return False
    return all(
        _folded(value) == _folded(b.parameters[name])
        for name, value in a.parameters.items()
        if name in b.parameters
    )


def _headers(text: str) -> list[tuple[str, str]]:
    """Return the header components in an order of their own; none may be missing or differ."""
    parts = (part.partition("=") for part in text.split("&") if part)
    return sorted((_plain(name).lower(), _plain(value)) for name, _, value in parts)


def _folded(value: str | None) -> str | None:
    return None if value is None else _plain(value).lower()


def _plain(text: str) -> str:
    if "%" not in text:
        return text
    return _ESCAPED.sub(_unescape_unreserved, text)


def _unescape_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0].upper() if character in _RESERVED else character
