"""The switch's end of the writer process: submit records, hear of their fate.

A record's fate is told exactly once: durable at a position, or failed. Failed means that nobody
knows (the writer died, the disk refused, another writer took over): what had reached the disk is
found out when a new writer opens the log, and a repeat under the same key is harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import freiton
from freiton.accounting.charging_events import LogRecord
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.snapshot import decode_state
from freiton.storage.charging_log_appender import SEGMENT_EVENTS
from freiton.storage.charging_log_file import LogError, personal_decoder
from freiton.storage.writer_messages import (
    Acknowledged,
    Append,
    BindingRow,
    BindingsStored,
    Failed,
    FrameBuffer,
    FromWriter,
    Opened,
    StoreBindings,
    frame,
    from_writer_decoder,
)

# Far beyond what a writer falls behind in the half second after which a call gives up.
PENDING_RECORDS_MAX: Final = 50_000
BACKOFF_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
CLOSE_WAIT_S: Final = 10.0
RECEIVE_BYTES: Final = 1024 * 1024


class OpenedLog(NamedTuple):
    """The log as a writer found it."""

    epoch: int
    position: int
    state: ChargingState


def ignore_stored(_number: int) -> None:
    """Nobody stores bindings through this writer."""


def ignore_opened() -> None:
    """Nobody waits for the log to be back."""


class ChargingLogWriter:
    """Owns the writer process and starts it again when it dies. Lives in one event loop.

    `on_acknowledged(seq, position)` and `on_failed(seq)` are called from the loop, never from
    inside `submit`. `on_restored()` tells that a new writer has opened the log after a failure.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        folder: Path,
        on_acknowledged: Callable[[int, int], None],
        on_failed: Callable[[int], None],
        *,
        on_restored: Callable[[], None] = ignore_opened,
        segment_events: int = SEGMENT_EVENTS,
    ) -> None:
        self._loop = loop
        self._folder = folder
        self._on_acknowledged = on_acknowledged
        self._on_failed = on_failed
        self._on_restored = on_restored
        self.on_bindings_stored: Callable[[int], None] = ignore_stored
        self.on_bindings_wanted: Callable[[], None] = ignore_opened
        self._segment_events = segment_events
        self._child: _Child | None = None
        self._epoch = 0
        # When each record that nobody has acknowledged was submitted, in their order.
        self._pending: dict[int, float] = {}
        self._opening: asyncio.Future[OpenedLog] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._failures = 0
        self._restart: asyncio.TimerHandle | None = None
        self.is_up = False
        self.last_error = ""

    async def open(self) -> OpenedLog:
        """Start the writer and give the fold of the log; raises `LogError` with one sentence."""
        self._opening = self._loop.create_future()
        self._start()
        return await self._opening

    @property
    def waiting_since(self) -> float | None:
        """When (loop time) the oldest record that has no answer yet was submitted."""
        return next(iter(self._pending.values()), None)

    @property
    def pending_count(self) -> int:
        """How many records wait for their answer."""
        return len(self._pending)

    def submit(self, records: Sequence[LogRecord]) -> None:
        """Send records in one message; each is acknowledged or fails later, never here."""
        if not records:
            return
        child = self._child
        if not self.is_up or child is None:
            self._loop.call_soon(self._fail_unsent, [record.seq for record in records])
            return
        if len(self._pending) > PENDING_RECORDS_MAX:
            self._loop.call_soon(self._fail, [record.seq for record in records])
            return
        now = self._loop.time()
        rows: list[tuple[int, bytes, bytes | None]] = []
        for record in records:
            self._pending[record.seq] = now
            rows.append((record.seq, record.body, record.personal_body))
        child.send(frame(Append(self._epoch, rows)))

    def store_bindings(self, number: int, rows: list[BindingRow]) -> bool:
        """Send bindings; False while there is no writer (`on_bindings_wanted` tells when)."""
        if not self.is_up or self._child is None:
            return False
        self._child.send(frame(StoreBindings(number, rows)))
        return True

    async def close(self) -> None:
        """Let the writer commit everything, hear its answers, and wait for its end."""
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
        self._closed = self._loop.create_future()
        if self._child is None:
            return
        self._child.finish()
        try:
            await asyncio.wait_for(asyncio.shield(self._closed), CLOSE_WAIT_S)
        except TimeoutError:
            if self._child is not None:
                self._child.kill()
            await self._closed

    def _start(self) -> None:
        self._restart = None
        self._child = _Child(
            self._loop, self._folder, self._segment_events, self._hear, self._child_gone
        )

    def _hear(self, message: FromWriter) -> None:
        match message:
            case Acknowledged():
                # Opening proves little: a full disk opens, and fails at the next commit.
                self._failures = 0
                for seq, position in message.records:
                    # A record that failed by its age may still be acknowledged; both are told.
                    self._pending.pop(seq, None)
                    self._on_acknowledged(seq, position)
            case Opened():
                self._writer_opened(message)
            case BindingsStored():
                self.on_bindings_stored(message.number)
            case Failed():
                self.last_error = message.reason

    def _writer_opened(self, opened: Opened) -> None:
        self._epoch = opened.epoch
        self.is_up = True
        if self._opening is not None and not self._opening.done():
            personal = {
                call_id: personal_decoder.decode(fields)
                for call_id, fields in opened.personal.items()
            }
            state = decode_state(opened.state, personal)
            self._opening.set_result(OpenedLog(opened.epoch, opened.position, state))
        else:
            self._on_restored()
        self.on_bindings_wanted()

    def _child_gone(self) -> None:
        self.is_up = False
        self._child = None
        if self._opening is not None and not self._opening.done():
            reason = self.last_error or f"{self._folder}: the log's writer process ended at once"
            self._opening.set_exception(LogError(reason))
            return
        self._fail(list(self._pending))
        if self._closed is not None:
            if not self._closed.done():
                self._closed.set_result(None)
            return
        delay_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self._restart = self._loop.call_later(delay_s, self._start)

    def _fail_unsent(self, seqs: list[int]) -> None:
        self._fail(seqs)
        if self.is_up:
            # A writer has opened between the submission and now: nobody else would tell.
            self._on_restored()

    def _fail(self, seqs: list[int]) -> None:
        for seq in seqs:
            self._pending.pop(seq, None)
            self._on_failed(seq)


class _Child:
    """One writer process and the socket to it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        folder: Path,
        segment_events: int,
        hear: Callable[[FromWriter], None],
        gone: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._hear = hear
        self._gone = gone
        self._buffer = FrameBuffer()
        self._unsent = bytearray()
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        with theirs:
            self._process = _spawn(theirs.fileno(), folder, segment_events)
        loop.add_reader(self._socket, self._receive)

    def send(self, data: bytes) -> None:
        """Send now what the socket takes, the rest when it takes more."""
        if self._unsent:
            self._unsent += data
            return
        sent = 0
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            # A broken pipe is told by the reading side, once.
            sent = self._socket.send(data)
        if sent < len(data):
            self._unsent += data[sent:]
            self._loop.add_writer(self._socket, self._send_more)

    def finish(self) -> None:
        """Say that nothing more comes; the process answers everything and ends."""
        if self._unsent:
            self._loop.call_later(0.01, self.finish)
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End a process that does not end."""
        self._process.kill()

    def _send_more(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        else:
            del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._socket)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        for body in self._buffer.feed(data):
            self._hear(from_writer_decoder.decode(body))

    def _end(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        # A process that closed its socket is ending; one that hangs instead must not keep the lock.
        try:
            self._process.wait(0.05)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._gone()


def _spawn(descriptor: int, folder: Path, segment_events: int) -> subprocess.Popen[bytes]:
    home = str(Path(freiton.__file__).parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": f"{home}:{inherited}" if inherited else home}
    command = [
        sys.executable,
        "-P",
        "-m",
        "freiton.storage.writer_process",
        f"--fd={descriptor}",
        f"--folder={folder}",
        f"--segment-events={segment_events}",
    ]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command,
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
