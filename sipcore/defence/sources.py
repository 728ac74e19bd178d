"""What an address may ask before anybody there has proved who it is.

Counted are strangers alone: who is registered is known by its flow, so a neighbour behind the same
NAT is neither slowed down nor locked out by what another one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from sipcore.defence.token_bucket import TokenBuckets
from sipcore.limits import SOURCES_MAX

_IPV6_SITE_BITS: Final = 64
"""One customer line is given at least this prefix, so it counts as one source."""


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What is let pass from one address; a number of 0 turns its limit off."""

    requests_per_s: float = 100.0
    """Two hundred phones behind one NAT that all come back register within some seconds."""
    burst: int = 1_000
    failures_max: int = 100
    """Refused requests of strangers before the address is blocked: a scan makes thousands."""
    failures_window_s: float = 60.0
    block_s: float = 600.0
    sources_max: int = SOURCES_MAX


class _Failures:
    """How many requests of one address were refused since when."""

    __slots__ = ("count", "since")

    def __init__(self, now: float) -> None:
        self.count = 0
        self.since = now


class Sources:
    """Limits and blocks per source, in bounded memory.

    Blocks stand apart, so that a flood from addresses made up does not push them out.
    """

    __slots__ = ("_blocked_until", "_failures", "_limits", "_requests", "blocks")

    def __init__(self, limits: SourceLimits) -> None:
        self._limits = limits
        self._requests = TokenBuckets(
            per_s=limits.requests_per_s, burst=limits.burst, keys_max=limits.sources_max
        )
        self._failures: dict[str, _Failures] = {}
        self._blocked_until: dict[str, float] = {}
        self.blocks = 0
        """How often an address was blocked."""

    def __len__(self) -> int:
        return max(len(self._requests), len(self._failures), len(self._blocked_until))

    def admits(self, host: str, *, now: float) -> bool:
        """Take one request of a stranger; False when it is to be dropped."""
        key = source_key(host)
        return not self._is_blocked(key, now=now) and self._requests.admits(key, now=now)

    def note_failure(self, host: str, *, now: float) -> None:
        """Count a request of a stranger that was refused; too many block the address."""
        limits, key = self._limits, source_key(host)
        failures = self._failures.pop(key, None) or _Failures(now)
        self._failures[key] = failures  # last in order
        if len(self._failures) > limits.sources_max:
            del self._failures[next(iter(self._failures))]
        if now - failures.since > limits.failures_window_s:
            failures.count, failures.since = 0, now
        failures.count += 1
        if 0 < limits.failures_max <= failures.count and not self._is_blocked(key, now=now):
            self.block(host, limits.block_s, now=now)

    def block(self, host: str, seconds: float, *, now: float) -> None:
        """Hear no stranger from this address for a while."""
        key = source_key(host)
        self._forget(key)  # what it did is paid for by the block
        self._blocked_until.pop(key, None)
        self._blocked_until[key] = now + seconds  # last in order
        if len(self._blocked_until) > self._limits.sources_max:
            del self._blocked_until[next(iter(self._blocked_until))]
        self.blocks += 1

    def unblock(self, host: str) -> bool:
        """Forget what was held against an address; False when it was not blocked."""
        key = source_key(host)
        self._forget(key)
        return self._blocked_until.pop(key, None) is not None

    def blocked(self, *, now: float) -> dict[str, float]:
        """Return the blocked addresses and the seconds that each has left."""
        return {
            key: blocked_until - now
            for key, blocked_until in self._blocked_until.items()
            if blocked_until > now
        }

    def _is_blocked(self, key: str, *, now: float) -> bool:
        blocked_until = self._blocked_until.get(key)
        if blocked_until is None:
            return False
        if now < blocked_until:
            return True
        del self._blocked_until[key]
        return False

    def _forget(self, key: str) -> None:
        self._failures.pop(key, None)
        self._requests.forget(key)


def source_key(host: str) -> str:
    """Return what counts as one source: an IPv4 address, or the network of an IPv6 one."""
    if ":" not in host:
        return host
    packed = int(ip_address(host.partition("%")[0]))
    network = packed >> _IPV6_SITE_BITS << _IPV6_SITE_BITS
    return f"{ip_address(network)}/{_IPV6_SITE_BITS}"
