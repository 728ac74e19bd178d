"""A real softphone as tests see it: order it about, wait for what it tells, judge what it heard."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

from tests.interop.child import Child

RATE = 8000


class Softphone(Child):
    """A phone that hums a tone of its own into every call."""

    def __init__(
        self,
        folder: Path,
        *,
        tone_hz: int,
        program: str = "softphone_program.py",
        **settings: str,
    ) -> None:
        name = f"softphone-{tone_hz}"
        super().__init__(program, folder, name=name, tone_hz=tone_hz, **settings)
        self._folder = folder
        self._recordings = 0

    def listen(self, seconds: float) -> Path:
        """Return a recording of what is heard from now on."""
        self._recordings += 1
        path = self._folder / f"heard-{self.pid}-{self._recordings}.wav"
        self.order("listen", seconds=seconds, path=str(path))
        return path


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
