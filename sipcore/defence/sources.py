"""What an address may ask before anybody there has proved who it is.

Counted are strangers alone: who is registered is known by its flow, so a neighbour behind the same
NAT is neither slowed down nor locked out by what another one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

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
    sources_max: int = 20_000
    """Addresses remembered; the one heard of longest ago is forgotten first."""


class _Source:
    """What is remembered of one address."""

    __slots__ = ("blocked_until", "failures", "failures_from", "tokens", "updated_at")

    def __init__(self, tokens: float, now: float) -> None:
        self.tokens = tokens
        self.updated_at = now
        self.failures = 0
        self.failures_from = now
        self.blocked_until = 0.0


class Sources:
    """Limits and blocks per source, in bounded memory."""

    __slots__ = ("_limits", "_sources", "blocks")

    def __init__(self, limits: SourceLimits) -> None:
        self._limits = limits
        self._sources: dict[str, _Source] = {}
        self.blocks = 0
        """How often an address was blocked."""

    def __len__(self) -> int:
        return len(self._sources)

    def admits(self, host: str, *, now: float) -> bool:
        """Take one request of a stranger; False when it is to be dropped."""
        source = self._source(source_key(host), now)
        if now < source.blocked_until:
            return False
        limits = self._limits
        if limits.requests_per_s <= 0:
            return True
        earned = (now - source.updated_at) * limits.requests_per_s
        source.tokens = min(float(limits.burst), source.tokens + earned)
        source.updated_at = now
        if source.tokens < 1.0:
            return False
        source.tokens -= 1.0
        return True

    def note_failure(self, host: str, *, now: float) -> None:
        """Count a request of a stranger that was refused; too many block the address."""
        limits = self._limits
        source = self._source(source_key(host), now)
        if now - source.failures_from > limits.failures_window_s:
            source.failures, source.failures_from = 0, now
        source.failures += 1
        if 0 < limits.failures_max <= source.failures and now >= source.blocked_until:
            self.block(host, limits.block_s, now=now)

    def block(self, host: str, seconds: float, *, now: float) -> None:
        """Hear no stranger from this address for a while."""
        source = self._source(source_key(host), now)
        source.blocked_until = now + seconds
        source.failures, source.failures_from = 0, now
        self.blocks += 1

    def unblock(self, host: str) -> bool:
        """Forget what was held against an address; False when that was nothing."""
        return self._sources.pop(source_key(host), None) is not None

    def blocked(self, *, now: float) -> dict[str, float]:
        """Return the blocked addresses and the seconds that each has left."""
        return {
            key: source.blocked_until - now
            for key, source in self._sources.items()
            if source.blocked_until > now
        }

    def _source(self, key: str, now: float) -> _Source:
        source = self._sources.pop(key, None) or _Source(float(self._limits.burst), now)
        self._sources[key] = source  # last in order
        if len(self._sources) > self._limits.sources_max:
            del self._sources[next(iter(self._sources))]
        return source


def source_key(host: str) -> str:
    """Return what counts as one source: an IPv4 address, or the network of an IPv6 one."""
    if ":" not in host:
        return host
    packed = int(ip_address(host.partition("%")[0]))
    network = packed >> _IPV6_SITE_BITS << _IPV6_SITE_BITS
    return f"{ip_address(network)}/{_IPV6_SITE_BITS}"
