"""The phases of a call."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """How far the call has come."""

    INVITED = 1
    ANSWERING = 2
    """The callee has answered, the record of it is not durable yet."""
    CONNECTED = 3
    OVER = 4
    """Ended without an answer, or released; the last messages are on their way."""
    ENDED = 5
