"""Sends copies of all messages to a capture server; what it cannot send at once it may lose."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from datetime import datetime
from typing import Final

from freiton.calls.ports import WallClock
from freiton.trace.hep import CaptureAgent, hep_packet
from freiton.trace.replay import HEAD_END
from sipcore.message import Request, Response
from sipcore.transport.flow import Address, Flow, Listener, Outgoing
from sipcore.transport.next_hop import is_numeric

WAITING_MAX: Final = 2_048
"""Copies that wait for the end of a wake-up; beyond them the oldest are lost, and counted."""

Copy = tuple[datetime, bytes, bytes, Flow, bool]
"""When, head (or all), body, flow, and whether we sent it."""


class HepExporter:
    """Notes messages while the switch works, and sends their copies when it has a moment.

    OSError when there is no way to the server's address. A server that does not listen costs
    nothing: UDP tells nobody.
    """

    def __init__(
        self,
        server: Address,
        agent: CaptureAgent,
        *,
        clock: WallClock,
        loop: asyncio.AbstractEventLoop,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        family, _, _, _, address = socket.getaddrinfo(*server, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(address)
        self._agent = agent
        self._clock = clock
        self._loop = loop
        self._waiting: deque[Copy] = deque(maxlen=waiting_max)
        self._is_awake = False
        self.sent_count = 0
        self.lost_count = 0

    def received(self, message: Request | Response, flow: Flow) -> None:
        """Note a message that came."""
        self._note((self._clock.utc(), message.head, message.body, flow, False))

    def sent(self, outgoing: list[Outgoing]) -> None:
        """Note messages that go out."""
        at = self._clock.utc()
        for one in outgoing:
            self._note((at, one.data, b"", one.flow, True))

    def close(self) -> None:
        """Send what waits, as far as it goes at once, and close."""
        self._flush()
        self._socket.close()

    def _note(self, copy: Copy) -> None:
        self.lost_count += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(copy)
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_awake = False
        if self._socket.fileno() < 0:
            return
        while self._waiting:
            try:
                self._socket.send(self._packet(self._waiting.popleft()))
                self.sent_count += 1
            except (OSError, ValueError):
                # A full buffer, or nobody there: the copy is lost, the call is not.
                self.lost_count += 1

    def _packet(self, copy: Copy) -> bytes:
        at, head, body, flow, is_ours = copy
        here, there = _address_of(flow.listener), flow.remote
        return hep_packet(
            head if is_ours else head + HEAD_END + body,
            here if is_ours else there,
            there if is_ours else here,
            transport=flow.transport,
            at=at,
            agent=self._agent,
        )


def _address_of(listener: Listener) -> Address:
    """Return how others reach a listener, but where that is a name, as TLS wants one."""
    return listener.advertised if is_numeric(listener.advertised[0]) else listener.bound
