"""A real softphone as tests see it: order it about, wait for what it tells, judge what it heard."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
import wave
from array import array
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(__file__).parent / "softphone_program.py"
RATE = 8000
WAIT_S = 10.0


class Softphone:
    """One child process, from `with` to its end."""

    def __init__(self, folder: Path, *, tone_hz: int, **settings: str) -> None:
        self._folder = folder
        self._stderr = (folder / f"softphone-{tone_hz}.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps({"tone_hz": tone_hz, **settings})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._recordings = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()

    def wait_for(self, event: str, *, count: int = 1, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Return the event of that name, the last of so many."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while len(found := [one for one in self.events if one["event"] == event]) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"no {event} within {timeout_s} s: {self.events}"
                assert self._process.poll() is None, f"the softphone ended: {self.events}"
                self._changed.wait(min(left, 0.5))
        return found[count - 1]

    def order(self, order: str, **facts: object) -> Any:
        """Give an order and return its result."""
        with self._changed:
            told = sum(one["event"] in ("done", "failed") for one in self.events)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": order, **facts}) + "\n")
        self._process.stdin.flush()
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._replies()) > told, WAIT_S), order
        reply = self._replies()[told]
        assert reply["event"] == "done", reply
        return reply["result"]

    def listen(self, seconds: float) -> Path:
        """Return a recording of what is heard from now on."""
        self._recordings += 1
        path = self._folder / f"heard-{self._process.pid}-{self._recordings}.wav"
        self.order("listen", seconds=seconds, path=str(path))
        return path

    def _replies(self) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] in ("done", "failed")]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()


def read_samples(path: Path) -> list[int]:
    """Return the samples of a recording."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return list(array("h", file.readframes(file.getnframes())))


def power(samples: list[int]) -> float:
    """Return the mean square of a recording."""
    return sum(one * one for one in samples) / max(1, len(samples))


def share_of(samples: list[int], frequency_hz: float) -> float:
    """Return how much of the power lies at one frequency: 1 for a pure tone (Goertzel)."""
    omega = 2 * math.pi * frequency_hz / RATE
    coefficient = 2 * math.cos(omega)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    at_frequency = before * before + last * last - coefficient * before * last
    total = power(samples) * len(samples) ** 2 / 2
    return at_frequency / total if total else 0.0
