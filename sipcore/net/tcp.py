"""One TCP connection: bytes in, frames out, and no patience with a peer that does not read."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol, cast

from sipcore.limits import Limits
from sipcore.transaction.deadlines import Deadline
from sipcore.transport.flow import Address, Flow, Listener
from sipcore.transport.framing import Frame, StreamFraming

_BACKLOG: Final = 1024

ConnectionTimer = tuple[int, bool]
"""The number of a connection, and whether it is about a message that does not end."""


class TcpUser(Protocol):
    """Who keeps the connections and takes what comes in."""

    def connection_made(self, connection: TcpConnection) -> None:
        """Learn of a new connection, accepted or opened."""
        ...

    def connection_lost(self, connection: TcpConnection) -> None:
        """Learn that a connection is gone."""
        ...

    def receive_frames(self, connection: TcpConnection, frames: list[Frame]) -> None:
        """Take what one read completed."""
        ...

    def write_stalled(self, connection: TcpConnection) -> None:
        """Learn that the peer does not read."""
        ...


class TcpConnection(asyncio.Protocol):
    """A connection as the loop sees it; ``flow`` is set when it stands."""

    def __init__(self, listener: Listener, *, user: TcpUser, limits: Limits, number: int) -> None:
        self.listener = listener
        self.number = number
        self.flow = Flow(listener, ("", 0), number)
        self.framing = StreamFraming(limits=limits)
        self.target: Address | None = None
        """Where we opened it to; None when it was opened to us."""
        self.last_activity = 0.0
        self.idle: Deadline[ConnectionTimer] | None = None
        self.partial: Deadline[ConnectionTimer] | None = None
        """Until when the message that has begun must end."""
        self._user = user
        self._limits = limits
        self._transport: asyncio.Transport | None = None

    def write(self, data: bytes) -> None:
        """Send bytes after all that were written before."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport from the loop."""
        # uvloop's transports have the methods, but not the class.
        stream = cast("asyncio.Transport", transport)
        self._transport = stream
        stream.set_write_buffer_limits(high=self._limits.unsent_bytes_max)
        peer = stream.get_extra_info("peername")
        if peer is None:  # gone before we came to it
            stream.abort()
            return
        self.flow = Flow(self.listener, (peer[0], peer[1]), self.number)
        self._user.connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Cut what was read into frames."""
        self._user.receive_frames(self, self.framing.feed(data))

    def pause_writing(self) -> None:
        """Give up on a peer that lets us wait."""
        self._user.write_stalled(self)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """Tell that it is over."""
        self._transport = None
        self._user.connection_lost(self)


def bind_tcp(address: Address) -> socket.socket:
    """Bind and listen; OSError when another process listens there.

    SO_REUSEADDR lets a restarted switch in while old connections linger; unlike with UDP it does
    not let a second listener in.
    """
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound
