"""SIP over WebSocket (RFC 7118), with the websockets library as the browser."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, NegotiationError
from websockets.frames import CloseCode
from websockets.typing import Origin, Subprotocol

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import parse_message
from sipcore.net.connections import Door
from sipcore.net.tls import TlsContexts, TlsSettings
from sipcore.net.websocket import WebSocketFraming
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.net.peers import ANSWER_S, request_bytes, site
from tests.support.certificates import Authority

HOST = "127.0.0.1"
SIP = [Subprotocol("sip")]


def browser(listener: Listener, **more: object) -> connect:
    more = {"subprotocols": SIP, "compression": None, "ping_interval": None, **more}
    return connect(f"ws://{HOST}:{listener.bound[1]}/", **more)  # type: ignore[arg-type]


async def said(phone: ClientConnection) -> str | bytes:
    return await asyncio.wait_for(phone.recv(), ANSWER_S)


@pytest.mark.parametrize("is_text", [True, False])
async def test_a_request_in_one_frame_is_answered_in_one(is_text: bool) -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            assert phone.subprotocol == "sip"
            request = request_bytes(transport="WS")
            await phone.send(request, text=is_text)
            answer = await said(phone)
            assert isinstance(answer, str)
            assert parse_message(answer.encode()).via.host == "peer.invalid"
            assert opened.endpoint.connections_per_transport() == {Transport.WS: 1}


async def test_a_message_in_fragments_is_one() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            data = request_bytes(transport="WS", body=b"12345")
            await phone.send([data[:20], data[20:21], data[21:]])
            assert "SIP/2.0 200" in str(await said(phone))
            ((request, _),) = opened.switch.requests
            assert request.body == b"12345"


async def test_content_length_may_be_missing() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            head = request_bytes(transport="WS").replace(b"Content-Length: 0\r\n", b"")
            assert b"ontent-Length" not in head
            await phone.send(head + b"body", text=True)
            assert "SIP/2.0 200" in str(await said(phone))
            assert opened.switch.requests[0][0].body == b"body"


@pytest.mark.parametrize(("first", "frame"), [(b"", b"\x89\x80mask"), (b"\x01", b"\x00\x80mask")])
async def test_a_flood_of_small_frames_ends_the_connection(first: bytes, frame: bytes) -> None:
    """Pings, and fragments of nothing; a browser cannot be told to send either."""
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            with suppress(ConnectionClosed):
                phone.transport.write(first + frame[len(first) :] + frame * 10_000)
                await said(phone)
            assert phone.close_code == CloseCode.POLICY_VIOLATION


async def test_two_messages_in_one_frame_are_refused() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            two = request_bytes(transport="WS") + request_bytes(transport="WS", branch="2")
            await phone.send(two, text=True)
            assert "SIP/2.0 400" in str(await said(phone))
            assert opened.switch.requests == []
            await phone.send(request_bytes(transport="WS", branch="3"), text=True)
            assert "SIP/2.0 200" in str(await said(phone))


async def test_line_ends_are_answered() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            await phone.send("\r\n\r\n")
            assert await said(phone) == "\r\n"
            await phone.send("\r\n")
            await asyncio.wait_for(await phone.ping(), ANSWER_S)
            assert opened.endpoint.counters.keep_alives == 1


async def test_a_phone_is_reached_over_the_connection_it_opened() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            await phone.send(request_bytes("REGISTER", transport="WS"), text=True)
            await said(phone)
            flow = opened.switch.requests[0][1]
            opened.request("OPTIONS", flow)
            request = parse_message(str(await said(phone)).encode())
            assert request.via.transport == "WS"
            await phone.send(
                "SIP/2.0 200 OK\r\n"
                + "".join(
                    f"{name}: {request.required(name)}\r\n"
                    for name in ("via", "from", "call-id", "cseq")
                )
                + "To: <sip:b@h>;tag=9\r\n\r\n"
            )
            assert isinstance(await opened.result(), ResponseReceived)
        opened.request("OPTIONS", flow)
        assert isinstance(await opened.result(), TransactionFailed)


async def test_a_browser_cannot_be_called_where_it_does_not_listen() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        opened.request("OPTIONS", Flow(listener, (HOST, 9)))
        assert isinstance(await opened.result(), TransactionFailed)
        assert opened.endpoint.counters.connections_failed == 0


async def test_the_sub_protocol_is_asked_for() -> None:
    async with site() as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        with pytest.raises((InvalidStatus, NegotiationError)):
            async with browser(listener, subprotocols=[Subprotocol("chat")]):
                pass
        with pytest.raises(InvalidStatus):
            async with browser(listener, subprotocols=None):
                pass
        assert opened.endpoint.counters.handshakes_failed == 2


@pytest.mark.parametrize("origin", [Origin("https://phone.example"), None])
async def test_only_pages_of_the_operator_are_served(origin: Origin | None) -> None:
    async with site() as opened:
        door = Door(origins=("https://phone.example",))
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0), door=door)
        async with browser(listener, origin=origin) as phone:
            await phone.send("\r\n\r\n")
            assert await said(phone) == "\r\n"
        with pytest.raises(InvalidStatus) as refused:
            await browser(listener, origin=Origin("https://evil.example"))
        assert refused.value.response.status_code == 403


async def test_what_is_too_long_ends_the_connection() -> None:
    async with site(replace(DEFAULT_LIMITS, message_bytes_max=2_000)) as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            await phone.send(["x" * 1_500, "x" * 1_500])
            with pytest.raises(ConnectionClosed):
                await said(phone)
        assert opened.switch.requests == []


async def test_a_long_handshake_is_cut_off() -> None:
    async with site(replace(DEFAULT_LIMITS, head_bytes_max=500)) as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        reader, writer = await asyncio.open_connection(HOST, listener.bound[1])
        writer.write(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100)
        async with asyncio.timeout(ANSWER_S):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        assert opened.endpoint.counters.handshakes_failed == 1


async def test_a_dead_browser_is_noticed_and_a_living_one_stays() -> None:
    limits = replace(DEFAULT_LIMITS, websocket_ping_s=0.1, partial_message_s=0.2)
    async with site(limits) as opened:
        listener = await opened.endpoint.listen("ws", Transport.WS, (HOST, 0))
        async with browser(listener) as phone:
            await asyncio.sleep(0.6)
            assert opened.endpoint.connections() == 1
            phone.transport.pause_reading()
            async with asyncio.timeout(ANSWER_S):
                while opened.endpoint.connections():
                    await asyncio.sleep(0.01)
            phone.transport.resume_reading()
        assert opened.endpoint.counters.connections_stalled == 1


async def test_secure_websocket_is_both(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("switch", hosts=["switch.example"])
    door = Door(tls=TlsContexts(TlsSettings(certificate=certificate, private_key=key)))
    async with site() as opened:
        listener = await opened.endpoint.listen("wss", Transport.WSS, (HOST, 0), door=door)
        async with connect(
            f"wss://switch.example:{listener.bound[1]}/",
            host=HOST,
            ssl=ssl.create_default_context(cafile=str(authority.ca_file)),
            subprotocols=SIP,
        ) as phone:
            await phone.send(request_bytes(transport="WSS"), text=True)
            assert "SIP/2.0/WSS" in str(await said(phone))
        assert opened.switch.requests[0][1].transport.is_secure


def test_what_comes_right_behind_a_handshake_and_is_no_frame_ends_the_connection() -> None:
    """Both in one read: the library has given up before the handshake is answered."""
    framing = WebSocketFraming()
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert framing.feed(request + b"INVITE sip:a@b SIP/2.0\r\n\r\n") == []
    assert framing.has_ended
    assert framing.feed(request) == []
