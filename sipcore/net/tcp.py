"""One connection over TCP: bytes in, frames out, and no patience with a peer that does not read.

What lies between the socket and the messages, TLS and WebSocket, is handed in.
"""

from __future__ import annotations

import asyncio
import socket
from enum import IntEnum
from typing import Final, Protocol, cast

from sipcore.limits import Limits
from sipcore.net.tls import TlsFailure, TlsSession
from sipcore.net.websocket import WebSocketFraming
from sipcore.transaction.deadlines import Deadline
from sipcore.transport.flow import Address, Flow, Listener
from sipcore.transport.framing import Frame, StreamFraming

_BACKLOG: Final = 1024


class Timer(IntEnum):
    """What a connection is watched for."""

    IDLE = 1
    PARTIAL = 2
    """That what has begun comes to its end: a handshake, a message."""
    PING = 3


ConnectionTimer = tuple[int, Timer]
"""The number of a connection, and what it is watched for."""


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

    def handshake_failed(self, connection: TcpConnection, *, is_peer_refused: bool) -> None:
        """Learn that TLS or WebSocket did not come about, or that TLS broke."""
        ...

    def write_stalled(self, connection: TcpConnection) -> None:
        """Learn that the peer does not read."""
        ...


class TcpConnection(asyncio.BufferedProtocol):
    """A connection as the loop sees it; ``flow`` is set when it stands.

    ``read_buffer`` bounds what is read at a time.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        user: TcpUser,
        limits: Limits,
        number: int,
        framing: StreamFraming | WebSocketFraming,
        tls: TlsSession | None = None,
        read_buffer: bytearray,
    ) -> None:
        self.listener = listener
        self.number = number
        self.flow = Flow(listener, ("", 0), number)
        self.framing = framing
        self.target: Flow | None = None
        """Along which flow we opened it; None when it was opened to us."""
        self.last_activity = 0.0
        self.timers: dict[Timer, Deadline[ConnectionTimer]] = {}
        self.is_shaking_hands = False
        """Whether it counts as one whose handshakes are not done."""
        self._tls = tls
        self._websocket = framing if isinstance(framing, WebSocketFraming) else None
        self._user = user
        self._limits = limits
        self._read_buffer = read_buffer
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        """Whether all handshakes are done."""
        if self._tls is not None and not self._tls.is_open:
            return False
        return self._websocket is None or self._websocket.is_open

    @property
    def has_greeted(self) -> bool:
        """Whether the peer has said something; over WebSocket its handshake is that."""
        return self._websocket is not None and self._websocket.is_open

    def write(self, data: bytes) -> None:
        """Send one message after all that were written before."""
        if self._websocket is not None:
            data = self._websocket.encode(data)
        self._write(data)

    def ping(self) -> None:
        """Ask the peer whether it lives; only over WebSocket."""
        if self._websocket is not None:
            self._websocket.ping()
            self._write(self._websocket.take_outgoing())

    def close(self) -> None:
        """Close after what was written is sent."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._websocket is not None:
            self._websocket.close()
            self._write(self._websocket.take_outgoing())
        if self._tls is not None:
            self._tls.close()
            self._flush_tls()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.BufferedProtocol

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
        peer_name = "" if self.target is None else self.target.peer_name
        self.flow = Flow(self.listener, (peer[0], peer[1]), self.number, peer_name=peer_name)
        if self._tls is not None and self.target is not None:
            self._tls.begin()
            self._flush_tls()
        self._user.connection_made(self)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the loop's signature
        """Lend the loop what to read into."""
        return self._read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read; if there may be more, others get their turn first."""
        is_full = nbytes == len(self._read_buffer)
        self._receive(bytes(memoryview(self._read_buffer)[:nbytes]))
        if is_full and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)

    def pause_writing(self) -> None:
        """Give up on a peer that lets us wait."""
        self._user.write_stalled(self)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """Tell that it is over."""
        self._transport = None
        self._user.connection_lost(self)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _receive(self, data: bytes) -> None:
        """Cut what was read into frames."""
        if self._tls is not None:
            try:
                data = self._tls.receive(data)
            except TlsFailure as failure:
                self._flush_tls()  # the alert tells the peer why
                self._user.handshake_failed(self, is_peer_refused=failure.is_peer_refused)
                self._end()
                return
            self._flush_tls()
        frames = self.framing.feed(data)
        if self._websocket is not None:
            self._write(self._websocket.take_outgoing())
        self._user.receive_frames(self, frames)
        self._end_if_over()

    def _write(self, data: bytes) -> None:
        if not data or self._transport is None or self._transport.is_closing():
            return
        if self._tls is None:
            self._transport.write(data)
        elif self._tls.send(data):
            self._flush_tls()
        else:
            self.pause_writing()

    def _flush_tls(self) -> None:
        if self._tls is None or self._transport is None:
            return
        data = self._tls.take_outgoing()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _end_if_over(self) -> None:
        """Close when the peer said that it is done, or is not to be served."""
        if self._websocket is not None and self._websocket.has_ended:
            if not self._websocket.is_open:
                self._user.handshake_failed(self, is_peer_refused=False)
            self._end()
        elif self._tls is not None and self._tls.has_ended:
            self.close()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.close()


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
