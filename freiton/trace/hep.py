"""One SIP message as a packet of the Homer Encapsulation Protocol, version 3.

"HEP3", the length of all, then chunks: vendor (0 is generic), type, length with its own six octets,
value; everything in network byte order.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from ipaddress import ip_address
from typing import Final

from sipcore.transport.flow import Address, Transport

MAGIC: Final = b"HEP3"
SIP: Final = 1
PACKET_MAX: Final = 65_507
"""What fits a UDP datagram over IPv4."""

_GENERIC: Final = b"\x00\x00"
_IPV4, _IPV6 = 2, 10
_TCP, _UDP = 6, 17


class Chunk(IntEnum):
    """The generic chunk types that are used here."""

    IP_FAMILY = 1
    IP_PROTOCOL = 2
    IPV4_SOURCE = 3
    IPV4_DESTINATION = 4
    IPV6_SOURCE = 5
    IPV6_DESTINATION = 6
    SOURCE_PORT = 7
    DESTINATION_PORT = 8
    SECONDS = 9
    MICROSECONDS = 10
    PROTOCOL = 11
    CAPTURE_ID = 12
    PASSWORD = 14
    PAYLOAD = 15


class CaptureAgent:
    """How a capture server knows us; the password is optional, and sent as it is."""

    __slots__ = ("capture_id", "password")

    def __init__(self, capture_id: int, password: bytes = b"") -> None:
        self.capture_id = capture_id
        self.password = password


def hep_packet(
    payload: bytes,
    source: Address,
    destination: Address,
    *,
    transport: Transport,
    at: datetime,
    agent: CaptureAgent,
) -> bytes:
    """Return the packet of a message that went from ``source`` to ``destination`` at an instant."""
    since, till = ip_address(_bare(source[0])), ip_address(_bare(destination[0]))
    is_ipv6 = since.version == 6
    micros = round(at.timestamp() * 1_000_000)
    chunks = [
        _chunk(Chunk.IP_FAMILY, bytes([_IPV6 if is_ipv6 else _IPV4])),
        _chunk(Chunk.IP_PROTOCOL, bytes([_UDP if transport is Transport.UDP else _TCP])),
        _chunk(Chunk.IPV6_SOURCE if is_ipv6 else Chunk.IPV4_SOURCE, since.packed),
        _chunk(Chunk.IPV6_DESTINATION if is_ipv6 else Chunk.IPV4_DESTINATION, till.packed),
        _chunk(Chunk.SOURCE_PORT, source[1].to_bytes(2)),
        _chunk(Chunk.DESTINATION_PORT, destination[1].to_bytes(2)),
        _chunk(Chunk.SECONDS, (micros // 1_000_000).to_bytes(4)),
        _chunk(Chunk.MICROSECONDS, (micros % 1_000_000).to_bytes(4)),
        _chunk(Chunk.PROTOCOL, bytes([SIP])),
        _chunk(Chunk.CAPTURE_ID, agent.capture_id.to_bytes(4)),
    ]
    if agent.password:
        chunks.append(_chunk(Chunk.PASSWORD, agent.password))
    room = PACKET_MAX - len(MAGIC) - 2 - sum(map(len, chunks)) - 6
    chunks.append(_chunk(Chunk.PAYLOAD, payload[:room]))
    body = b"".join(chunks)
    return MAGIC + (len(MAGIC) + 2 + len(body)).to_bytes(2) + body


def _chunk(kind: Chunk, value: bytes) -> bytes:
    return _GENERIC + kind.to_bytes(2) + (6 + len(value)).to_bytes(2) + value


def _bare(host: str) -> str:
    """Return an address without the zone of a link (RFC 4007)."""
    return host.partition("%")[0]
