"""Messages in a stream of bytes: RFC 3261 §18.3, with the keep-alive of RFC 5626 §3.5.1.

Where a message ends is decided by its Content-Length alone. As long as that is beyond doubt, a
message malformed elsewhere costs only itself; when it is not, nothing behind it can be trusted
and the stream has to end.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.message import Request, Response
from sipcore.message.parse import parse_head

PONG: Final = b"\r\n"
"""The answer to a ping of two CRLF (RFC 5626 §3.5.1)."""

_HEAD_END: Final = b"\r\n\r\n"
_LINE_ENDS: Final = re.compile(rb"(?:\r\n)+")
# A folded value is not matched: nobody folds this header, but who does may mean two lengths.
_LENGTH_LINE: Final = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,10})[ \t]*(?=\r\n(?![ \t]))", re.IGNORECASE
)
_LENGTH_NAME: Final = re.compile(rb"\r\n(?:content-length|l)[ \t]*:", re.IGNORECASE)


class Ping:
    """A double CRLF between messages, to be answered with ``PONG``."""

    __slots__ = ()


class Malformed:
    """A message that is none; ``head`` is what was read of its head."""

    __slots__ = ("ends_stream", "error", "head")

    def __init__(self, head: bytes, error: RemoteError, *, ends_stream: bool) -> None:
        self.head = head
        self.error = error
        self.ends_stream = ends_stream
        """Whether what follows cannot be read any more, so that the connection is to be closed."""


Frame = Request | Response | Ping | Malformed


class StreamFraming:
    """Cuts one direction of one connection into messages."""

    __slots__ = (
        "_body_bytes",
        "_buffer",
        "_head",
        "_is_after_line_end",
        "_limits",
        "_searched",
        "has_ended",
    )

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._head = b""
        self._body_bytes = 0
        self._is_after_line_end = False
        self.has_ended = False
        """Whether the stream is beyond reading; what comes now is dropped."""

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and not ended, which must not last."""
        return bool(self._head or self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they come and return what they complete."""
        frames: list[Frame] = []
        if self.has_ended:
            return frames
        self._buffer += data
        while self._buffer:
            frame = self._next()
            if frame is None:
                break
            frames.append(frame)
            if isinstance(frame, Malformed) and frame.ends_stream:
                self.has_ended = True
                self._buffer.clear()
        return frames

    def _next(self) -> Frame | None:
        if self._head:
            return self._take_message()
        if self._buffer[0] in b"\r\n":
            frame = self._take_line_ends()
            if frame is not None or not self._buffer or self._buffer == b"\r":
                return frame
        self._is_after_line_end = False
        end = self._buffer.find(_HEAD_END, self._searched)
        if max(end, 0) > self._limits.head_bytes_max or (
            end < 0 and len(self._buffer) > self._limits.head_bytes_max
        ):
            return _broken(self._buffer[: self._limits.head_bytes_max], "head too long", status=513)
        if end < 0:
            # The four bytes of the end may be split between two reads.
            self._searched = max(0, len(self._buffer) - 3)
            return None
        self._searched = 0
        return self._take_head(end)

    def _take_line_ends(self) -> Frame | None:
        """Take the CRLFs between messages: two are a ping, one is a pong or a courtesy."""
        run = _LINE_ENDS.match(self._buffer)
        if run is None:
            if self._buffer == b"\r":
                return None
            return _broken(self._buffer, "a line does not end with CRLF")
        is_ping = self._is_after_line_end or run.end() > 2
        # A ping may be split between two reads.
        self._is_after_line_end = not is_ping
        del self._buffer[: run.end()]
        return Ping() if is_ping else None

    def _take_head(self, end: int) -> Frame | None:
        head = bytes(self._buffer[:end])
        line_ends = head.count(b"\r\n")
        if head.count(b"\r") != line_ends or head.count(b"\n") != line_ends:
            return _broken(head, "a line does not end with CRLF")
        lines = head + b"\r\n"
        lengths = _LENGTH_LINE.findall(lines)
        names = _LENGTH_NAME.findall(lines)
        if not names:
            return _broken(head, "Content-Length is missing")
        if len(names) > 1 or not lengths:
            return _broken(head, "Content-Length is not one number")
        body_bytes = int(lengths[0])
        if end + body_bytes > self._limits.message_bytes_max:
            return _broken(head, "message too long", status=513)
        del self._buffer[: end + 4]
        self._head = head
        self._body_bytes = body_bytes
        return self._take_message()

    def _take_message(self) -> Frame | None:
        if len(self._buffer) < self._body_bytes:
            return None
        head, self._head = self._head, b""
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        try:
            message = parse_head(head, limits=self._limits)
        except RemoteError as error:
            return Malformed(head, error, ends_stream=False)
        message.body = body
        return message


def _broken(head: bytes | bytearray, text: str, *, status: int = 400) -> Malformed:
    return Malformed(bytes(head), RemoteError(text, status_hint=status), ends_stream=True)
