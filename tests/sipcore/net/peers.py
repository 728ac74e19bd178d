"""A small switch on real sockets, and peers that talk to it over loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message import Request, Response, parse_message
from sipcore.message.derive import respond
from sipcore.net.endpoint import Endpoint
from sipcore.transaction.events import (
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionFailed,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Address, Flow
from tests.sipcore.transaction.bench_top import CountingIdentifiers

ANSWER_S = 2.0
"""How long a test waits for something that does come."""
SILENCE_S = 0.1
"""How long it waits to see that nothing comes."""


class Switch(TransactionLayer):
    """Answers every request with 200; does what the methods say that no one else uses."""

    def __init__(self) -> None:
        super().__init__(identifiers=CountingIdentifiers())
        self.requests: list[tuple[Request, Flow]] = []
        self.results: asyncio.Queue[ResponseReceived | TransactionFailed] = asyncio.Queue()
        self.failed: list[Flow] = []
        self._brought_about: list[TransactionEvent] = []

    def events(self) -> list[TransactionEvent]:
        brought_about, self._brought_about = self._brought_about, []
        return super().events() + brought_about

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        if isinstance(message, Request):
            if message.method == "CRASH":
                raise ZeroDivisionError
            if message.method == "BAD":
                raise RemoteError("bad in the core", status_hint=420)
        super().receive(message, flow, now=now)

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        self.failed.append(flow)
        super().flow_failed(flow, now=now)

    def act(self, event: TransactionEvent, *, now: float) -> None:
        if isinstance(event, RequestReceived):
            self.requests.append((event.request, event.flow))
            if event.request.method == "CRASHLATER":
                raise ZeroDivisionError
            if event.request.method == "TWICE" and len(self.requests) == 1:
                self._brought_about.append(event)
            if event.request.method != "SILENT":
                body = b"x" * 60_000 if event.request.method == "MUCH" else b""
                answer = respond(event.request, 200, to_tag="t", body=body)
                self.respond(event.transaction, answer, now=now)
        elif isinstance(event, ResponseReceived | TransactionFailed):
            self.results.put_nowait(event)


class Everybody:
    """Holds all flows."""

    def __contains__(self, flow: object) -> bool:
        return True


class Site:
    """An endpoint with its switch and what it reported."""

    def __init__(self, limits: Limits) -> None:
        self.spent: set[bytes] = set()
        """Datagrams that are not to be parsed."""
        self.known: Container[Flow] = Everybody()
        """Flows over which more than strangers speak."""
        self.switch = Switch()
        self.errors: list[Exception] = []
        self.endpoint = Endpoint(
            self.switch,
            loop=asyncio.get_running_loop(),
            limits=limits,
            is_spent=lambda data: data in self.spent,
            is_known=lambda flow: flow in self.known,
            on_error=self.errors.append,
        )

    def request(self, method: str, flow: Flow) -> None:
        request = Request(
            method,
            "sip:peer@h",
            [
                ("from", "<sip:a@h>;tag=1"),
                ("to", "<sip:b@h>"),
                ("call-id", "c"),
                ("cseq", f"1 {method}"),
            ],
        )
        now = asyncio.get_running_loop().time()
        self.switch.request(request, flow, owner=("x",), now=now)
        self.endpoint.settle()

    async def result(self) -> ResponseReceived | TransactionFailed:
        return await asyncio.wait_for(self.switch.results.get(), ANSWER_S)


@asynccontextmanager
async def site(limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[Site]:
    opened = Site(limits)
    try:
        yield opened
    finally:
        await opened.endpoint.close()


class UdpPeer:
    """A plain socket."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.address: Address = self.socket.getsockname()[:2]
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self.socket, self._read)

    def _read(self) -> None:
        self._queue.put_nowait(self.socket.recv(65_535))

    def send(self, data: bytes, to: Address) -> None:
        self.socket.sendto(data, to)

    async def receive(self) -> bytes:
        return await asyncio.wait_for(self._queue.get(), ANSWER_S)

    async def response(self) -> Response:
        message = parse_message(await self.receive())
        assert isinstance(message, Response)
        return message

    async def is_silent(self) -> bool:
        await asyncio.sleep(SILENCE_S)
        return self._queue.empty()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


@asynccontextmanager
async def udp_peer(host: str = "127.0.0.1") -> AsyncIterator[UdpPeer]:
    peer = UdpPeer(host)
    try:
        yield peer
    finally:
        peer.close()


async def read_message(reader: asyncio.StreamReader) -> Request | Response:
    """Read one message from a stream."""

    async def read() -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        message = parse_message(head.replace(b"Content-Length", b"X-Length"))
        return head + await reader.readexactly(int(message.required("x-length")))

    return parse_message(await asyncio.wait_for(read(), ANSWER_S))


def request_bytes(
    method: str = "OPTIONS", *, branch: str = "1", transport: str = "UDP", body: bytes = b""
) -> bytes:
    head = (
        f"{method} sip:switch@h SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} peer.invalid:5070;branch=z9hG4bK{branch};rport\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:peer@h>;tag=1\r\n"
        "To: <sip:switch@h>\r\n"
        f"Call-ID: {branch}\r\n"
        f"CSeq: 1 {method}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition()`` holds."""

    async def poll() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(poll(), ANSWER_S)
