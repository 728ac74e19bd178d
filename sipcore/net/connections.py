"""All TCP connections: who may open one, which one a flow means, when one has to go."""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import socket
import sys
import time
from typing import Final, Protocol

from sipcore.limits import Limits
from sipcore.net.counters import NetCounters
from sipcore.net.tcp import ConnectionTimer, TcpConnection
from sipcore.transaction.deadlines import Deadlines
from sipcore.transport.flow import Address, Flow, Listener
from sipcore.transport.framing import Frame

_IPV6_SITE_BITS: Final = 64
"""One customer line is given at least this prefix, so it counts as one source."""

_DESCRIPTORS_RESERVED: Final = 256
"""Of what the process may open, for all that is no TCP connection of SIP."""

_Way = tuple[str, Address]
"""Listener and remote, by which a flow without a number finds its connection."""


class ConnectionsUser(Protocol):
    """Who takes what comes in."""

    def receive_frames(self, flow: Flow, frames: list[Frame], *, now: float) -> None:
        """Take what one read completed."""
        ...

    def flow_failed(self, flow: Flow) -> None:
        """Learn that a connection closed, or could not be opened."""
        ...

    def deadlines_changed(self) -> None:
        """Learn that ``next_deadline`` may be earlier than before."""
        ...


class Connections:
    """The connections of one process, each with a number of its own."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        user: ConnectionsUser,
        limits: Limits,
        counters: NetCounters,
    ) -> None:
        self._loop = loop
        self._user = user
        self._limits = limits
        self._counters = counters
        self._connections_max = min(limits.connections_max, _descriptors_left())
        # From the wall clock, so that a number kept over a restart never means another
        # connection: a thousand would have to be opened every second to catch up with it.
        self._number = time.time_ns() // 1_000_000
        self._by_number: dict[int, TcpConnection] = {}
        self._by_way: dict[_Way, int] = {}
        self._per_source: dict[str, int] = {}
        self._waiting: dict[_Way, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._deadlines: Deadlines[ConnectionTimer] = Deadlines()

    def __len__(self) -> int:
        return len(self._by_number)

    async def listen(self, bound: socket.socket, listener: Listener) -> None:
        """Accept connections on a listening socket."""
        server = await self._loop.create_server(lambda: self._new(listener), sock=bound)
        self._servers.append(server)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send over the connection of ``flow``; without a number, over one to its remote.

        One is opened if there is none. A failure is told later, with ``flow_failed``.
        """
        way = (flow.listener.name, flow.remote)
        number = flow.connection or self._by_way.get(way, 0)
        connection = self._by_number.get(number)
        if connection is not None:
            self._counters.stream_messages_sent += 1
            connection.write(data)
        elif flow.connection:
            self._user.flow_failed(flow)
        else:
            self._send_when_open(data, flow, way)

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._deadlines.next()

    def handle_deadlines(self, *, now: float) -> None:
        """Close what is idle or lets its message hang."""
        for number, is_partial in self._deadlines.due(now):
            connection = self._by_number[number]
            idle_until = connection.last_activity + self._limits.idle_connection_s
            if is_partial:
                self._counters.connections_stalled += 1
                connection.abort()
            elif idle_until <= now:
                connection.abort()
            else:
                connection.idle = self._deadlines.set(idle_until, (number, False))

    def close_connection(self, flow: Flow) -> None:
        """Close the connection of ``flow`` after what was written is sent."""
        connection = self._by_number.get(flow.connection)
        if connection is not None:
            connection.close()

    async def close(self) -> None:
        """Stop accepting and opening, and close every connection."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._by_number.values()):
            connection.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # TcpUser

    def connection_made(self, connection: TcpConnection) -> None:
        """Take a new connection in, or close it when it is one too many."""
        flow = connection.flow
        source = _source_of(flow.remote[0])
        of_source = self._per_source.get(source, 0)
        if connection.target is None:
            if (
                len(self._by_number) >= self._connections_max
                or of_source >= self._limits.connections_per_source_max
            ):
                self._counters.connections_refused += 1
                connection.abort()
                return
            self._counters.connections_accepted += 1
        self._per_source[source] = of_source + 1
        self._by_number[connection.number] = connection
        way = _way_of(connection)
        self._by_way[way] = connection.number
        self._watch(connection)
        for data in self._waiting.pop(way, ()):
            self._counters.stream_messages_sent += 1
            connection.write(data)

    def connection_lost(self, connection: TcpConnection) -> None:
        """Forget a connection and fail its flows."""
        if self._by_number.pop(connection.number, None) is None:
            return
        for deadline in (connection.idle, connection.partial):
            if deadline is not None:
                self._deadlines.cancel(deadline)
        flow = connection.flow
        source = _source_of(flow.remote[0])
        self._per_source[source] -= 1
        if not self._per_source[source]:
            del self._per_source[source]
        way = _way_of(connection)
        if self._by_way.get(way) == connection.number:
            del self._by_way[way]
        self._user.flow_failed(flow)
        self._user.flow_failed(Flow(flow.listener, way[1]))

    def receive_frames(self, connection: TcpConnection, frames: list[Frame]) -> None:
        """Watch over the time that a message takes, then pass on."""
        if connection.number not in self._by_number or not (
            frames or connection.framing.is_partial
        ):
            return
        now = time.monotonic()
        connection.last_activity = now
        if frames and connection.partial is not None:
            self._deadlines.cancel(connection.partial)
            connection.partial = None
        if connection.partial is None and connection.framing.is_partial:
            self._expect_message(connection, now=now)
        if frames:
            self._user.receive_frames(connection.flow, frames, now=now)

    def write_stalled(self, connection: TcpConnection) -> None:  # noqa: ARG002 - whose it is does not matter
        """Count a peer that does not read."""
        self._counters.connections_overfull += 1

    def _new(self, listener: Listener) -> TcpConnection:
        self._number += 1
        return TcpConnection(listener, user=self, limits=self._limits, number=self._number)

    def _watch(self, connection: TcpConnection) -> None:
        now = time.monotonic()
        connection.last_activity = now
        connection.idle = self._deadlines.set(
            now + self._limits.idle_connection_s, (connection.number, False)
        )
        if connection.target is None:
            # Who opens a connection has something to say; who only holds it is not welcome.
            self._expect_message(connection, now=now)
        self._user.deadlines_changed()

    def _expect_message(self, connection: TcpConnection, *, now: float) -> None:
        connection.partial = self._deadlines.set(
            now + self._limits.partial_message_s, (connection.number, True)
        )
        self._user.deadlines_changed()

    def _send_when_open(self, data: bytes, flow: Flow, way: _Way) -> None:
        waiting = self._waiting.get(way)
        if waiting is not None:
            if sum(map(len, waiting)) + len(data) <= self._limits.unsent_bytes_max:
                waiting.append(data)
            return
        if len(self._by_number) + len(self._waiting) >= self._connections_max:
            self._counters.connections_failed += 1
            self._user.flow_failed(flow)
            return
        self._waiting[way] = [data]
        task = self._loop.create_task(self._open(flow, way))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, flow: Flow, way: _Way) -> None:
        def made() -> TcpConnection:
            connection = self._new(flow.listener)
            connection.target = flow.remote
            return connection

        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self._loop.create_connection(
                    made, *flow.remote, local_addr=_local_address(flow.listener)
                )
        except OSError:  # a timeout is one of them
            self._waiting.pop(way, None)
            self._counters.connections_failed += 1
            self._user.flow_failed(flow)
        else:
            self._counters.connections_opened += 1


def _descriptors_left() -> int:
    """Return how many connections the process may hold; beyond, accepting would fail for all."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, allowed - _DESCRIPTORS_RESERVED) if allowed >= 0 else sys.maxsize


def _way_of(connection: TcpConnection) -> _Way:
    return (connection.listener.name, connection.target or connection.flow.remote)


def _source_of(host: str) -> str:
    if ":" not in host:
        return host
    network = ipaddress.ip_network((host.partition("%")[0], _IPV6_SITE_BITS), strict=False)
    return str(network)


def _local_address(listener: Listener) -> Address | None:
    host = listener.bound[0]
    return None if ipaddress.ip_address(host.partition("%")[0]).is_unspecified else (host, 0)
