"""What is remembered of one call, as it happened: references, in the order of events."""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Any, Final

TAIL_MAX: Final = 64
"""How much of the end is kept of a call that has used up its bytes."""

ENTRY_BYTES: Final = 100
"""What an entry costs beside the bytes of its message: its tuple and its place in the list."""


class Kind(IntEnum):
    """What an entry tells; up to FAILED they are inputs, which a replay is fed with."""

    RECEIVED = 1
    BEGUN = 2
    RESUMED = 3
    STEPPED = 4
    RESPONDED = 5
    FIRED = 6
    FAILED = 7
    DRAWN = 8
    SENT = 9
    DECIDED = 10
    REFUSED = 11
    LOGGED = 12


INPUTS: Final = frozenset(kind for kind in Kind if kind <= Kind.FAILED)

Entry = tuple[Any, ...]
"""Kind, monotonic instant, and what belongs to the kind; see ``trace_file``."""


class Recording:
    """One call, or one attempt that never became a call.

    ``call_ids`` are our names of it, one unless attempts came before under the same Call-ID;
    ``keys`` are the Call-IDs of its legs. ``tail`` is what came last when ``bytes_max`` was used
    up before; between entries and tail something is missing then.
    """

    __slots__ = (
        "began", "call_ids", "ended", "entries", "is_call", "is_joined", "keys", "room", "tail",
    )  # fmt: skip

    def __init__(self, *, bytes_max: int, now: float) -> None:
        self.began = now
        self.room = bytes_max
        self.is_call = False
        self.is_joined = False
        self.call_ids: list[str] = []
        self.ended: float | None = None
        self.keys: list[str] = []
        self.entries: list[Entry] = []
        self.tail: deque[Entry] | None = None

    def add(self, entry: Entry, size: int = 0) -> None:
        """Remember an entry that keeps ``size`` bytes of messages alive."""
        self.room -= size + ENTRY_BYTES
        if self.room >= 0:
            self.entries.append(entry)
            return
        if self.tail is None:
            self.tail = deque(maxlen=TAIL_MAX)
        self.tail.append(entry)

    def all_entries(self) -> list[Entry]:
        """Return what there is, in order."""
        return self.entries if self.tail is None else [*self.entries, *self.tail]

    @property
    def is_cut(self) -> bool:
        """Whether something is missing."""
        return self.tail is not None

    def adopt(self, other: Recording) -> None:
        """Take over what another recording has: its request turned out to be for this call."""
        for entry in other.all_entries():
            self.add(entry, sum(len(part) for part in entry if isinstance(part, bytes)))
