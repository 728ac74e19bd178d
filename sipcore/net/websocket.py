"""SIP over WebSocket, the server's side (RFC 7118): each message of it is one of SIP.

The frames themselves are those of the websockets library, whose core does without a socket.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WebSocketFrame
from websockets.http11 import Request as HttpRequest
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.parse import parse_message
from sipcore.transport.framing import PONG, Frame, Malformed, Ping

SUBPROTOCOL: Final = Subprotocol("sip")

_LINE_ENDS: Final = b"\r\n"
_STEP_BYTES: Final = 512
"""So much is looked at before its frames are counted; the smallest has six octets."""
_SILENT: Final = logging.Logger(  # noqa: LOG001 - in no hierarchy, so that nobody makes it speak
    "websocket", level=logging.CRITICAL + 1
)
"""What one peer does is counted, and never a line in a log."""


class WebSocketFraming:
    """Cuts one connection that was opened to us into messages, and answers for WebSocket itself."""

    __slots__ = ("_bytes", "_handshake_bytes", "_limits", "_protocol", "_text", "has_ended")

    def __init__(self, *, origins: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS) -> None:
        """Take the pages that may connect, any when there are none; who is no page always may."""
        self._limits = limits
        self._protocol = ServerProtocol(
            origins=[*map(Origin, origins), None] if origins else None,
            subprotocols=[SUBPROTOCOL],
            max_size=limits.message_bytes_max,
            logger=_SILENT,
        )
        self._handshake_bytes = 0
        self._bytes: bytearray | None = None
        self.has_ended = False
        """Whether the connection is to be closed once what is to be sent was sent."""

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done."""
        return self._protocol.state is not State.CONNECTING

    @property
    def is_partial(self) -> bool:
        """Whether something has begun and not ended, which must not last."""
        return not self.is_open or self._bytes is not None or bool(self._protocol.reader.buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they come and return what they complete."""
        frames: list[Frame] = []
        if self.has_ended:
            return frames
        if not self.is_open:
            self._handshake_bytes += len(data)
            if self._handshake_bytes > self._limits.head_bytes_max:
                self.has_ended = True
                return frames
        count = 0
        for start in range(0, len(data), _STEP_BYTES):
            self._protocol.receive_data(data[start : start + _STEP_BYTES])
            for event in self._protocol.events_received():
                if isinstance(event, HttpRequest):
                    if self._protocol.eof_sent:
                        # What came right behind it was no frame, and has ended all.
                        self.has_ended = True
                        return frames
                    self._protocol.send_response(self._protocol.accept(event))
                elif isinstance(event, WebSocketFrame):
                    count += 1
                    frames += self._take(event)
            if count > self._limits.websocket_frames_max:
                self._protocol.fail(CloseCode.POLICY_VIOLATION, "too many frames")
                break
        return frames

    def encode(self, data: bytes) -> bytes:
        """Wrap one message; as text when it is some (RFC 7118 §5.2)."""
        if self._protocol.state is not State.OPEN:
            return b""
        try:
            data.decode()
        except UnicodeDecodeError:
            self._protocol.send_binary(data)
        else:
            self._protocol.send_text(data)
        return self.take_outgoing()

    def ping(self) -> None:
        """Ask the peer whether it lives; what it answers counts as activity."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")

    def close(self) -> None:
        """Say that the connection ends."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1001)

    def take_outgoing(self) -> bytes:
        """Take what is to go out for WebSocket itself: handshake, pongs, close."""
        parts = self._protocol.data_to_send()
        # The library's word for "nothing more comes" is an empty part.
        self.has_ended = self.has_ended or b"" in parts
        return b"".join(parts)

    def _take(self, frame: WebSocketFrame) -> list[Frame]:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return []
        if frame.opcode is Opcode.CONT and self._bytes is not None:
            self._bytes += frame.data
        else:
            self._bytes = bytearray(frame.data)
        if not frame.fin:
            return []
        data, self._bytes = bytes(self._bytes), None
        return self._read(data)

    def _read(self, data: bytes) -> list[Frame]:
        if not data.strip(_LINE_ENDS):
            return [Ping()] if len(data) > len(PONG) else []
        try:
            message = parse_message(data, limits=self._limits)
            if not data.endswith(message.body) or _body_bytes(data) != len(message.body):
                raise RemoteError("more than one message in one of WebSocket")  # noqa: TRY301
        except RemoteError as error:
            return [Malformed(data, error, ends_stream=False)]
        return [message]


def _body_bytes(data: bytes) -> int:
    return len(data.lstrip(_LINE_ENDS).partition(b"\r\n\r\n")[2])
