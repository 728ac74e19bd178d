"""Authorization, WWW-Authenticate and their Proxy- twins (RFC 3261 §20.7, §20.44, RFC 7235 §2.1).

One field carries one set of credentials or one challenge: these four headers are the exception
to joining fields with commas (§7.3.1), so a message may have several fields of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sipcore.errors import LocalError, RemoteError
from sipcore.limits import CREDENTIALS_MAX
from sipcore.message.grammar import TOKEN, is_token
from sipcore.message.headers import wire_name
from sipcore.message.message import Message

# Values are mostly token or quoted string, but phones send a bare uri or response as well.
_BETWEEN_QUOTES: Final = r'[^"\\\r\n\0]*(?:\\[^\r\n\0][^"\\\r\n\0]*)*'
_VALUE: Final = rf'(?:"({_BETWEEN_QUOTES})"|([^\s",]*))'
_AUTH_PARAM: Final = re.compile(rf"[ \t,]*({TOKEN})[ \t]*=[ \t]*{_VALUE}[ \t]*(?:,|$)")
_AUTH_PARAMS: Final = re.compile(rf"(?:{_AUTH_PARAM.pattern})*+[ \t,]*")
_QUOTABLE: Final = re.compile(_BETWEEN_QUOTES)

_QUOTED_IN_CREDENTIALS: Final = frozenset(
    {"username", "realm", "nonce", "uri", "response", "cnonce", "opaque"}
)
_QUOTED_IN_CHALLENGE: Final = frozenset({"realm", "nonce", "qop", "opaque", "domain"})


class Credentials:
    """What a client answers: scheme in lower case, parameters by lower-case name.

    A value is what stands between the quotes, escapes as sent: that is what is hashed
    (RFC 2617 §3.2.2.1, ``unq``), on both sides alike.
    """

    __slots__ = ("parameters", "scheme")

    def __init__(self, parameters: Mapping[str, str], *, scheme: str = "digest") -> None:
        self.scheme = scheme
        self.parameters: Mapping[str, str] = parameters

    @classmethod
    def parse(cls, value: str) -> Credentials:
        """Read one Authorization or Proxy-Authorization; other schemes come without parameters."""
        scheme, parameters = _parse(value)
        return cls(parameters, scheme=scheme)

    def get(self, name: str) -> str:
        """Return a parameter, the empty string when absent."""
        return self.parameters.get(name, "")

    def __str__(self) -> str:
        return _format(self.scheme, self.parameters, _QUOTED_IN_CREDENTIALS)


class Challenge:
    """What a server asks: scheme in lower case, parameters by lower-case name."""

    __slots__ = ("parameters", "scheme")

    def __init__(self, parameters: Mapping[str, str], *, scheme: str = "digest") -> None:
        self.scheme = scheme
        self.parameters: Mapping[str, str] = parameters

    @classmethod
    def parse(cls, value: str) -> Challenge:
        """Read one WWW-Authenticate or Proxy-Authenticate."""
        scheme, parameters = _parse(value)
        return cls(parameters, scheme=scheme)

    def get(self, name: str) -> str:
        """Return a parameter, the empty string when absent."""
        return self.parameters.get(name, "")

    @property
    def is_stale(self) -> bool:
        """Whether only the nonce was refused, not the password."""
        return self.get("stale").lower() == "true"

    def __str__(self) -> str:
        return _format(self.scheme, self.parameters, _QUOTED_IN_CHALLENGE)


def read_credentials(message: Message, key: str) -> list[Credentials]:
    """Return all credentials of ``authorization`` or ``proxy-authorization``, in wire order."""
    return [Credentials.parse(value) for value in _fields(message, key)]


def read_challenges(message: Message, key: str) -> list[Challenge]:
    """Return all challenges of ``www-authenticate`` or ``proxy-authenticate``, in wire order."""
    return [Challenge.parse(value) for value in _fields(message, key)]


def _fields(message: Message, key: str) -> list[str]:
    values = message.values(key)
    if len(values) > CREDENTIALS_MAX:
        raise RemoteError(f"{wire_name(key)} stands {len(values)} times")
    return values


def _parse(value: str) -> tuple[str, Mapping[str, str]]:
    scheme, _, text = value.strip(" \t").partition(" ")
    if not is_token(scheme):
        raise RemoteError(f"not an authentication scheme: {scheme[:20]!r}")
    scheme = scheme.lower()
    if scheme != "digest":
        return scheme, MappingProxyType({})
    if _AUTH_PARAMS.fullmatch(text) is None:
        raise RemoteError(f"not authentication parameters: {text[:60]!r}")
    found = _AUTH_PARAM.findall(text)
    parameters = {name.lower(): quoted or bare for name, quoted, bare in found}
    if len(parameters) != len(found):
        raise RemoteError("an authentication parameter stands twice")
    return scheme, parameters


def _format(scheme: str, parameters: Mapping[str, str], quoted: frozenset[str]) -> str:
    parts = []
    for name, value in parameters.items():
        if name in quoted:
            if _QUOTABLE.fullmatch(value) is None:
                raise LocalError(f"{name} cannot stand between quotes: {value[:40]!r}")
            parts.append(f'{name}="{value}"')
        elif is_token(value):
            parts.append(f"{name}={value}")
        else:
            raise LocalError(f"{name} is no token: {value[:40]!r}")
    return f"{scheme.capitalize()} {', '.join(parts)}"
