"""The endpoint on TCP: connections in and out, and what ends them."""

from __future__ import annotations

import asyncio
import resource
import socket
from dataclasses import replace

import pytest

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import Request, Response, serialize
from sipcore.message.derive import respond
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transaction.key import server_key
from sipcore.transport.flow import Address, Flow, Listener, Outgoing, Transport
from tests.sipcore.net.peers import ANSWER_S, Site, read_message, request_bytes, site, until

ANY_PORT = ("127.0.0.1", 0)


async def listening(here: Site, host: str = "127.0.0.1") -> Listener:
    return await here.endpoint.listen("tcp", Transport.TCP, (host, 0))


async def is_closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), ANSWER_S) is not None
    except ConnectionResetError:
        return True


class TcpPeer:
    """A server that keeps what connects to it."""

    def __init__(self) -> None:
        self.streams: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self.address: Address = ("", 0)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            lambda reader, writer: self.streams.put_nowait((reader, writer)), "127.0.0.1", 0
        )
        self.address = self._server.sockets[0].getsockname()[:2]

    async def accepted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(self.streams.get(), ANSWER_S)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_is_answered_on_its_connection(host: str) -> None:
    async with site() as here:
        listener = await listening(here, host)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(request_bytes(transport="TCP")[:40])
        await asyncio.sleep(0.02)
        writer.write(request_bytes(transport="TCP")[40:] + request_bytes(branch="2"))
        for branch in ("z9hG4bK1", "z9hG4bK2"):
            response = await read_message(reader)
            assert isinstance(response, Response)
            assert response.via.branch == branch
        (_, first), (_, second) = here.switch.requests
        assert first == second
        assert first.connection > 0
        assert here.endpoint.connections() == 1
        writer.close()
        await until(lambda: here.endpoint.connections() == 0)
        await until(lambda: first in here.switch.failed)
        assert here.endpoint._connections.next_deadline() is None


async def test_connections_have_numbers_of_their_own() -> None:
    async with site() as here:
        listener = await listening(here)
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*listener.bound)
            writer.write(request_bytes(transport="TCP", branch=str(id(writer))))
            await read_message(reader)
            writer.close()
        first, second = (flow for _, flow in here.switch.requests)
        assert first.connection != second.connection


async def test_a_ping_gets_a_pong() -> None:
    async with site() as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), ANSWER_S) == b"\r\n"
        assert here.endpoint.counters.keep_alives == 1
        writer.close()


async def test_a_doubtful_length_gets_400_and_the_end() -> None:
    async with site() as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(request_bytes(transport="TCP").replace(b"Content-Length: 0\r\n", b""))
        writer.write(request_bytes(transport="TCP", branch="2"))
        response = await read_message(reader)
        assert isinstance(response, Response)
        assert response.status == 400
        assert response.reason == "Content-Length is missing"
        assert await is_closed(reader)
        assert here.switch.requests == []


async def test_another_fault_costs_only_its_message() -> None:
    async with site() as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(request_bytes(transport="TCP").replace(b"Max-F", b"Max F"))
        writer.write(request_bytes("BAD", transport="TCP", branch="2"))
        writer.write(request_bytes(transport="TCP", branch="3"))
        statuses = []
        for _ in range(3):
            response = await read_message(reader)
            assert isinstance(response, Response)
            statuses.append(response.status)
        assert statuses == [400, 420, 200]
        writer.close()


async def test_a_message_that_does_not_end_is_cut_off() -> None:
    async with site(replace(DEFAULT_LIMITS, partial_message_s=0.15)) as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        for octet in request_bytes(transport="TCP")[:50]:
            if reader.at_eof() or writer.transport.is_closing():
                break
            writer.write(bytes([octet]))  # ever something new, never an end
            await asyncio.sleep(0.02)
        else:
            pytest.fail("a second of trickling was not cut off")
        assert here.endpoint.counters.connections_stalled == 1


async def test_a_connection_that_says_nothing_is_cut_off() -> None:
    async with site(replace(DEFAULT_LIMITS, partial_message_s=0.05)) as here:
        listener = await listening(here)
        reader, _ = await asyncio.open_connection(*listener.bound)
        assert await is_closed(reader)
        await until(lambda: here.endpoint.connections() == 0)


async def test_whole_messages_may_take_their_time_between_each_other() -> None:
    limits = replace(DEFAULT_LIMITS, partial_message_s=0.05, idle_connection_s=0.4)
    async with site(limits) as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        for branch in range(3):
            writer.write(request_bytes(transport="TCP", branch=str(branch)))
            await read_message(reader)
            await asyncio.sleep(0.15)
        assert here.endpoint.connections() == 1
        assert await is_closed(reader)  # idle at last
        await until(lambda: here.endpoint.connections() == 0)
        assert here.endpoint.counters.connections_stalled == 0
        assert here.endpoint._connections.next_deadline() is None


@pytest.mark.parametrize(
    "limits",
    [
        replace(DEFAULT_LIMITS, connections_max=2),
        replace(DEFAULT_LIMITS, connections_per_source_max=2),
    ],
)
async def test_connections_are_limited(limits: object) -> None:
    assert isinstance(limits, type(DEFAULT_LIMITS))
    async with site(limits) as here:
        listener = await listening(here)
        streams = [await asyncio.open_connection(*listener.bound) for _ in range(3)]
        assert await is_closed(streams[2][0])
        assert here.endpoint.connections() == 2
        assert here.endpoint.counters.connections_refused == 1
        streams[0][1].close()
        await until(lambda: here.endpoint.connections() == 1)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(request_bytes(transport="TCP"))
        assert isinstance(await read_message(reader), Response)


async def test_carriers_are_reached_when_strangers_hold_all_connections() -> None:
    async with site(replace(DEFAULT_LIMITS, connections_max=10)) as here:
        listener = await listening(here)
        streams = [await asyncio.open_connection(*listener.bound) for _ in range(10)]
        assert await is_closed(streams[9][0])
        peer = TcpPeer()
        await peer.open()
        here.request("OPTIONS", Flow(listener, peer.address))
        accepted, _ = await peer.accepted()
        assert isinstance(await read_message(accepted), Request)
        peer.close()


async def test_a_newcomer_takes_the_place_of_the_longest_silent_stranger() -> None:
    async with site(replace(DEFAULT_LIMITS, connections_max=3)) as here:
        listener = await listening(here)
        streams = []
        for branch in range(3):
            reader, writer = await asyncio.open_connection(*listener.bound)
            writer.write(request_bytes(transport="TCP", branch=str(branch)))
            await read_message(reader)
            streams.append((reader, writer))
        first, second, third = (flow for _, flow in here.switch.requests)
        here.known = {first}
        streams[1][1].write(request_bytes(transport="TCP", branch="again"))
        await read_message(streams[1][0])
        newcomer, writer = await asyncio.open_connection(*listener.bound)
        writer.write(request_bytes(transport="TCP", branch="new"))
        assert isinstance(await read_message(newcomer), Response)
        assert await is_closed(streams[2][0])
        await until(lambda: third in here.switch.failed)
        assert not {first, second} & set(here.switch.failed)
        assert here.endpoint.connections() == 3
        assert here.endpoint.counters.connections_displaced == 1
        assert here.endpoint.counters.connections_refused == 0


async def test_who_is_known_is_displaced_by_nobody() -> None:
    async with site(replace(DEFAULT_LIMITS, connections_max=2)) as here:
        listener = await listening(here)
        streams = []
        for branch in range(2):
            reader, writer = await asyncio.open_connection(*listener.bound)
            writer.write(request_bytes(transport="TCP", branch=str(branch)))
            await read_message(reader)
            streams.append((reader, writer))
        here.known = {flow for _, flow in here.switch.requests}
        newcomer, _ = await asyncio.open_connection(*listener.bound)
        assert await is_closed(newcomer)
        assert here.endpoint.counters.connections_refused == 1
        assert here.endpoint.counters.connections_displaced == 0


async def test_looking_for_a_stranger_goes_on_where_it_ended() -> None:
    limits = replace(DEFAULT_LIMITS, connections_max=4, displaced_looks_max=2)
    async with site(limits) as here:
        listener = await listening(here)
        streams = []
        for branch in range(4):
            reader, writer = await asyncio.open_connection(*listener.bound)
            writer.write(request_bytes(transport="TCP", branch=str(branch)))
            await read_message(reader)
            streams.append((reader, writer))
        here.known = {flow for _, flow in here.switch.requests[:2]}
        refused, _ = await asyncio.open_connection(*listener.bound)
        assert await is_closed(refused)
        await asyncio.open_connection(*listener.bound)
        assert await is_closed(streams[2][0])


async def test_connections_of_one_address_have_a_rate() -> None:
    limits = replace(
        DEFAULT_LIMITS, connections_per_source_burst=2, connections_per_source_per_s=0.001
    )
    async with site(limits) as here:
        listener = await listening(here)
        for _ in range(2):
            _, writer = await asyncio.open_connection(*listener.bound)
            writer.close()
        await until(lambda: here.endpoint.connections() == 0)
        reader, _ = await asyncio.open_connection(*listener.bound)
        assert await is_closed(reader)
        assert here.endpoint.counters.connections_refused == 1


async def test_who_says_much_lets_others_speak_between() -> None:
    async with site() as here:
        listener = await listening(here)
        _, much = await asyncio.open_connection(*listener.bound)
        _, little = await asyncio.open_connection(*listener.bound)
        much.writelines(
            request_bytes("SILENT", transport="TCP", branch=f"much{number}")
            for number in range(300)
        )
        little.write(request_bytes("SILENT", transport="TCP", branch="little"))
        await until(lambda: len(here.switch.requests) == 301)
        branches = [request.via.branch or "" for request, _ in here.switch.requests]
        assert branches.index("z9hG4bKlittle") < 150


async def test_rubbish_is_not_read_to_its_end() -> None:
    async with site() as here:
        listener = await listening(here)
        reader, writer = await asyncio.open_connection(*listener.bound)
        writer.write(b"A B SIP/2.0\r\nl:0\r\n\r\n" * 10_000)
        assert await is_closed(reader)
        assert here.endpoint.counters.malformed_requests == DEFAULT_LIMITS.malformed_in_a_row_max


async def test_descriptors_are_left_for_the_rest_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (257, 257))
    async with site() as here:
        listener = await listening(here)
        streams = [await asyncio.open_connection(*listener.bound) for _ in range(2)]
        assert await is_closed(streams[1][0])
        assert not streams[0][0].at_eof()
        assert here.endpoint.connections() == 1


async def test_a_peer_that_does_not_read_is_cut_off() -> None:
    async with site() as here:
        listener = await listening(here)
        _, writer = await asyncio.open_connection(*listener.bound, limit=1024)
        writer.write(
            b"".join(request_bytes("MUCH", transport="TCP", branch=str(n)) for n in range(400))
        )
        await until(lambda: here.endpoint.counters.connections_overfull == 1)
        await until(lambda: here.endpoint.connections() == 0)
        writer.close()


async def test_a_request_of_ours_opens_a_connection_and_the_next_one_uses_it() -> None:
    async with site() as here:
        listener = await listening(here)
        peer = TcpPeer()
        await peer.open()
        flow = Flow(listener, peer.address)
        here.request("OPTIONS", flow)
        here.request("MESSAGE", flow)
        reader, writer = await peer.accepted()
        for _ in range(2):
            request = await read_message(reader)
            assert isinstance(request, Request)
            writer.write(serialize(respond(request, 200, to_tag="x")))
            result = await here.result()
            assert isinstance(result, ResponseReceived)
            assert result.flow.connection > 0
        here.request("INFO", flow)
        assert isinstance(await read_message(reader), Request)
        assert here.endpoint.counters.connections_opened == 1
        # When it closes, what waits over it fails.
        writer.close()
        result = await here.result()
        assert isinstance(result, TransactionFailed)
        assert result.is_transport_failure
        peer.close()


async def test_what_cannot_be_opened_fails() -> None:
    async with site() as here:
        listener = await listening(here)
        peer = TcpPeer()
        await peer.open()
        peer.close()
        here.request("OPTIONS", Flow(listener, peer.address))
        result = await here.result()
        assert isinstance(result, TransactionFailed)
        assert result.is_transport_failure
        assert here.endpoint.counters.connections_failed == 1


async def test_a_connection_that_does_not_open_in_time_fails() -> None:
    async with site(replace(DEFAULT_LIMITS, connect_s=0.1)) as here:
        listener = await listening(here)
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(ANY_PORT)
            full.listen(0)  # one may wait to be accepted; further SYNs get no answer
            for filling in (first, second):
                filling.setblocking(False)
                filling.connect_ex(full.getsockname())
            here.request("OPTIONS", Flow(listener, full.getsockname()))
            result = await here.result()
        assert isinstance(result, TransactionFailed)
        assert result.is_transport_failure
        assert here.endpoint.counters.connections_failed == 1


async def test_a_connection_that_is_gone_fails_its_flow() -> None:
    async with site() as here:
        listener = await listening(here)
        gone = Flow(listener, ("127.0.0.1", 9), 4711)
        here.endpoint.send(Outgoing(b"x", gone))
        await until(lambda: here.switch.failed == [gone])


async def test_a_response_finds_a_new_connection_when_its_own_is_gone() -> None:
    async with site() as here:
        listener = await listening(here)
        peer = TcpPeer()
        await peer.open()
        via_port = f"peer.invalid:{peer.address[1]}".encode()
        _, writer = await asyncio.open_connection(*listener.bound)
        data = request_bytes("SILENT", transport="TCP").replace(b"peer.invalid:5070", via_port)
        writer.write(data)
        await until(lambda: len(here.switch.requests) == 1)
        writer.close()
        await until(lambda: len(here.switch.failed) >= 2)
        request, _ = here.switch.requests[0]
        key = server_key(request, "SILENT")
        here.switch.respond(key, respond(request, 200, to_tag="t"), now=0.0)
        here.endpoint.settle()
        accepted, _ = await peer.accepted()
        response = await read_message(accepted)
        assert isinstance(response, Response)
        assert response.status == 200
        peer.close()


async def test_a_second_listener_on_the_port_is_an_error() -> None:
    async with site() as here:
        listener = await listening(here)
        with pytest.raises(OSError, match="in use"):
            await here.endpoint.listen("again", Transport.TCP, listener.bound)
