"""The recorder of a running switch: what the operator asks of it, what a fault leaves behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from freiton.calls.ports import WallClock
from freiton.config import Config
from freiton.errors import OperatorError
from freiton.trace.hep import CaptureAgent
from freiton.trace.hep_exporter import HepExporter
from freiton.trace.ladder import summary
from freiton.trace.recorder import Recorder, RecorderLimits
from freiton.trace.recording import Recording
from freiton.trace.trace_file import Trace, encode_trace, trace_of
from freiton.trace.trace_folder import TraceFolder
from sipcore.transaction.timers import Timers

Command = Callable[[Mapping[str, Any]], Awaitable[object]]

FAULT_WAIT_S: Final = 2.0
"""How long after a fault its call is recorded on, so that the goodbyes are in the file."""

LISTED_MAX: Final = 50


class Tracing:
    """Owns the recorder, when there is one."""

    def __init__(
        self, config: Config, clock: WallClock, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        settings = config.trace
        self._config = config
        self._clock = clock
        self._loop = loop
        self._folder = TraceFolder(config.state_folder, days=settings.fault_files_days)
        self._keeps_faults = settings.keep_on_fault
        self.recorder: Final = (
            Recorder(
                RecorderLimits(
                    calls_max=settings.calls_max,
                    bytes_per_call_max=settings.bytes_per_call_max,
                    keep_s=settings.keep_s,
                )
            )
            if settings.enabled
            else None
        )
        self.tap: Final = self._open_tap()
        if config.state_folder.is_dir():
            self._folder.drop_old()

    def close(self) -> None:
        """Send no more copies."""
        if self.tap is not None:
            self.tap.close()

    def commands(self) -> dict[str, Command]:
        """Return what the control socket offers."""
        return {"trace": self._trace, "traces": self._traces, "forget-traces": self._forget}

    def call_failed(self, call_id: str) -> None:
        """Write the recording of a call that a fault of ours has ended, a moment later."""
        if self._keeps_faults and self.recorder is not None:
            self._loop.call_later(FAULT_WAIT_S, self._keep, call_id)

    def _open_tap(self) -> HepExporter | None:
        settings = self._config.hep
        if not settings.enabled:
            return None
        server = settings.server
        agent = CaptureAgent(settings.capture_id, settings.password.encode())
        try:
            return HepExporter(
                (server.host, server.port), agent, clock=self._clock, loop=self._loop
            )
        except OSError as error:
            raise OperatorError(f"hep.server {server}: {error.strerror or error}") from error

    def _keep(self, call_id: str) -> None:
        now = time.monotonic()
        recorder = self.recorder
        recording = None if recorder is None else recorder.find(call_id, now=now)
        if recording is not None:
            self._folder.keep(self._at_rest(recording, now=now))

    def _at_rest(self, recording: Recording, *, now: float) -> Trace:
        timers = self._config.timers
        return trace_of(
            recording,
            timers=Timers(t1=timers.t1_s, t2=timers.t2_s, t4=timers.t4_s),
            utc=self._clock.utc(),
            now=now,
        )

    def _on(self) -> Recorder:
        if self.recorder is None:
            raise OperatorError("nothing is recorded: trace.enabled is false in the settings")
        return self.recorder

    async def _trace(self, arguments: Mapping[str, Any]) -> object:
        now, call = time.monotonic(), str(arguments["call"])
        recording = self._on().find(call, now=now)
        if recording is None:
            raise OperatorError(
                f"no call {call} is running, or remembered from the last hour or so"
            )
        return {"trace": encode_trace(self._at_rest(recording, now=now))}

    async def _traces(self, _arguments: Mapping[str, Any]) -> object:
        now = time.monotonic()
        newest = list(self._on())[-LISTED_MAX:]
        return [summary(self._at_rest(one, now=now)) for one in reversed(newest)]

    async def _forget(self, _arguments: Mapping[str, Any]) -> object:
        recorder = self.recorder
        return {"forgotten": 0 if recorder is None else recorder.forget_all()}
