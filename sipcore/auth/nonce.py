"""Nonces that carry their own proof, and the memory of which were used (RFC 7616 §3.3, §3.4.5).

A nonce is ``time, run, serial`` under an HMAC: nothing is kept for a challenge that nobody
answers. It counts from any address, since a NAT may give a phone another one at any time; yet it
tells whether an address is the one that it was sent to. Only a request with the right password is
remembered, so no stranger can fill the memory.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import IntEnum
from typing import Final

from sipcore.errors import LocalError

_BODY: Final = struct.Struct(">Q3sI")  # milliseconds, run, serial
_TAG_BYTES: Final = 12
_MARK_BYTES: Final = 6
"""Of the address: with as many chances as there are requests, no other one is hit."""

_NONCE_CHARS: Final = (_BODY.size + _MARK_BYTES + _TAG_BYTES) * 4 // 3
_SERIAL_MASK: Final = 2**32 - 1
_RUN_BYTES: Final = 3


class NonceState(IntEnum):
    """What a received nonce is to us."""

    FRESH = 1
    STALE = 2
    FOREIGN = 3


class NonceUse(IntEnum):
    """What a use of a fresh nonce with a certain count is."""

    NEW = 1
    REPEATED = 2
    """The same request again: a retransmission that found its transaction gone."""
    REUSED = 3
    """Another request under a count that was spent."""


class Nonces:
    """Issues and checks the nonces of one run of the switch.

    ``key`` signs and may outlive the run; ``run`` is drawn anew at each start, so that a nonce of
    an earlier run, whose uses are forgotten, is stale and not wrong: the phone just asks again.
    """

    __slots__ = (
        "_current", "_floor_ms", "_key", "_lifetime_ms", "_previous", "_rotated_ms", "_run",
        "_serial", "_uses_max",
    )  # fmt: skip

    def __init__(
        self, key: bytes, run: bytes, *, lifetime_s: float = 300.0, uses_max: int = 100_000
    ) -> None:
        if len(key) < 16 or len(run) < _RUN_BYTES:
            raise LocalError("a nonce key needs 16 octets, a run 3")
        self._key = key
        self._run = run[:_RUN_BYTES]
        self._lifetime_ms = round(lifetime_s * 1000)
        self._uses_max = uses_max
        self._serial = 0
        # Uses live in two generations, each at least one lifetime long: (serial, count) → request.
        self._current: dict[int, int] = {}
        self._previous: dict[int, int] = {}
        self._rotated_ms = 0
        self._floor_ms = -1

    def issue(self, *, now: float, source: str = "") -> str:
        """Return a nonce that nobody was given before, for who asks from the address ``source``."""
        self._serial = (self._serial + 1) & _SERIAL_MASK
        body = _BODY.pack(_milliseconds(now), self._run, self._serial)
        body += self._mark(body, source)
        return urlsafe_b64encode(body + self._tag(body)).decode("ascii")

    def state(self, nonce: str, *, now: float) -> NonceState:
        """Tell whether we signed a nonce and whether it still counts."""
        body = self._open(nonce)
        if body is None:
            return NonceState.FOREIGN
        issued, run, _ = _BODY.unpack_from(body)
        now_ms = _milliseconds(now)
        if (
            run != self._run
            or not max(now_ms - self._lifetime_ms, self._floor_ms) < issued <= now_ms
        ):
            return NonceState.STALE
        return NonceState.FRESH

    def was_given_to(self, source: str, nonce: str, *, now: float) -> bool:
        """Tell whether a fresh nonce was sent to this address: whoever knows it hears us there."""
        body = self._open(nonce)
        if body is None or self.state(nonce, now=now) is not NonceState.FRESH:
            return False
        return hmac.compare_digest(body[_BODY.size :], self._mark(body[: _BODY.size], source))

    def use(self, nonce: str, count: int, request: bytes, *, now: float) -> NonceUse:
        """Spend one count of a nonce that is fresh; ``request`` is what makes its request itself.

        To be called only for a request whose password was right.
        """
        serial: int = _BODY.unpack_from(urlsafe_b64decode(nonce))[2]
        key = serial << 32 | count
        fingerprint = int.from_bytes(hashlib.blake2b(request, digest_size=8).digest())
        known = self._current.get(key)
        if known is None:
            known = self._previous.get(key)
        if known is not None:
            return NonceUse.REPEATED if known == fingerprint else NonceUse.REUSED
        # Only now, for this very nonce may grow stale by it.
        now_ms = _milliseconds(now)
        if now_ms - self._rotated_ms >= self._lifetime_ms or len(self._current) >= self._uses_max:
            self._rotate(now_ms)
        self._current[key] = fingerprint
        return NonceUse.NEW

    @property
    def remembered(self) -> int:
        """How many uses are kept; at most twice ``uses_max``."""
        return len(self._current) + len(self._previous)

    def _rotate(self, now_ms: int) -> None:
        if now_ms - self._rotated_ms < self._lifetime_ms:
            # Full before its time: what is forgotten too early may not be answered twice.
            self._floor_ms = self._rotated_ms
        self._previous = self._current
        self._current = {}
        self._rotated_ms = now_ms

    def _open(self, nonce: str) -> bytes | None:
        if len(nonce) != _NONCE_CHARS or not nonce.isascii():
            return None
        try:
            signed = urlsafe_b64decode(nonce)
        except binascii.Error:
            return None
        body, tag = signed[:-_TAG_BYTES], signed[-_TAG_BYTES:]
        return body if hmac.compare_digest(tag, self._tag(body)) else None

    def _mark(self, body: bytes, source: str) -> bytes:
        """Return what only an address has; no tag can be mistaken for it, nor it for one."""
        return hmac.digest(self._key, b"to " + body + source.encode(), "sha256")[:_MARK_BYTES]

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG_BYTES]


def _milliseconds(now: float) -> int:
    return int(now * 1000)
