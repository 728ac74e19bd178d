"""Where a request goes: host, port and transport of a URI (RFC 3263 §4, without NAPTR and SRV)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Request
from sipcore.message.uri import SipUri, Uri
from sipcore.transport.flow import Listener, Transport

_PORTS: Final = MappingProxyType({Transport.UDP: 5060, Transport.TCP: 5060, Transport.TLS: 5061})
_TRANSPORTS: Final = MappingProxyType(
    {
        ("sip", "udp"): Transport.UDP,
        ("sip", "tcp"): Transport.TCP,
        ("sip", "tls"): Transport.TLS,
        ("sips", "tcp"): Transport.TLS,
        ("sips", "tls"): Transport.TLS,
    }
)
_UNSAID: Final = MappingProxyType({"sip": "udp", "sips": "tls"})


class NextHop:
    """A host to send to, as yet perhaps a name; IPv6 without brackets."""

    __slots__ = ("host", "port", "transport")

    def __init__(self, host: str, port: int, transport: Transport) -> None:
        self.host = host
        self.port = port
        self.transport = transport

    @property
    def is_numeric(self) -> bool:
        """Whether the host is an address, so that nothing is left to resolve."""
        return is_numeric(self.host)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NextHop)
            and self.host == other.host
            and self.port == other.port
            and self.transport is other.transport
        )

    def __hash__(self) -> int:
        return hash((self.host, self.port, self.transport))

    def __repr__(self) -> str:
        return f"NextHop({self.host!r}, {self.port}, {self.transport.name})"


def target_uri(request: Request) -> Uri:
    """Return the URI that decides where a request goes: its top Route, else its own (§8.1.2)."""
    routes = request.entries("route")
    return request.routes[0].uri if routes else request.uri


def next_hop(uri: Uri) -> NextHop:
    """Return the next hop of a URI; one that this switch cannot reach is a RemoteError (416).

    Without a transport parameter it is UDP (RFC 3263 §4.1), for ``sips`` TLS, which has no other.
    """
    if not isinstance(uri, SipUri):
        raise RemoteError(f"no way to {str(uri)[:60]!r}", status_hint=416)
    transport = _TRANSPORTS.get((uri.scheme, uri.transport or _UNSAID[uri.scheme]))
    if transport is None:
        raise RemoteError(f"transport {uri.transport!r} is not spoken here", status_hint=416)
    host = (uri.parameters.get("maddr") or uri.host).strip("[]").lower()
    if is_numeric(host):
        # One spelling, so that two ways to write an IPv6 address are one flow.
        host = str(ipaddress.ip_address(host))
    return NextHop(host, uri.port or _PORTS[transport], transport)


def choose_listener(
    listeners: Iterable[Listener], transport: Transport, host: str
) -> Listener | None:
    """Return the first listener that can send to a numeric host over this transport.

    None when there is none of its transport and IP version.
    """
    version = ipaddress.ip_address(host.partition("%")[0]).version
    for listener in listeners:
        bound = ipaddress.ip_address(listener.bound[0].partition("%")[0])
        if listener.transport is transport and bound.version == version:
            return listener
    return None


def is_numeric(host: str) -> bool:
    """Tell whether ``host`` is an IPv4 or IPv6 address without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
