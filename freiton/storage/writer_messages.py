"""What the switch and its writer process say to each other: length, then msgpack."""

from __future__ import annotations

import struct
from typing import Final

import msgspec
from msgspec import Struct

# A batch of the largest allowed records stays far below; more is a broken peer.
FRAME_BYTES_MAX: Final = 256 * 1024 * 1024
_LENGTH: Final = struct.Struct(">L")

BindingRow = tuple[str, str, bytes | None, int, str]
"""Owner, key, record (None: removed), expiry in UTC microseconds, and the kind of the record.

A binding's owner is its address-of-record, a subscription's the watching account.
"""

BINDING: Final = "binding"
SUBSCRIPTION: Final = "subscription"
MAILBOX: Final = "mailbox"


class Append(Struct, frozen=True, array_like=True, tag="append"):
    """Make these records durable: (seq, event, personal fields) each."""

    epoch: int
    records: list[tuple[int, bytes, bytes | None]]


class StoreBindings(Struct, frozen=True, array_like=True, tag="bindings"):
    """Write or remove these bindings some time soon."""

    number: int
    rows: list[BindingRow]


class Opened(Struct, frozen=True, array_like=True, tag="opened"):
    """The log is open: its epoch, its last position, and the fold of it all."""

    epoch: int
    position: int
    state: bytes
    personal: dict[str, bytes]


class Acknowledged(Struct, frozen=True, array_like=True, tag="acknowledged"):
    """These records are durable: (seq, position) each."""

    records: list[tuple[int, int]]


class BindingsStored(Struct, frozen=True, array_like=True, tag="stored"):
    """Everything up to this number is written."""

    number: int


class Failed(Struct, frozen=True, array_like=True, tag="failed"):
    """The writer ends; one sentence for the operator."""

    reason: str


ToWriter = Append | StoreBindings
FromWriter = Opened | Acknowledged | BindingsStored | Failed

to_writer_decoder: Final = msgspec.msgpack.Decoder(ToWriter)
from_writer_decoder: Final = msgspec.msgpack.Decoder(FromWriter)
_encoder: Final = msgspec.msgpack.Encoder()


def frame(message: ToWriter | FromWriter) -> bytes:
    """Write one message with its length."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameBuffer:
    """Collects bytes until whole messages stand in it."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in and give the bodies that are complete; raises `ValueError` on nonsense."""
        self._data += data
        bodies: list[bytes] = []
        start = 0
        while len(self._data) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data, start)
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a message of {length} bytes")
            end = start + _LENGTH.size + length
            if len(self._data) < end:
                break
            bodies.append(bytes(self._data[start + _LENGTH.size : end]))
            start = end
        del self._data[:start]
        return bodies
