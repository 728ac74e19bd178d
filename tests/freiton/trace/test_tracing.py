"""The recorder of a running switch: kept after a fault, asked over the control socket, or off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from freiton.config import Config, Overrides, load_config
from freiton.errors import OperatorError
from freiton.routing.refusals import RefusalCause
from freiton.trace import tracing
from freiton.trace.recording import Kind, Recording
from freiton.trace.trace_file import decode_trace
from freiton.trace.tracing import Tracing


class StoppedClock:
    def utc(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)


def settings(folder: Path, text: str = "") -> Config:
    file = folder / "freiton.toml"
    file.write_text(text)
    return load_config(file, Overrides(state_folder=folder))


def remembered(room: Tracing) -> Recording:
    """Put a recording of one line into the recorder."""
    recorder = room.recorder
    assert recorder is not None
    recording = Recording(bytes_max=10_000, now=0.0)
    recording.add((Kind.REFUSED, 0.0, RefusalCause.BARRED))
    recorder._name(recording, "a1call")
    return recording


def test_a_fault_leaves_its_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "FAULT_WAIT_S", 0.0)

    async def fail() -> None:
        room = Tracing(settings(tmp_path), StoppedClock(), loop=asyncio.get_running_loop())
        remembered(room)
        room.call_failed("a1call")
        await asyncio.sleep(0.01)

    asyncio.run(fail())
    (path,) = (tmp_path / "traces").iterdir()
    assert decode_trace(path.read_bytes()).call_id == "a1call"


def test_faults_leave_nothing_when_that_is_not_wanted(tmp_path: Path) -> None:
    async def fail() -> None:
        config = settings(tmp_path, "[trace]\nkeep_on_fault = false\n")
        room = Tracing(config, StoppedClock(), loop=asyncio.get_running_loop())
        remembered(room)
        room.call_failed("a1call")

    asyncio.run(fail())
    assert not (tmp_path / "traces").exists()


def test_a_switch_that_records_nothing_says_so(tmp_path: Path) -> None:
    async def ask() -> None:
        config = settings(tmp_path, "[trace]\nenabled = false\n")
        room = Tracing(config, StoppedClock(), loop=asyncio.get_running_loop())
        assert room.recorder is None
        await room.commands()["trace"]({"call": "last"})

    with pytest.raises(OperatorError, match=r"trace\.enabled is false"):
        asyncio.run(ask())
