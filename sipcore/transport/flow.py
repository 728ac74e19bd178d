"""Flows: over which socket, from where, to where (RFC 5626's word for it)."""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import Final

Address = tuple[str, int]
"""Numeric host without brackets, and port."""


class Transport(IntEnum):
    """The transports of this switch; the name is what stands in Via."""

    UDP = 1
    TCP = 2
    TLS = 3
    WS = 4
    WSS = 5

    @property
    def is_secure(self) -> bool:
        """Whether nobody reads along on this hop, as ``sips`` asks (RFC 3261 §26.2.2)."""
        return self in (Transport.TLS, Transport.WSS)

    @property
    def is_websocket(self) -> bool:
        """Whether only the peer can open it: a browser listens nowhere (RFC 7118 §5)."""
        return self in (Transport.WS, Transport.WSS)


_URI_PARAMETERS: Final = MappingProxyType(
    {
        (Transport.UDP, False): "",
        (Transport.TCP, False): ";transport=tcp",
        (Transport.TLS, False): ";transport=tls",
        (Transport.WS, False): ";transport=ws",
        (Transport.WSS, False): ";transport=ws",
        (Transport.TLS, True): "",
        (Transport.WSS, True): ";transport=ws",
    }
)
"""By transport, and whether the URI is ``sips``."""


class Listener:
    """A socket that we listen on, and what others are told it is.

    ``bound`` may be a private address while ``advertised`` stands in Via and Contact.
    """

    __slots__ = ("advertised", "bound", "name", "sent_by", "transport")

    def __init__(
        self, name: str, transport: Transport, bound: Address, advertised: Address | None = None
    ) -> None:
        self.name = name
        self.transport = transport
        self.bound = bound
        self.advertised = bound if advertised is None else advertised
        self.sent_by: Final = format_address(self.advertised)

    def contact_uri(self, user: str, *, is_secure: bool = False) -> str:
        """Return a URI by which peers of this listener reach ``user`` with us.

        A secure one is ``sips``, which says TLS by itself. RFC 7118 §5.2.3 has one word for
        WebSocket with TLS and without.
        """
        scheme = "sips" if is_secure else "sip"
        return f"{scheme}:{user}@{self.sent_by}{_URI_PARAMETERS[self.transport, is_secure]}"

    def __repr__(self) -> str:
        return f"<Listener {self.name} {self.transport.name} {format_address(self.bound)}>"


class Flow:
    """A way to a peer: one listener and one remote address, and for TCP one connection.

    ``connection`` is 0 for UDP, and for a TCP flow that is to be opened; every accepted or opened
    connection has its own number, so that a binding made over it leads back to just it.
    ``peer_name`` is whom a TLS connection that we open must lead to (RFC 5922 §4); when it is
    empty, the address itself. ``hears_load`` says that the peer may tell us how much it can take
    (RFC 7339).
    """

    __slots__ = ("connection", "hears_load", "key", "listener", "peer_name", "remote")

    def __init__(
        self,
        listener: Listener,
        remote: Address,
        connection: int = 0,
        *,
        peer_name: str = "",
        hears_load: bool = False,
    ) -> None:
        self.listener = listener
        self.remote = remote
        self.connection = connection
        self.peer_name = peer_name
        self.hears_load = hears_load
        self.key: Final = (listener.name, remote, connection)

    @property
    def transport(self) -> Transport:
        """The transport of the flow."""
        return self.listener.transport

    @property
    def is_reliable(self) -> bool:
        """Whether the transport delivers or fails; turns timers A, E, G off."""
        return self.listener.transport is not Transport.UDP

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flow) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        number = f"#{self.connection}" if self.connection else ""
        return f"<Flow {self.transport.name} {format_address(self.remote)}{number}>"


class Outgoing:
    """Bytes on their way out over a flow."""

    __slots__ = ("data", "flow")

    def __init__(self, data: bytes, flow: Flow) -> None:
        self.data = data
        self.flow = flow


def format_address(address: Address) -> str:
    """Write ``host:port`` with brackets around IPv6."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
