"""Copies for a capture server in the form of HEP3, read by a decoder of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
from datetime import UTC, datetime

from freiton.trace.hep import CaptureAgent, hep_packet
from freiton.trace.hep_exporter import HepExporter
from sipcore.message import parse_message
from sipcore.transport.flow import Flow, Listener, Outgoing, Transport

AT = datetime(2026, 11, 22, 9, 0, 0, 250_000, tzinfo=UTC)
OPTIONS = (
    b"OPTIONS sip:ben@example.org SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 198.51.100.1:5061;branch=z9hG4bKa\r\n"
    b"From: <sip:anna@example.org>;tag=1\r\nTo: <sip:ben@example.org>\r\n"
    b"Call-ID: hep-1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"
)


class StoppedClock:
    def utc(self) -> datetime:
        return AT


def chunks(packet: bytes) -> dict[int, bytes]:
    """Read a packet as the description of HEP3 has it: magic, total length, chunks."""
    magic, total = struct.unpack_from("!4sH", packet)
    assert magic == b"HEP3"
    assert total == len(packet)
    found: dict[int, bytes] = {}
    place = 6
    while place < total:
        vendor, kind, length = struct.unpack_from("!HHH", packet, place)
        assert vendor == 0
        assert kind not in found
        found[kind] = packet[place + 6 : place + length]
        place += length
    assert place == total
    return found


def test_every_chunk_of_a_packet_over_ipv4() -> None:
    packet = hep_packet(
        OPTIONS,
        ("198.51.100.1", 5061),
        ("192.0.2.1", 5060),
        transport=Transport.UDP,
        at=AT,
        agent=CaptureAgent(2001, b"secret"),
    )
    assert chunks(packet) == {
        1: b"\x02",
        2: b"\x11",
        3: bytes([198, 51, 100, 1]),
        4: bytes([192, 0, 2, 1]),
        7: struct.pack("!H", 5061),
        8: struct.pack("!H", 5060),
        9: struct.pack("!I", int(AT.timestamp())),
        10: struct.pack("!I", 250_000),
        11: b"\x01",
        12: struct.pack("!I", 2001),
        14: b"secret",
        15: OPTIONS,
    }


def test_ipv6_over_tcp_and_no_password() -> None:
    packet = hep_packet(
        OPTIONS,
        ("2001:db8::1", 5061),
        ("fe80::2%eth0", 5060),
        transport=Transport.TLS,
        at=AT,
        agent=CaptureAgent(1),
    )
    found = chunks(packet)
    assert found[1] == b"\x0a"
    assert found[2] == b"\x06"
    assert found[5] == socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    assert found[6] == socket.inet_pton(socket.AF_INET6, "fe80::2")
    assert 14 not in found
    assert not {3, 4} & set(found)


def exported(
    waiting_max: int, count: int, *, advertised: str = "192.0.2.1"
) -> tuple[list[bytes], HepExporter]:
    """Hand messages to an exporter in one go and give what a server gets."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.3)
    listener = Listener("udp", Transport.UDP, ("192.0.2.1", 5060), (advertised, 5060))
    flow = Flow(listener, ("198.51.100.1", 5061))

    async def tell() -> HepExporter:
        exporter = HepExporter(
            server.getsockname(),
            CaptureAgent(7),
            clock=StoppedClock(),
            loop=asyncio.get_running_loop(),
            waiting_max=waiting_max,
        )
        exporter.received(parse_message(OPTIONS), flow)
        exporter.sent([Outgoing(b"SIP/2.0 200 OK %d" % i, flow) for i in range(count)])
        await asyncio.sleep(0)
        exporter.close()
        return exporter

    exporter = asyncio.run(tell())
    packets: list[bytes] = []
    try:
        while True:
            packets.append(server.recv(65_536))
    except TimeoutError:
        server.close()
        return packets, exporter


def test_exporter_sends_what_came_and_what_went() -> None:
    packets, exporter = exported(100, 1)
    came, went = map(chunks, packets)
    assert came[15] == OPTIONS
    assert (came[3], came[4]) == (bytes([198, 51, 100, 1]), bytes([192, 0, 2, 1]))
    assert went[15] == b"SIP/2.0 200 OK 0"
    assert (went[3], went[4]) == (bytes([192, 0, 2, 1]), bytes([198, 51, 100, 1]))
    assert (exporter.sent_count, exporter.lost_count) == (2, 0)


def test_copies_name_an_address_where_peers_are_told_a_name() -> None:
    packets, exporter = exported(100, 1, advertised="sip.example.org")
    assert chunks(packets[0])[4] == bytes([192, 0, 2, 1])
    assert exporter.lost_count == 0


def test_exporter_loses_the_oldest_when_too_much_waits() -> None:
    packets, exporter = exported(3, 9)
    assert [chunks(one)[15] for one in packets] == [b"SIP/2.0 200 OK %d" % i for i in (6, 7, 8)]
    assert exporter.lost_count == 7
