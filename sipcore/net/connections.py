"""All connections: who may open one, which one a flow means, when one has to go."""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from sipcore.defence.sources import source_key
from sipcore.defence.token_bucket import TokenBuckets
from sipcore.limits import DESCRIPTORS_RESERVED, Limits
from sipcore.net.counters import NetCounters
from sipcore.net.tcp import ConnectionTimer, TcpConnection, Timer
from sipcore.net.tls import TlsContexts, TlsSession
from sipcore.net.websocket import WebSocketFraming
from sipcore.transaction.deadlines import Deadlines
from sipcore.transport.flow import Address, Flow, Listener, Transport
from sipcore.transport.framing import Frame, StreamFraming

_Key = TypeVar("_Key")

_Way = tuple[str, Address, str]
"""Listener, remote and the name it proved, by which a flow without a number finds its connection.

A connection proved to one name is never used for another one at the same address.
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How connections of one listener begin.

    ``tls`` stands where its transport is secure; ``origins`` are the pages that may open a
    WebSocket, any when there are none.
    """

    tls: TlsContexts | None = None
    origins: tuple[str, ...] = ()


class Connections:
    """The connections of one process, each with a number of its own."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        user: ConnectionsUser,
        limits: Limits,
        counters: NetCounters,
        is_known: Callable[[Flow], bool],
    ) -> None:
        """Take who uses them; ``is_known`` tells whether a flow is more than a stranger's."""
        self._is_known = is_known
        self._loop = loop
        self._user = user
        self._limits = limits
        self._counters = counters
        self._connections_max = min(limits.connections_max, _descriptors_left())
        self._reserve = min(limits.connections_reserve, self._connections_max // 10)
        # From the wall clock, so that a number kept over a restart never means another
        # connection: a thousand would have to be opened every second to catch up with it.
        self._number = time.time_ns() // 1_000_000
        self._by_number: dict[int, TcpConnection] = {}
        self._accepted: dict[int, TcpConnection] = {}
        self._by_way: dict[_Way, int] = {}
        self._newcomers = TokenBuckets(
            per_s=limits.connections_per_source_per_s, burst=limits.connections_per_source_burst
        )
        # What is read lies here only until it is cut, so that all connections can share it.
        self._read_buffer = bytearray(limits.stream_read_bytes)
        self._per_source: Counter[str] = Counter()
        self._shaking_hands: Counter[str] = Counter()
        self._per_transport: Counter[Transport] = Counter()
        self._doors: dict[str, Door] = {}
        self._waiting: dict[_Way, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._deadlines: Deadlines[ConnectionTimer] = Deadlines()

    def __len__(self) -> int:
        return len(self._by_number)

    @property
    def per_transport(self) -> Mapping[Transport, int]:
        """How many connections stand, by what they carry."""
        return self._per_transport

    async def listen(self, bound: socket.socket, listener: Listener, door: Door) -> None:
        """Accept connections on a listening socket."""
        self._doors[listener.name] = door
        server = await self._loop.create_server(lambda: self._new(listener), sock=bound)
        self._servers.append(server)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send over the connection of ``flow``; without a number, over one to its remote.

        One is opened if there is none, but for WebSocket, which only the peer can open. A failure
        is told later, with ``flow_failed``.
        """
        way = _way_along(flow)
        number = flow.connection or self._by_way.get(way, 0)
        connection = self._by_number.get(number)
        if connection is not None:
            self._counters.stream_messages_sent += 1
            connection.write(data)
        elif flow.connection or flow.transport.is_websocket or not self._is_served(flow):
            self._user.flow_failed(flow)
        else:
            self._send_when_open(data, flow, way)

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._deadlines.next()

    def handle_deadlines(self, *, now: float) -> None:
        """Close what is idle, lets its message hang or is dead, and ask browsers for a sign."""
        for number, timer in self._deadlines.due(now):
            connection = self._by_number[number]
            del connection.timers[timer]
            match timer:
                case Timer.PARTIAL:
                    self._give_up(connection)
                case Timer.IDLE:
                    self._close_if_idle(connection, now=now)
                case Timer.PING:
                    self._ping(connection, now=now)

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
        source = source_key(connection.flow.remote[0])
        now = time.monotonic()
        if connection.target is None:
            if (
                not self._newcomers.admits(source, now=now)
                or self._is_one_too_many(source)
                or not self._has_room()
            ):
                self._counters.connections_refused += 1
                connection.abort()
                return
            self._counters.connections_accepted += 1
            self._accepted[connection.number] = connection
        if not connection.is_open:
            connection.is_shaking_hands = True
            self._shaking_hands[source] += 1
        self._per_source[source] += 1
        self._per_transport[connection.listener.transport] += 1
        self._by_number[connection.number] = connection
        way = _way_of(connection)
        self._by_way[way] = connection.number
        self._watch(connection, now=now)
        for data in self._waiting.pop(way, ()):
            self._counters.stream_messages_sent += 1
            connection.write(data)

    def connection_lost(self, connection: TcpConnection) -> None:
        """Forget a connection and fail its flows."""
        if self._by_number.pop(connection.number, None) is None:
            return
        self._accepted.pop(connection.number, None)
        for timer in list(connection.timers):
            self._stop(connection, timer)
        flow = connection.flow
        source = source_key(flow.remote[0])
        self._hands_are_shaken(connection)
        _count_down(self._per_source, source)
        _count_down(self._per_transport, flow.transport)
        way = _way_of(connection)
        if self._by_way.get(way) == connection.number:
            del self._by_way[way]
        self._user.flow_failed(flow)
        self._user.flow_failed(Flow(flow.listener, way[1]))

    def receive_frames(self, connection: TcpConnection, frames: list[Frame]) -> None:
        """Watch over the time that a handshake and a message take, then pass on."""
        if connection.number not in self._by_number:
            return
        is_partial = connection.framing.is_partial or not connection.is_open
        if not (frames or is_partial or connection.has_greeted or connection.is_shaking_hands):
            return
        now = time.monotonic()
        connection.last_activity = now
        if connection.is_shaking_hands and connection.is_open:
            self._hands_are_shaken(connection)
            self._stop(connection, Timer.PARTIAL)
            if connection.target is None and not connection.has_greeted:
                self._expect_message(connection, now=now)
        if frames or (connection.has_greeted and not is_partial):
            self._stop(connection, Timer.PARTIAL)
        if is_partial and Timer.PARTIAL not in connection.timers:
            self._expect_message(connection, now=now)
        if frames:
            self._user.receive_frames(connection.flow, frames, now=now)

    def handshake_failed(self, connection: TcpConnection, *, is_peer_refused: bool) -> None:
        """Count it; the peer learns by an alert, nobody else does."""
        if connection.number not in self._by_number:
            return
        if is_peer_refused:
            self._counters.peers_unproven += 1
        else:
            self._counters.handshakes_failed += 1

    def write_stalled(self, connection: TcpConnection) -> None:  # noqa: ARG002 - whose it is does not matter
        """Count a peer that does not read."""
        self._counters.connections_overfull += 1

    def _new(self, listener: Listener, target: Flow | None = None) -> TcpConnection:
        """Return a connection that is about to stand, opened by us along ``target`` if given."""
        self._number += 1
        door = self._doors[listener.name]
        tls = None
        if listener.transport.is_secure and door.tls is not None:
            peer_name = None if target is None else target.peer_name or target.remote[0]
            tls = TlsSession(door.tls, limits=self._limits, peer_name=peer_name)
        framing = (
            WebSocketFraming(origins=door.origins, limits=self._limits)
            if listener.transport.is_websocket
            else StreamFraming(limits=self._limits)
        )
        connection = TcpConnection(
            listener,
            user=self,
            limits=self._limits,
            number=self._number,
            framing=framing,
            tls=tls,
            read_buffer=self._read_buffer,
        )
        connection.target = target
        return connection

    def _is_served(self, flow: Flow) -> bool:
        """Tell whether its listener still is; a flow may be older than this process."""
        return flow.listener.name in self._doors

    def _is_one_too_many(self, source: str) -> bool:
        limits = self._limits
        return (
            self._per_source[source] >= limits.connections_per_source_max
            or self._shaking_hands[source] >= limits.handshakes_per_source_max
        )

    def _has_room(self) -> bool:
        """Tell whether one more fits; the stranger who was silent for longest goes for it."""
        if len(self._by_number) < self._connections_max - self._reserve:
            return True
        stranger = self._silent_stranger()
        if stranger is None:
            return False
        self._counters.connections_displaced += 1
        stranger.abort()
        self.connection_lost(stranger)
        return True

    def _silent_stranger(self) -> TcpConnection | None:
        """Return who was silent for longest of the few that stand first in the row.

        Whoever is known goes to its end, so that the next look begins behind him.
        """
        looked_at = list(islice(self._accepted.values(), self._limits.displaced_looks_max))
        strangers = []
        for connection in looked_at:
            if self._is_known(connection.flow):
                self._accepted[connection.number] = self._accepted.pop(connection.number)
            else:
                strangers.append(connection)
        return min(strangers, key=lambda one: one.last_activity, default=None)

    def _hands_are_shaken(self, connection: TcpConnection) -> None:
        if connection.is_shaking_hands:
            connection.is_shaking_hands = False
            _count_down(self._shaking_hands, source_key(connection.flow.remote[0]))

    def _watch(self, connection: TcpConnection, *, now: float) -> None:
        connection.last_activity = now
        limits = self._limits
        self._set(connection, Timer.IDLE, now + limits.idle_connection_s)
        if connection.listener.transport.is_websocket:
            self._set(connection, Timer.PING, now + limits.websocket_ping_s)
        if not connection.is_open:
            self._set(connection, Timer.PARTIAL, now + limits.handshake_s)
        elif connection.target is None:
            # Who opens a connection has something to say; who only holds it is not welcome.
            self._expect_message(connection, now=now)
        self._user.deadlines_changed()

    def _give_up(self, connection: TcpConnection) -> None:
        """Close a connection on which something takes too long."""
        if connection.is_open:
            self._counters.connections_stalled += 1
        else:
            self._counters.handshakes_failed += 1
        connection.abort()

    def _close_if_idle(self, connection: TcpConnection, *, now: float) -> None:
        idle_until = connection.last_activity + self._limits.idle_connection_s
        if idle_until <= now:
            connection.abort()
        else:
            self._set(connection, Timer.IDLE, idle_until)

    def _ping(self, connection: TcpConnection, *, now: float) -> None:
        """Ask once; who has said nothing until the next time is dead."""
        period = self._limits.websocket_ping_s
        if connection.last_activity + 2 * period <= now:
            self._counters.connections_stalled += 1
            connection.abort()
            return
        connection.ping()
        self._set(connection, Timer.PING, now + period)

    def _set(self, connection: TcpConnection, timer: Timer, when: float) -> None:
        connection.timers[timer] = self._deadlines.set(when, (connection.number, timer))

    def _stop(self, connection: TcpConnection, timer: Timer) -> None:
        deadline = connection.timers.pop(timer, None)
        if deadline is not None:
            self._deadlines.cancel(deadline)

    def _expect_message(self, connection: TcpConnection, *, now: float) -> None:
        self._set(connection, Timer.PARTIAL, now + self._limits.partial_message_s)
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
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self._loop.create_connection(
                    lambda: self._new(flow.listener, flow),
                    *flow.remote,
                    local_addr=_local_address(flow.listener),
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
    return max(1, allowed - DESCRIPTORS_RESERVED) if allowed >= 0 else sys.maxsize


def _way_of(connection: TcpConnection) -> _Way:
    return _way_along(connection.target or connection.flow)


def _way_along(flow: Flow) -> _Way:
    return (flow.listener.name, flow.remote, flow.peer_name)


def _count_down(counts: Counter[_Key], key: _Key) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]


def _local_address(listener: Listener) -> Address | None:
    host = listener.bound[0]
    return None if ipaddress.ip_address(host.partition("%")[0]).is_unspecified else (host, 0)
