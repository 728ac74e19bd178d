"""So many a second, and some more at once: the bucket that all rates are kept by."""

from __future__ import annotations

from sipcore.limits import SOURCES_MAX


class TokenBucket:
    """Fills with time up to a burst; each one let in takes a token."""

    __slots__ = ("_tokens", "_updated_at")

    def __init__(self, tokens: float, *, now: float) -> None:
        self._tokens = tokens
        self._updated_at = now

    def take(self, *, per_s: float, burst: float, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(burst, self._tokens + per_s * (now - self._updated_at))
        self._updated_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class TokenBuckets:
    """A bucket for each key, in bounded memory: the key heard of longest ago is forgotten first.

    A rate of 0 is none.
    """

    __slots__ = ("_buckets", "_burst", "_keys_max", "_per_s")

    def __init__(self, *, per_s: float, burst: float, keys_max: int = SOURCES_MAX) -> None:
        self._per_s = per_s
        self._burst = burst
        self._keys_max = keys_max
        self._buckets: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def admits(self, key: str, *, now: float) -> bool:
        """Let one of this key in; False when there are too many."""
        if self._per_s <= 0:
            return True
        bucket = self._buckets.pop(key, None) or TokenBucket(self._burst, now=now)
        self._buckets[key] = bucket  # last in order
        if len(self._buckets) > self._keys_max:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(per_s=self._per_s, burst=self._burst, now=now)

    def forget(self, key: str) -> None:
        """Let a key begin anew, with a full bucket."""
        self._buckets.pop(key, None)
