"""Identifiers from the operating system's randomness, with the worker's id in front."""

from __future__ import annotations

import re
import secrets
from typing import Final

_WORKER_ID: Final = re.compile(r"[0-9A-Za-z]{2}")
_MAGIC_COOKIE: Final = "z9hG4bK"

_BRANCH_BYTES: Final = 10
"""Who cannot see our requests must guess 80 bits to forge a response."""
_TAG_BYTES: Final = 8
_CALL_ID_BYTES: Final = 16


class RandomIdentifiers:
    """The source of identifiers of one worker (see sipcore.identifiers.Identifiers)."""

    __slots__ = ("_branch_prefix", "_random", "worker_id")

    def __init__(self, worker_id: str) -> None:
        """Take the worker's id: two letters or digits; ValueError for anything else."""
        if _WORKER_ID.fullmatch(worker_id) is None:
            raise ValueError(f"a worker id is two letters or digits, not {worker_id!r}")
        self.worker_id = worker_id
        self._branch_prefix = _MAGIC_COOKIE + worker_id
        self._random = secrets.SystemRandom()

    def branch(self) -> str:
        """Return a Via branch with the magic cookie of RFC 3261 §8.1.1.7."""
        return self._branch_prefix + secrets.token_hex(_BRANCH_BYTES)

    def tag(self) -> str:
        """Return a From or To tag with 64 random bits."""
        return self.worker_id + secrets.token_hex(_TAG_BYTES)

    def call_id(self) -> str:
        """Return a Call-ID; it names no host, so that none leaks."""
        return self.worker_id + secrets.token_hex(_CALL_ID_BYTES)

    def token(self, bits: int = 128) -> str:
        """Return a random token of at least ``bits`` bits, of letters and digits."""
        return self.worker_id + secrets.token_hex((bits + 7) // 8)

    def spread(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``, for jitter and random delays."""
        return self._random.uniform(low, high)
