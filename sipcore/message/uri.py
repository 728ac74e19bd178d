"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), and any other kept as text."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import parse_uint, unescape
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters

PORT_MAX: Final = 65_535

_HOSTNAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9.])?")
_IPV6_REFERENCE: Final = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")
_USER_RESERVED: Final = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
_FORBIDDEN: Final = re.compile(r"[\s<>\"]")


class SipUri:
    """``sip:`` or ``sips:``; ``user`` is decoded, ``host`` lower-case, IPv6 with its brackets."""

    __slots__ = ("headers", "host", "parameters", "password", "port", "scheme", "user")

    def __init__(
        self,
        host: str,
        *,
        user: str | None = None,
        port: int | None = None,
        scheme: str = "sip",
        password: str | None = None,
        parameters: Parameters | None = None,
        headers: str = "",
    ) -> None:
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.parameters: Parameters = {} if parameters is None else parameters
        self.headers = headers

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read a URI whose scheme is sip or sips."""
        uri = parse_uri(text)
        if not isinstance(uri, SipUri):
            raise RemoteError(f"not a SIP URI: {text[:60]!r}", status_hint=416)
        return uri

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case."""
        value = self.parameters.get("transport")
        return None if value is None else value.lower()

    @property
    def is_loose_router(self) -> bool:
        """Whether ``lr`` stands in the URI (§16.12)."""
        return "lr" in self.parameters

    @property
    def host_port(self) -> str:
        """``host[:port]`` as written in a URI or a sent-by."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        user = "" if self.user is None else escape_user(self.user)
        if self.password is not None:
            user += ":" + self.password
        at = "@" if user else ""
        headers = f"?{self.headers}" if self.headers else ""
        parameters = format_parameters(self.parameters)
        return f"{self.scheme}:{user}{at}{self.host_port}{parameters}{headers}"

    def __repr__(self) -> str:
        return f"SipUri({str(self)!r})"


class TelUri:
    """``tel:`` (RFC 3966); ``number`` without visual separators, ``+`` kept."""

    __slots__ = ("number", "parameters")

    def __init__(self, number: str, *, parameters: Parameters | None = None) -> None:
        self.number = number
        self.parameters: Parameters = {} if parameters is None else parameters

    def __str__(self) -> str:
        return f"tel:{self.number}{format_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"TelUri({str(self)!r})"


class OtherUri:
    """Any other scheme (``urn:service:sos``, ``mailto:``); kept as text."""

    __slots__ = ("scheme", "text")

    def __init__(self, text: str) -> None:
        self.scheme = text.partition(":")[0].lower()
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"OtherUri({self.text!r})"


Uri = SipUri | TelUri | OtherUri

_VISUAL: Final = str.maketrans("", "", "-.()")
_TEL_NUMBER: Final = re.compile(r"\+?[0-9A-Fa-f*#]+")


def parse_uri(text: str) -> Uri:
    """Read a URI; what cannot be one is a RemoteError (400)."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or _SCHEME.fullmatch(scheme) is None:
        raise RemoteError(f"not a URI: {text[:60]!r}")
    if _FORBIDDEN.search(rest) is not None:
        raise RemoteError(f"blank or bracket in a URI: {text[:60]!r}")
    lowered = scheme.lower()
    if lowered in ("sip", "sips"):
        return _parse_sip(lowered, rest)
    if lowered == "tel":
        return _parse_tel(rest)
    return OtherUri(text)


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Read ``host [":" port]``; the host comes back in lower case."""
    if text.startswith("["):
        end = text.find("]") + 1
        host, port = text[:end], text[end:]
        if _IPV6_REFERENCE.fullmatch(host) is None:
            raise RemoteError(f"not an IPv6 address: {text[:60]!r}")
        if port and not port.startswith(":"):
            raise RemoteError(f"not a host: {text[:60]!r}")
        port = port[1:] if port else ""
        has_port = text.endswith(":") or bool(port)
    else:
        host, colon, port = text.partition(":")
        has_port = bool(colon)
        if len(host) > 255 or _HOSTNAME.fullmatch(host) is None:
            raise RemoteError(f"not a host: {text[:60]!r}")
    if not has_port:
        return host.lower(), None
    return host.lower(), parse_uint(port, "port", maximum=PORT_MAX)


def escape_user(user: str) -> str:
    """Encode what a URI's user part may not hold as it is."""
    if _USER_RESERVED.search(user) is None:
        return user
    return _USER_RESERVED.sub(
        lambda m: "".join(f"%{octet:02X}" for octet in m[0].encode("utf-8", "replace")), user
    )


def _parse_sip(scheme: str, rest: str) -> SipUri:
    # A "?" or ";" may stand in the user part, so the "@" is looked for first.
    userinfo, at, hostpart = rest.rpartition("@")
    if at and not userinfo:
        raise RemoteError("empty user part in a URI")
    hostpart, _, headers = hostpart.partition("?")
    hostpart, semicolon, parameter_text = hostpart.partition(";")
    host, port = parse_host_port(hostpart)
    parameters = parse_parameters(semicolon + parameter_text) if semicolon else {}
    user: str | None = None
    password: str | None = None
    if at:
        name, colon, secret = userinfo.partition(":")
        user = unescape(name)
        password = secret if colon else None
    return SipUri(
        host,
        user=user,
        port=port,
        scheme=scheme,
        password=password,
        parameters=parameters,
        headers=headers,
    )


def _parse_tel(rest: str) -> TelUri:
    number, semicolon, parameter_text = rest.partition(";")
    number = number.translate(_VISUAL)
    if _TEL_NUMBER.fullmatch(number) is None:
        raise RemoteError(f"not a telephone number: {rest[:40]!r}")
    parameters = parse_parameters(semicolon + parameter_text) if semicolon else {}
    return TelUri(number, parameters=parameters)
