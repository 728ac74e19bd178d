"""Whether two URIs name the same resource (RFC 3261 §19.1.4, RFC 3966 §4).

No equivalence: a parameter that only one URI has is mostly ignored, so two that differ may both
equal a third. Hence no key and no hash; URIs are compared in pairs.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

from sipcore.message.parameters import Parameters
from sipcore.message.uri import VISUAL_SEPARATORS, OtherUri, SipUri, TelUri, Uri, parse_uri

_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 2396 §2.2, and the "%" itself: escaped they mean something else than bare.
_RESERVED: Final = frozenset(";/?:@&=+$,%")
_NEVER_IGNORED: Final = ("user", "ttl", "method", "maddr", "transport")


def uri_equals(a: Uri, b: Uri) -> bool:
    """Tell whether two URIs are equivalent; those of two kinds never are."""
    if isinstance(a, SipUri):
        return isinstance(b, SipUri) and _sip_equals(a, b)
    if isinstance(a, TelUri):
        return isinstance(b, TelUri) and _tel_equals(a, b)
    return (
        isinstance(b, OtherUri)
        and a.scheme == b.scheme
        and a.text[len(a.scheme) :] == (b.text[len(b.scheme) :])
    )


def is_same_uri(a: str, b: str) -> bool:
    """Tell the same of two texts; one that is no URI is a RemoteError unless both are alike."""
    return a == b or uri_equals(parse_uri(a), parse_uri(b))


def _sip_equals(a: SipUri, b: SipUri) -> bool:
    return (
        a.scheme == b.scheme
        and a.port == b.port
        and _host(a.host) == _host(b.host)
        and _plain(a.escaped_user) == _plain(b.escaped_user)
        and _plain(a.password) == _plain(b.password)
        and _sip_parameters_match(a.parameters, b.parameters)
        and _headers(a.headers) == _headers(b.headers)
    )


def _tel_equals(a: TelUri, b: TelUri) -> bool:
    return a.number.lower() == b.number.lower() and _tel_parameters(a) == _tel_parameters(b)


def _host(host: str) -> str | IPv6Address:
    return IPv6Address(host[1:-1]) if host.startswith("[") else host.lower()


def _sip_parameters_match(a: Parameters, b: Parameters) -> bool:
    # The rules name user, ttl, method and maddr; that a transport in one URI alone never matches
    # stands in the list of components with a default value, and in the examples.
    if any((name in a) != (name in b) for name in _NEVER_IGNORED):
        return False
    return all(_fold(value) == _fold(b[name]) for name, value in a.items() if name in b)


def _headers(text: str) -> list[tuple[str, str | None]]:
    parts = (part.partition("=") for part in text.split("&") if part)
    return sorted((_fold(name) or "", _plain(value)) for name, _, value in parts)


def _tel_parameters(uri: TelUri) -> Parameters:
    parameters = {name: _fold(value) for name, value in uri.parameters.items()}
    context = parameters.get("phone-context")
    if context is not None and context.startswith("+"):
        parameters["phone-context"] = context.translate(VISUAL_SEPARATORS)
    return parameters


def _fold(text: str | None) -> str | None:
    plain = _plain(text)
    return plain if plain is None or not plain.isascii() else plain.lower()


def _plain(text: str | None) -> str | None:
    """Return ``text`` without the escapes that mean nothing."""
    if text is None or "%" not in text:
        return text
    return _ESCAPED.sub(_bare_unless_reserved, text)


def _bare_unless_reserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0].upper() if character in _RESERVED or not character.isascii() else character
