"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), and any other kept as text."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from types import MappingProxyType
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import (
    IGNORE_CASE,
    escape_user,
    parse_uint,
    unescape,
    unescape_unreserved,
)
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters

HOST: Final = r"\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9_.\-]{0,254}"
"""``host``, with the underscore that real names hold."""

# Blanks, controls, brackets and quotes stand nowhere in a URI. The user part is read more freely
# than the RFC's (``*31#030123@host`` is sent by real phones), but "@" and ":" always end it.
_THIRD_COLON: Final = re.compile(r"(?<!:):::(?=[0-9]+(?:\.[0-9]+){3}\]$)")
_USER: Final = r'[^\x00-\x20\x7f@:<>"]'
_REST: Final = r'[^\x00-\x20\x7f@<>"]'
_SIP: Final = re.compile(
    rf"(?P<scheme>sips?):(?:(?P<user>{_USER}++)(?::(?P<password>{_REST}*))?@)?"
    rf"(?P<host>{HOST})(?::(?P<port>[0-9]+))?"
    rf'(?P<parameters>;[^\x00-\x20\x7f@<>"?]*)?(?:\?(?P<headers>{_REST}*))?',
    IGNORE_CASE,
)
_TEL: Final = re.compile(
    rf"tel:(?P<number>\+[0-9\-.()]+|[0-9A-F*#\-.()]+)(?P<parameters>;{_REST}*)?", IGNORE_CASE
)
_OTHER: Final = re.compile(r"(?P<scheme>[A-Z][A-Z0-9+\-.]*):[^\x00-\x20\x7f<>\"]+", IGNORE_CASE)
VISUAL_SEPARATORS: Final = MappingProxyType(str.maketrans("", "", "-.()"))
"""For ``str.translate``: takes out what stands in a number for the eye alone (RFC 3966 §5.1.1)."""


class SipUri:
    """``sip:`` or ``sips:``; ``host`` in lower case, IPv6 with its brackets.

    ``user`` is decoded; what a peer wrote is kept and written again octet by octet.
    """

    __slots__ = ("_user", "headers", "host", "parameters", "password", "port", "scheme")

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
        self._user = None if user is None else escape_user(user)
        self.password = password
        self.host = host
        self.port = port
        self.parameters: Parameters = {} if parameters is None else parameters
        self.headers = headers

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read a URI whose scheme is sip or sips; another one is a RemoteError (416)."""
        uri = parse_uri(text)
        if not isinstance(uri, SipUri):
            raise RemoteError(f"not a SIP URI: {text[:60]!r}", status_hint=416)
        return uri

    @property
    def user(self) -> str | None:
        """The user part, decoded."""
        return None if self._user is None else unescape(self._user)

    @property
    def escaped_user(self) -> str | None:
        """The user part as it stands on the wire."""
        return self._user

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
        userinfo = self._user or ""
        if userinfo:
            userinfo += "@" if self.password is None else f":{self.password}@"
        headers = f"?{self.headers}" if self.headers else ""
        parameters = format_parameters(self.parameters)
        return f"{self.scheme}:{userinfo}{self.host_port}{parameters}{headers}"

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


def parse_uri(text: str) -> Uri:
    """Read a URI; what cannot be one is a RemoteError (400)."""
    match = _SIP.fullmatch(text)
    if match is not None:
        return _sip_uri(match)
    match = _OTHER.fullmatch(text)
    if match is None:
        raise RemoteError(f"not a URI: {text[:60]!r}")
    scheme = match["scheme"].lower()
    if scheme in ("sip", "sips"):
        raise RemoteError(f"not a SIP URI: {text[:60]!r}")
    return _tel_uri(text) if scheme == "tel" else OtherUri(text)


def is_sips(text: str) -> bool:
    """Tell whether the text of a URI is one of the scheme ``sips``, without parsing it."""
    return text[:5].lower() == "sips:"


def checked_host(host: str) -> str:
    """Return a ``host`` in lower case; an IPv6 reference must hold an address.

    A third colon before an IPv4 part, which the grammar of RFC 3261 asks for, is left out
    (RFC 5118 §4.10).
    """
    if host[0] == "[":
        host = _THIRD_COLON.sub("::", host)
        try:
            IPv6Address(host[1:-1])
        except AddressValueError as error:
            raise RemoteError(f"not an IPv6 address: {host!r}") from error
    return host.lower()


def parse_port(digits: str | None) -> int | None:
    """Read a port; 0 is none that anyone could be reached at."""
    if digits is None:
        return None
    port = parse_uint(digits, "port", maximum=65_535)
    if port == 0:
        raise RemoteError("port 0")
    return port


def _sip_uri(match: re.Match[str]) -> SipUri:
    scheme, user, password, host, port, parameters, headers = match.groups()
    uri = SipUri(
        checked_host(host),
        port=parse_port(port),
        scheme=scheme.lower(),
        password=password,
        parameters=parse_parameters(unescape_unreserved(parameters)) if parameters else None,
        headers=headers or "",
    )
    uri._user = user  # noqa: SLF001 - as the peer wrote it
    return uri


def _tel_uri(text: str) -> TelUri:
    match = _TEL.fullmatch(text)
    number = "" if match is None else match["number"].translate(VISUAL_SEPARATORS)
    if match is None or number in ("", "+"):
        raise RemoteError(f"not a telephone number: {text[:40]!r}")
    parameters = match["parameters"]
    return TelUri(number, parameters=parse_parameters(parameters) if parameters else None)
