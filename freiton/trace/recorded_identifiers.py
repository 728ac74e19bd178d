"""A source of identifiers that tells the recorder what it gave out."""

from __future__ import annotations

from freiton.trace.recorder import Recorder
from freiton.trace.recording import Kind
from sipcore.identifiers import Identifiers


class RecordedIdentifiers:
    """Gives what the source behind it gives (see sipcore.identifiers.Identifiers)."""

    __slots__ = ("_recorder", "_source")

    def __init__(self, source: Identifiers, recorder: Recorder) -> None:
        self._source = source
        self._recorder = recorder

    def branch(self) -> str:
        """Return a Via branch."""
        return self._noted("branch", self._source.branch())

    def tag(self) -> str:
        """Return a From or To tag."""
        return self._noted("tag", self._source.tag())

    def call_id(self) -> str:
        """Return a Call-ID."""
        return self._noted("call_id", self._source.call_id())

    def token(self, bits: int = 128) -> str:
        """Return a random token."""
        return self._noted("token", self._source.token(bits))

    def spread(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``."""
        drawn = self._source.spread(low, high)
        recording = self._recorder.current
        if recording is not None:
            recording.add((Kind.DRAWN, 0.0, "spread", drawn))
        return drawn

    def _noted(self, what: str, drawn: str) -> str:
        recording = self._recorder.current
        if recording is not None:
            recording.add((Kind.DRAWN, 0.0, what, drawn))
        return drawn
