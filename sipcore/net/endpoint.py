"""The shell around the core: bytes in, bytes out, one timer.

Every wake-up has the same four beats: feed what came, flush what is to go out, let the core act
on its events, arm the next deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from sipcore.defence.pressure import Pressure
from sipcore.errors import LocalError, RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.message import Request, Response
from sipcore.message.parse import parse_message
from sipcore.net.connections import Connections, Door
from sipcore.net.counters import NetCounters
from sipcore.net.tcp import bind_tcp
from sipcore.net.ticker import Ticker
from sipcore.net.udp import Datagram, UdpSocket, bind_udp
from sipcore.transaction.events import TransactionEvent
from sipcore.transport.flow import Address, Flow, Listener, Outgoing, Transport
from sipcore.transport.framing import PONG, Frame, Malformed, Ping
from sipcore.transport.malformed import refuse_malformed, salvage_request
from sipcore.transport.stun import stun_answer

_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - named to be refused
_KEEP_ALIVE: Final = b"\r\n\x00"
_FIRST_LETTER: Final = 0x21
_REARM_S: Final = 1.0
"""When the core is asked again that could not say when it wants to be."""


class Core(Protocol):
    """What the endpoint drives; TransactionLayer is all of it but ``act``.

    None of the methods waits for anything.
    """

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message; RemoteError when it is malformed beyond what a parser sees."""
        ...

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that what is sent over ``flow`` does not arrive."""
        ...

    def handle_deadlines(self, *, now: float) -> None:
        """Fire every timer that is due."""
        ...

    def outgoing(self) -> list[Outgoing]:
        """Give the bytes to be sent, in order."""
        ...

    def events(self) -> list[TransactionEvent]:
        """Give what the former calls brought about, in order."""
        ...

    def act(self, event: TransactionEvent, *, now: float) -> None:
        """Act on one of these events; an exception costs this one alone."""
        ...

    def next_deadline(self) -> float | None:
        """Tell when ``handle_deadlines`` is to be called next."""
        ...


class Endpoint:
    """All SIP sockets of one process, and the core behind them."""

    def __init__(
        self,
        core: Core,
        *,
        loop: asyncio.AbstractEventLoop,
        limits: Limits = DEFAULT_LIMITS,
        pressure: Pressure | None = None,
        is_spent: Callable[[bytes], bool] | None = None,
        is_known: Callable[[Flow], bool] | None = None,
        on_error: Callable[[Exception], None],
    ) -> None:
        """Take the core; ``on_error`` learns of each fault of ours, whose message alone is lost.

        ``pressure`` is told how far behind the sockets are; datagrams that are ``is_spent`` are
        not even parsed. Over whose flow nobody ``is_known`` may lose his connection to a newcomer
        when all are taken; without it nobody does.
        """
        self.counters: Final = NetCounters()
        self.listeners: list[Listener] = []
        self._core = core
        self._loop = loop
        self._limits = limits
        self._pressure = pressure or Pressure()
        self._is_spent = is_spent or _is_never_spent
        self._on_error = on_error
        self._udp: dict[str, UdpSocket] = {}
        self._connections = Connections(
            loop=loop,
            user=self,
            limits=limits,
            counters=self.counters,
            is_known=is_known or _is_always_known,
        )
        self._ticker = Ticker(loop, self._on_deadline)
        self._failed: list[Flow] = []
        self._is_closed = False

    async def listen(
        self,
        name: str,
        transport: Transport,
        address: Address,
        *,
        advertised: Address | None = None,
        door: Door | None = None,
    ) -> Listener:
        """Open a socket; port 0 takes a free one, also in ``advertised``.

        OSError when the address cannot be bound. A secure transport wants a ``door`` with TLS.
        """
        if transport.is_secure and (door is None or door.tls is None):
            raise LocalError(f"{name}: {transport.name} needs a certificate")
        if advertised is None and address[0] in _WILDCARDS:
            raise LocalError(f"{name}: nobody could answer to {address[0]}; advertise an address")
        if any(listener.name == name for listener in self.listeners):
            raise LocalError(f"two listeners are called {name}")
        bound = bind_udp(address) if transport is Transport.UDP else bind_tcp(address)
        port = bound.getsockname()[1]
        if advertised is not None:
            advertised = (advertised[0], advertised[1] or port)
        listener = Listener(name, transport, (address[0], port), advertised)
        if transport is Transport.UDP:
            self._udp[name] = UdpSocket(bound, listener, loop=self._loop, user=self)
        else:
            await self._connections.listen(bound, listener, door or Door())
        self.listeners.append(listener)
        return listener

    async def close(self) -> None:
        """Close every socket; what was handed out before is sent, and nothing after it."""
        await self._connections.close()
        self._is_closed = True
        self._ticker.stop()
        for udp in self._udp.values():
            udp.close()

    def send(self, outgoing: Outgoing) -> None:
        """Send at once what is no message of the core, such as a keep-alive."""
        self._send(outgoing)

    def settle(self) -> None:
        """Do the last three beats after something else than a packet touched the core."""
        self._settle(now=time.monotonic())

    def connections(self) -> int:
        """Return how many connections stand."""
        return len(self._connections)

    def connections_per_transport(self) -> Mapping[Transport, int]:
        """Return how many connections stand, by what they carry; none is not listed."""
        return self._connections.per_transport

    def udp_drops(self) -> int:
        """Return how many datagrams the kernel dropped on our sockets; reads /proc."""
        return sum(udp.drops() for udp in self._udp.values())

    # UdpUser, ConnectionsUser

    def receive_datagrams(
        self, listener: Listener, datagrams: list[Datagram], *, is_caught_up: bool
    ) -> None:
        """Feed what one wake-up brought."""
        now = time.monotonic()
        self._pressure.note_read(listener.name, is_caught_up=is_caught_up, now=now)
        for data, remote in datagrams:
            if not data or data[0] < _FIRST_LETTER:
                # Line ends, NUL, STUN; yet line ends may also stand before a message (§7.5).
                if self._answers_stun(data, Flow(listener, remote)):
                    continue
                data = data.lstrip(_KEEP_ALIVE)  # noqa: PLW2901 - the same datagram, cut
                if not data or data[0] < _FIRST_LETTER:
                    self.counters.keep_alives += 1
                    continue
            self.counters.datagrams_received += 1
            self._feed_datagram(data, Flow(listener, remote), now=now)
        self._settle(now=now)

    def receive_frames(self, flow: Flow, frames: list[Frame], *, now: float) -> None:
        """Feed what one read of a connection brought."""
        malformed_in_a_row = 0
        for frame in frames:
            if isinstance(frame, Ping):
                self.counters.keep_alives += 1
                self._connections.send(PONG, flow)
                continue
            if isinstance(frame, Malformed):
                self._refuse_bytes(frame.head, frame.error, flow)
                is_good, is_over = False, frame.ends_stream
            else:
                self.counters.stream_messages_received += 1
                is_good, is_over = self._feed(frame, flow, now=now), False
            malformed_in_a_row = 0 if is_good else malformed_in_a_row + 1
            if is_over or malformed_in_a_row >= self._limits.malformed_in_a_row_max:
                self._connections.close_connection(flow)
                break
        self._settle(now=now)

    def destination_unreachable(self, listener: Listener, remote: Address) -> None:
        """Take an ICMP error."""
        self.counters.icmp_errors += 1
        self.flow_failed(Flow(listener, remote))

    def flow_failed(self, flow: Flow) -> None:
        """Note a flow that failed; it is told outside of whatever is being done now."""
        if not self._failed:
            self._loop.call_soon(self._tell_failures)
        self._failed.append(flow)

    def deadlines_changed(self) -> None:
        """Arm anew."""
        self._ticker.arm(self._connections.next_deadline())

    def _answers_stun(self, data: bytes, flow: Flow) -> bool:
        answer = stun_answer(data, flow.remote)
        if answer is None:
            return False
        self.counters.keep_alives += 1
        self.counters.stun_answers += 1
        self._udp[flow.listener.name].send(answer, flow.remote)
        return True

    def _feed_datagram(self, data: bytes, flow: Flow, *, now: float) -> None:
        if self._is_spent(data):
            return
        try:
            message = parse_message(data, limits=self._limits)
        except RemoteError as error:
            self._refuse_bytes(data, error, flow)
            return
        self._feed(message, flow, now=now)

    def _feed(self, message: Request | Response, flow: Flow, *, now: float) -> bool:
        """Hand over a message; False when it is malformed."""
        try:
            self._core.receive(message, flow, now=now)
        except RemoteError as error:
            if isinstance(message, Response):
                self.counters.malformed_responses += 1
            else:
                self._refuse(message, error, flow)
            return False
        except Exception as error:  # noqa: BLE001 - a fault ends this message and no other
            self._report(error)
        return True

    def _refuse_bytes(self, data: bytes, error: RemoteError, flow: Flow) -> None:
        if data.startswith(b"SIP/"):
            self.counters.malformed_responses += 1
        else:
            self._refuse(salvage_request(data, limits=self._limits), error, flow)

    def _refuse(self, request: Request | None, error: RemoteError, flow: Flow) -> None:
        self.counters.malformed_requests += 1
        refusal = None if request is None else refuse_malformed(request, error, flow)
        if refusal is not None:
            self._send(refusal)

    def _settle(self, *, now: float) -> None:
        """Go through all beats and arm, whatever one of them raises: an idle timer is for good."""
        if self._is_closed:
            # The log may still tell what has become durable; there is nobody left to tell.
            return
        self._flush()
        try:
            self._act(now=now)
        except Exception as error:  # noqa: BLE001 - what was acted on is still to be sent
            self._report(error)
        self._flush()
        try:
            self._ticker.arm(self._core.next_deadline())
        except Exception as error:  # noqa: BLE001 - without a deadline nothing would ever be due
            self._report(error)
            self._ticker.arm(now + _REARM_S)
        self._ticker.arm(self._connections.next_deadline())

    def _act(self, *, now: float) -> None:
        while events := self._core.events():
            for event in events:
                try:
                    self._core.act(event, now=now)
                except Exception as error:  # noqa: BLE001 - a fault ends this event and no other
                    self._report(error)

    def _flush(self) -> None:
        try:
            outgoing = self._core.outgoing()
        except Exception as error:  # noqa: BLE001 - the next flush hands out what this one did not
            self._report(error)
            return
        for one in outgoing:
            try:
                self._send(one)
            except Exception as error:  # noqa: BLE001 - a fault ends this message and no other
                self._report(error)

    def _send(self, outgoing: Outgoing) -> None:
        flow = outgoing.flow
        if flow.transport is not Transport.UDP:
            self._connections.send(outgoing.data, flow)
            return
        udp = self._udp.get(flow.listener.name)
        if udp is None:
            # A flow kept over a restart, whose listener is no more.
            self.flow_failed(flow)
        elif udp.send(outgoing.data, flow.remote):
            self.counters.datagrams_sent += 1
        else:
            self.counters.datagrams_unsent += 1

    def _on_deadline(self) -> None:
        now = time.monotonic()
        self._pressure.note_late(now - self._ticker.when, now=now)
        self._connections.handle_deadlines(now=now)
        try:
            self._core.handle_deadlines(now=now)
        except Exception as error:  # noqa: BLE001 - a fault ends this timer and no other
            self._report(error)
        self._settle(now=now)

    def _tell_failures(self) -> None:
        now = time.monotonic()
        failed, self._failed = self._failed, []
        for flow in dict.fromkeys(failed):
            try:
                self._core.flow_failed(flow, now=now)
            except Exception as error:  # noqa: BLE001 - a fault ends this flow and no other
                self._report(error)
        self._settle(now=now)

    def _report(self, error: Exception) -> None:
        self.counters.handler_errors += 1
        self._on_error(error)


def _is_never_spent(_data: bytes) -> bool:
    return False


def _is_always_known(_flow: Flow) -> bool:
    return True
