"""The process that writes the charging log: `python -m freiton.storage.writer_process`.

It stands alone so that neither SQLite nor fsync can hold up the switch's loop. It reads records
from a socket, commits what has gathered, and answers when that is durable. Commits begin at
least `WINDOW_S` apart: alone, a record is durable at once; under load they share an fsync. When
the switch is gone (end of stream) it commits what it has wholly received, and ends.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import select
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from freiton.storage.charging_log_appender import (
    SEGMENT_EVENTS,
    AppendRecord,
    LogAppender,
    never_crash,
)
from freiton.storage.charging_log_file import LogError
from freiton.storage.location_file import LocationWriter
from freiton.storage.writer_messages import (
    Acknowledged,
    Append,
    Failed,
    FrameBuffer,
    FromWriter,
    Opened,
    ToWriter,
    frame,
    to_writer_decoder,
)

WINDOW_S: Final = 0.002
BATCH_RECORDS_MAX: Final = 1_024
RECEIVE_BYTES: Final = 1024 * 1024
CRASH_VARIABLE: Final = "FREITON_WRITER_CRASH"


def main() -> int:
    """Serve one switch until it is gone."""
    parser = argparse.ArgumentParser(prog="freiton.storage.writer_process")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--segment-events", type=int, default=SEGMENT_EVENTS)
    arguments = parser.parse_args()
    # Only the end of the stream ends a writer: a signal to the whole group must not come between
    # the switch's last records and the disk.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Whatever is made here is about people: for the switch's own user alone.
    os.umask(0o077)
    switch = _Switch(socket.socket(fileno=arguments.fd))
    crash = crash_point_of(os.environ.get(CRASH_VARIABLE, ""))
    try:
        log = LogAppender(arguments.folder, segment_events=arguments.segment_events, crash=crash)
        _Writer(switch, log, LocationWriter(arguments.folder, switch.tell, crash), crash).run()
    except (LogError, OSError, ValueError, sqlite3.Error) as error:
        switch.tell(Failed(str(error)))
        return 1
    return 0


def crash_point_of(text: str) -> Callable[[str], None]:
    """Read `name` or `name:count` and die there by SIGKILL, the count-th time it is passed."""
    if not text:
        return never_crash
    name, _, count = text.partition(":")
    left = int(count or 1)

    def crash(passed: str) -> None:
        nonlocal left
        if passed == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return crash


class _Switch:
    """The socket to the switch; both threads speak, one of them listens."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._speaking = threading.Lock()
        self._buffer = FrameBuffer()

    def tell(self, message: FromWriter) -> None:
        """Say something; when the switch is gone, what it sent is committed all the same."""
        with self._speaking, contextlib.suppress(OSError):
            self._connection.sendall(frame(message))

    def hear(self, *, timeout_s: float | None) -> list[ToWriter] | None:
        """Give what has been said, waiting for the first of it; None at the end of the stream."""
        readable, _, _ = select.select([self._connection], [], [], timeout_s)
        if not readable:
            return []
        try:
            data = self._connection.recv(RECEIVE_BYTES)
        except ConnectionResetError:
            # A switch that was killed left acknowledgements unread; what it sent came before.
            return None
        if not data:
            return None
        return [to_writer_decoder.decode(body) for body in self._buffer.feed(data)]


class _Writer:
    """Receive, gather, commit, acknowledge."""

    def __init__(
        self,
        switch: _Switch,
        log: LogAppender,
        locations: LocationWriter,
        crash: Callable[[str], None],
    ) -> None:
        self._switch = switch
        self._log = log
        self._locations = locations
        self._crash = crash
        self._gathered: list[Append] = []
        self._gathered_records = 0
        self._is_ended = False

    def run(self) -> None:
        """Serve until the end of the stream, then commit what is left."""
        self._greet()
        gc.freeze()
        next_commit = time.monotonic()
        while not self._is_ended:
            self._receive(timeout_s=None)
            while self._gathered:
                wait_s = next_commit - time.monotonic()
                if wait_s > 0 and self._gathered_records < BATCH_RECORDS_MAX and not self._is_ended:
                    self._receive(timeout_s=wait_s)
                    continue
                next_commit = time.monotonic() + WINDOW_S
                self._commit()
        self._locations.close()
        self._log.close()

    def _greet(self) -> None:
        log = self._log
        self._switch.tell(
            Opened(
                log.epoch,
                log.position,
                log.encoded_state(),
                {
                    call_id: msgspec.msgpack.encode(call.personal)
                    for call_id, call in log.state.calls.items()
                },
            )
        )

    def _receive(self, *, timeout_s: float | None) -> None:
        """Take in whatever is there, waiting for the first of it as long as is allowed."""
        messages = self._switch.hear(timeout_s=timeout_s)
        if messages is None:
            self._is_ended = True
            return
        for message in messages:
            if isinstance(message, Append):
                self._gathered.append(message)
                self._gathered_records += len(message.records)
            else:
                self._locations.put(message)

    def _commit(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._gathered_records = 0
        records = [AppendRecord(*record) for batch in gathered for record in batch.records]
        for batch in gathered:
            self._log.check_writer(batch.epoch)
        acknowledged = self._log.append(records)
        self._switch.tell(Acknowledged(acknowledged))
        self._crash("append.acknowledged")
        self._log.fold()
        self._log.roll_if_full()


if __name__ == "__main__":
    sys.exit(main())
