"""Messages in a stream: split, pipelined, doubtful, endless; keep-alive."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import Request, Response
from sipcore.transport.framing import Frame, Malformed, Ping, StreamFraming

HEAD = b"OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\n"
MESSAGE = HEAD + b"Content-Length: 5\r\n\r\nhello"
RESPONSE = b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n"


def only(frames: list[Frame]) -> Frame:
    (frame,) = frames
    return frame


def broken(data: bytes, status: int = 400) -> Malformed:
    """Feed what must end the stream."""
    framing = StreamFraming()
    frame = only(framing.feed(data))
    assert isinstance(frame, Malformed)
    assert frame.ends_stream
    assert frame.error.status_hint == status
    assert framing.has_ended
    assert not framing.is_partial
    assert framing.feed(MESSAGE) == []
    return frame


def test_one_message() -> None:
    framing = StreamFraming()
    frame = only(framing.feed(MESSAGE))
    assert isinstance(frame, Request)
    assert frame.body == b"hello"
    assert not framing.is_partial


def test_pipelined_messages_come_in_order() -> None:
    frames = StreamFraming().feed(MESSAGE + RESPONSE + b"\r\n" + MESSAGE)
    assert [type(frame) for frame in frames] == [Request, Response, Request]


def test_any_split_gives_the_same() -> None:
    stream = MESSAGE + RESPONSE + b"\r\n\r\n" + MESSAGE
    for position in range(len(stream)):
        framing = StreamFraming()
        frames = framing.feed(stream[:position]) + framing.feed(stream[position:])
        kinds = [type(frame) for frame in frames if not isinstance(frame, Ping)]
        assert kinds == [Request, Response, Request], position
        assert not framing.is_partial


def test_byte_by_byte() -> None:
    framing = StreamFraming()
    frames = [frame for octet in MESSAGE * 2 for frame in framing.feed(bytes([octet]))]
    assert [type(frame) for frame in frames] == [Request, Request]


def test_a_begun_message_is_partial() -> None:
    for begun in (b"O", HEAD, MESSAGE[:-1], b"\r"):
        framing = StreamFraming()
        assert framing.feed(begun) == []
        assert framing.is_partial


def test_a_double_line_end_is_a_ping_and_a_single_one_is_not() -> None:
    framing = StreamFraming()
    assert framing.feed(b"\r\n") == []
    assert not framing.is_partial
    assert isinstance(only(framing.feed(b"\r\n")), Ping)  # split between two reads
    assert isinstance(only(framing.feed(b"\r\n\r\n")), Ping)
    assert framing.feed(b"\r") == []
    assert isinstance(only(framing.feed(b"\n\r\n")), Ping)


def test_a_flood_of_line_ends_is_one_ping() -> None:
    frames = StreamFraming().feed(b"\r\n" * 30_000 + MESSAGE)
    assert [type(frame) for frame in frames] == [Ping, Request]


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n",
        HEAD + b"Content-Length: 5\r\nl: 9\r\n",
        HEAD + b"Content-Length: -5\r\n",
        HEAD + b"Content-Length: +5\r\n",
        HEAD + b"Content-Length: 0x5\r\n",
        HEAD + b"Content-Length: 5, 5\r\n",
        HEAD + b"Content-Length:\r\n",
        HEAD + b"Content-Length:\r\n 5\r\n",
        HEAD + b"Content-Length: 5\r\n 0\r\n",
        HEAD + b"Content-Length: 99999999999\r\n",
        HEAD + b"Content-Length: \xd9\xa5\r\n",
        HEAD + b"X: a\nContent-Length: 5\r\n",
        HEAD + b"X: a\rContent-Length: 5\r\n",
        b"\n" + HEAD + b"Content-Length: 5\r\n",
    ],
)
def test_a_doubtful_length_ends_the_stream(head: bytes) -> None:
    broken(head + b"\r\nhello")


def test_what_looks_like_a_length_in_another_header_is_none() -> None:
    head = HEAD + b"X-Content-Length: 9\r\nSubject: l: 9\r\nContent-Length : 5\r\n\r\n"
    frame = only(StreamFraming().feed(head + b"hello"))
    assert isinstance(frame, Request)
    assert frame.body == b"hello"


def test_a_length_beyond_the_limit_ends_the_stream_before_its_body() -> None:
    broken(HEAD + b"Content-Length: 65536\r\n\r\n", 513)


def test_an_endless_head_ends_the_stream() -> None:
    framing = StreamFraming()
    fed = 0
    frames: list[Frame] = []
    while not frames:
        frames = framing.feed(b"X: " + b"a" * 997)
        fed += 1000
        assert fed < 20_000
    frame = only(frames)
    assert isinstance(frame, Malformed)
    assert frame.ends_stream
    assert frame.error.status_hint == 513
    broken(b"a" * 17_000 + b"\r\n\r\n", 513)


def test_a_malformed_head_with_a_sure_length_costs_only_itself() -> None:
    bad = MESSAGE.replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1)
    frames = StreamFraming().feed(bad + MESSAGE)
    first, second = frames
    assert isinstance(first, Malformed)
    assert not first.ends_stream
    assert first.error.status_hint == 505
    assert b"CSeq: 1 OPTIONS" in first.head
    assert isinstance(second, Request)


def test_limits_are_those_given() -> None:
    framing = StreamFraming(limits=replace(DEFAULT_LIMITS, head_bytes_max=50))
    frame = only(framing.feed(MESSAGE))
    assert isinstance(frame, Malformed)
    assert frame.error.status_hint == 513


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_no_bytes_break_it_and_no_split_changes_what_they_mean(
    noise: bytes, cuts: list[int]
) -> None:
    data = noise + MESSAGE
    whole = StreamFraming().feed(data)
    framing = StreamFraming()
    pieces: list[Frame] = []
    last = 0
    for cut in [*sorted(cuts), len(data)]:
        pieces += framing.feed(data[last:cut])
        last = max(last, cut)
    assert [type(frame) for frame in pieces if not isinstance(frame, Ping)] == [
        type(frame) for frame in whole if not isinstance(frame, Ping)
    ]
