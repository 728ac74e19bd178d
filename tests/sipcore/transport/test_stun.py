"""STUN Binding on the SIP port; requests and answers of RFC 5769 §2 where it has them."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.transport.stun import stun_answer

COOKIE = bytes.fromhex("2112a442")
# The transaction of the samples of RFC 5769 §2.2 and §2.3, and what they map.
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
SAMPLE_V4 = ("192.0.2.1", 32853)
MAPPED_V4 = bytes.fromhex("0020 0008 0001 a147 e112 a643")
SAMPLE_V6 = ("2001:db8:1234:5678:11:2233:4455:6677", 32853)
MAPPED_V6 = bytes.fromhex("0020 0014 0002 a147 0113 a9fa a5d3 f179 bc25 f4b5 bed2 b9d9")


def request(attributes: bytes = b"", *, kind: int = 1, cookie: bytes = COOKIE) -> bytes:
    return struct.pack("!HH", kind, len(attributes)) + cookie + TRANSACTION + attributes


def with_fingerprint(attributes: bytes = b"") -> bytes:
    head = struct.pack("!HH", 1, len(attributes) + 8) + COOKIE + TRANSACTION + attributes
    return head + struct.pack("!HHI", 0x8028, 4, zlib.crc32(head) ^ 0x5354554E)


@pytest.mark.parametrize(
    ("source", "mapped"), [(SAMPLE_V4, MAPPED_V4), (SAMPLE_V6, MAPPED_V6)], ids=["ipv4", "ipv6"]
)
def test_a_request_learns_where_it_came_from(source: tuple[str, int], mapped: bytes) -> None:
    answer = stun_answer(request(), source)
    assert answer == struct.pack("!HH", 0x0101, len(mapped)) + COOKIE + TRANSACTION + mapped


def test_a_fingerprint_is_checked_and_answered_with_one() -> None:
    asked = with_fingerprint()
    answer = stun_answer(asked, SAMPLE_V4)
    assert answer is not None
    assert answer[20:32] == MAPPED_V4
    assert answer[32:] == struct.pack("!HHI", 0x8028, 4, zlib.crc32(answer[:32]) ^ 0x5354554E)
    assert stun_answer(asked[:-1] + bytes([asked[-1] ^ 1]), SAMPLE_V4) is None


def test_optional_attributes_are_read_over() -> None:
    software = struct.pack("!HH5s3x", 0x8022, 5, b"phone")
    answer = stun_answer(request(software), SAMPLE_V4)
    assert answer is not None
    assert answer[20:] == MAPPED_V4


def test_what_must_be_understood_and_is_not_gets_a_420() -> None:
    answer = stun_answer(request(struct.pack("!HHI", 0x0003, 4, 6)), SAMPLE_V4)
    assert answer is not None
    assert answer[:2] == bytes.fromhex("0111")
    assert len(answer) - 20 == int.from_bytes(answer[2:4], "big")
    assert answer[24:28] == bytes([0, 0, 4, 20])
    assert answer[-8:] == struct.pack("!HHHxx", 0x000A, 2, 0x0003)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:19],
        request(kind=0x0011),
        request(kind=0x0101),
        request(kind=0x0003),
        request(cookie=bytes(4)),
        request() + b"xxxx",
        request(b"xx"),
        request(struct.pack("!HH", 0x8022, 40)),
        request(struct.pack("!HH", 0x8022, 0) * 200),
    ],
)
def test_everything_else_gets_no_answer(data: bytes) -> None:
    assert stun_answer(data, SAMPLE_V4) is None


@given(st.binary(max_size=600))
def test_no_bytes_upset_it_and_no_answer_is_much_longer(data: bytes) -> None:
    for one in (data, request(data[: len(data) // 4 * 4])):
        answer = stun_answer(one, SAMPLE_V4)
        assert answer is None or len(answer) <= 2 * len(one) + 40
