"""The endpoint on UDP."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sipcore.errors import LocalError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.net.udp import BUFFER_BYTES
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow, Outgoing, Transport
from tests.sipcore.net.peers import Site, request_bytes, site, udp_peer, until

ANY_PORT = ("127.0.0.1", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_is_answered_to_where_it_came_from(host: str) -> None:
    async with site() as here, udp_peer(host) as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, (host, 0))
        peer.send(request_bytes(), listener.bound)
        response = await peer.response()
        assert response.status == 200
        assert response.via.received == host
        assert response.via.rport == peer.address[1]
        assert here.endpoint.counters.datagrams_received == 1
        assert here.endpoint.counters.datagrams_sent == 1


async def test_what_is_spent_is_not_even_parsed() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        here.spent.add(b"ACK and nothing that could be parsed")
        peer.send(b"ACK and nothing that could be parsed", listener.bound)
        peer.send(request_bytes(), listener.bound)
        assert (await peer.response()).status == 200
        assert here.endpoint.counters.datagrams_received == 2
        assert here.endpoint.counters.malformed_requests == 0
        assert len(here.switch.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_of_ours_is_sent_repeated_and_answered(host: str) -> None:
    async with site() as here, udp_peer(host) as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, (host, 0))
        here.request("OPTIONS", Flow(listener, peer.address))
        first = await peer.receive()
        assert await peer.receive() == first  # timer E, driven by the ticker
        lines = first.split(b"\r\n")
        answer = b"\r\n".join([b"SIP/2.0 200 OK", *lines[1:]])
        peer.send(answer, listener.bound)
        result = await here.result()
        assert isinstance(result, ResponseReceived)
        assert result.flow == Flow(listener, peer.address)


async def test_via_names_what_is_advertised() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen(
            "udp", Transport.UDP, ANY_PORT, advertised=("192.0.2.1", 0)
        )
        assert listener.sent_by == f"192.0.2.1:{listener.bound[1]}"
        here.request("OPTIONS", Flow(listener, peer.address))
        assert f"Via: SIP/2.0/UDP {listener.sent_by};rport".encode() in await peer.receive()


async def test_a_wildcard_address_must_be_advertised() -> None:
    async with site() as here:
        with pytest.raises(LocalError):
            await here.endpoint.listen("udp", Transport.UDP, ("0.0.0.0", 0))  # noqa: S104


async def test_two_listeners_of_one_name_are_refused() -> None:
    async with site() as here:
        await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        with pytest.raises(LocalError):
            await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)


async def test_a_port_in_use_is_an_error() -> None:
    async with site() as here:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        with pytest.raises(OSError, match="in use"):
            await here.endpoint.listen("again", Transport.UDP, listener.bound)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"\0\x11\0\0\x21\x12\xa4\x42" + b"i" * 12,
        b"\1\1\0\0",
    ],
)
async def test_keep_alives_are_ignored(data: bytes) -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        peer.send(data, listener.bound)
        peer.send(b"\r\n" + request_bytes(), listener.bound)  # §7.5
        assert (await peer.response()).status == 200
        assert await peer.is_silent()
        counters = here.endpoint.counters
        assert counters.keep_alives == 1
        assert counters.malformed_requests == 0
        assert counters.datagrams_received == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request_bytes().replace(b"SIP/2.0\r\n", b"SIP/4.0\r\n", 1), 505),
        (request_bytes().replace(b"Content-Length: 0", b"Content-Length: 9"), 400),
        (request_bytes().replace(b"Max-Forwards", b"Max Forwards"), 400),
        (request_bytes().replace(b"z9hG4bK", b"old"), 400),
        (request_bytes().replace(b"Max-Forwards: 70", b"Max-Forwards: x"), 400),
        (request_bytes(body=b"x" * 60_000).replace(b"Max-F", b"X: " + b"y" * 5000 + b"\r\nF"), 513),
        (request_bytes("BAD"), 420),
    ],
)
async def test_a_malformed_request_is_refused(data: bytes, status: int) -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        peer.send(data, listener.bound)
        assert (await peer.response()).status == status
        assert here.endpoint.counters.malformed_requests == 1
        assert here.switch.requests == []


@pytest.mark.parametrize(
    ("data", "is_response"),
    [
        (b"hello", False),
        (b"\xff" * 300, False),
        (b"OPTIONS sip:h SIP/2.0\r\n\r\n", False),
        (request_bytes("ACK").replace(b"z9hG4bK", b"old"), False),
        (b"SIP/2.0 999999 What\r\n\r\n", True),
        (b"SIP/2.0 200 OK\r\n\r\n", True),
        (b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: x\r\n\r\n", True),
    ],
)
async def test_what_cannot_be_answered_is_dropped(data: bytes, *, is_response: bool) -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        peer.send(data, listener.bound)
        assert await peer.is_silent()
        counters = here.endpoint.counters
        assert (counters.malformed_responses == 1) == is_response
        assert (counters.malformed_requests == 1) != is_response
        assert here.errors == []


@pytest.mark.parametrize("method", ["CRASH", "CRASHLATER"])
async def test_a_fault_ends_one_message_and_is_reported(method: str) -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        peer.send(request_bytes(method, branch="1"), listener.bound)
        peer.send(request_bytes(branch="2"), listener.bound)
        assert (await peer.response()).status == 200
        assert [type(error) for error in here.errors] == [ZeroDivisionError]
        assert here.endpoint.counters.handler_errors == 1


async def test_more_than_one_wakeup_can_drain() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        for number in range(150):
            peer.send(request_bytes(branch=str(number)), listener.bound)
        answered = {(await peer.response()).call_id for _ in range(150)}
        assert len(answered) == 150
        assert here.endpoint.udp_drops() == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_icmp_error_fails_the_flow_and_the_socket_lives_on(host: str) -> None:
    async with site() as here, udp_peer(host) as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, (host, 0))
        with socket.socket(peer.socket.family, socket.SOCK_DGRAM) as gone:
            gone.bind((host, 0))
            nobody = gone.getsockname()[:2]
        for _ in range(3):
            here.request("OPTIONS", Flow(listener, nobody))
            result = await here.result()
            assert isinstance(result, TransactionFailed)
            assert result.is_transport_failure
            assert here.switch.failed[-1] == Flow(listener, nobody)
        assert here.endpoint.counters.icmp_errors >= 3
        peer.send(request_bytes(), listener.bound)
        assert (await peer.response()).status == 200


async def test_the_error_of_one_datagram_does_not_cost_the_next() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(ANY_PORT)
            nobody = gone.getsockname()
        here.endpoint.send(Outgoing(b"to nobody", Flow(listener, nobody)))
        # The kernel tells the first one's error to the second one's call.
        here.endpoint.send(Outgoing(b"to the peer", Flow(listener, peer.address)))
        assert await peer.receive() == b"to the peer"
        assert here.endpoint.counters.datagrams_sent == 2
        await until(lambda: here.switch.failed == [Flow(listener, nobody)])


async def test_what_an_event_brings_about_is_acted_on_in_the_same_wakeup() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        peer.send(request_bytes("TWICE"), listener.bound)
        assert (await peer.response()).status == 200
        assert len(here.switch.requests) == 2


async def test_an_unknown_listener_fails_the_flow() -> None:
    async with site() as here, site() as elsewhere:
        foreign = await elsewhere.endpoint.listen("gone", Transport.UDP, ANY_PORT)
        here.request("OPTIONS", Flow(foreign, ("127.0.0.1", 9)))
        result = await here.result()
        assert isinstance(result, TransactionFailed)
        assert result.is_transport_failure


async def test_keep_alives_of_ours_are_sent_as_they_are() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        here.endpoint.send(Outgoing(b"\r\n\r\n", Flow(listener, peer.address)))
        assert await peer.receive() == b"\r\n\r\n"


async def test_a_datagram_too_large_is_not_sent_and_fails_nothing() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        here.endpoint.send(Outgoing(b"x" * 70_000, Flow(listener, peer.address)))
        assert here.endpoint.counters.datagrams_unsent == 1
        await asyncio.sleep(0)
        assert here.switch.failed == []


async def test_the_buffer_is_large_and_drops_are_seen() -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        (udp,) = here.endpoint._udp.values()
        granted = udp.receive_buffer_bytes
        with open("/proc/sys/net/core/rmem_max", encoding="ascii") as limit:  # noqa: PTH123
            assert granted >= min(BUFFER_BYTES, int(limit.read()))
        udp._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for number in range(64):
            peer.send(request_bytes(branch=str(number), body=b"x" * 2000), listener.bound)
        assert here.endpoint.udp_drops() > 0


@pytest.mark.parametrize("broken", ["outgoing", "events", "next_deadline"])
async def test_a_beat_that_fails_is_reported_and_the_other_beats_go_on(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site() as here, udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)

        def fail() -> None:
            monkeypatch.undo()
            raise ZeroDivisionError

        monkeypatch.setattr(here.switch, broken, fail)
        here.request("OPTIONS", Flow(listener, peer.address))
        first = await peer.receive()
        assert await peer.receive() == first, "timer E was armed all the same"
        assert [type(error) for error in here.errors] == [ZeroDivisionError]
        assert here.endpoint.counters.handler_errors == 1


async def test_a_phone_learns_its_address_by_stun() -> None:
    async with site() as opened, udp_peer() as peer:
        listener = await opened.endpoint.listen("udp", Transport.UDP, ("127.0.0.1", 0))
        peer.send(bytes.fromhex("000100002112a442") + bytes(12), listener.bound)
        answer = await peer.receive()
        assert answer[:2] == bytes.fromhex("0101")
        assert int.from_bytes(answer[26:28], "big") ^ 0x2112 == peer.address[1]
        assert opened.endpoint.counters.stun_answers == 1
        assert opened.switch.requests == []


async def test_who_is_closed_sends_nothing_any_more_and_has_no_timer() -> None:
    here = Site(DEFAULT_LIMITS)
    async with udp_peer() as peer:
        listener = await here.endpoint.listen("udp", Transport.UDP, ANY_PORT)
        here.request("OPTIONS", Flow(listener, peer.address))
        await peer.receive()
        await here.endpoint.close()
        here.request("OPTIONS", Flow(listener, peer.address))
        await asyncio.sleep(0.6)  # timer E would have repeated the first one
    assert here.errors == []
