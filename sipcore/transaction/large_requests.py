"""Which requests to a peer on UDP go over TCP for their size (RFC 3261 §18.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.transport.flow import Address, Flow, Listener, Transport
from sipcore.transport.next_hop import choose_listener

_Peer = tuple[str, Address]


class LargeRequests:
    """Chooses the way of a large request, and remembers who could not be reached over TCP.

    ``is_natted`` tells a flow that leads through somebody's NAT, where nobody listens on TCP.
    """

    __slots__ = ("_is_natted", "_limits", "_listeners", "_udp_only")

    def __init__(
        self,
        listeners: Mapping[str, Listener],
        *,
        is_natted: Callable[[Flow], bool],
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._listeners = listeners
        self._is_natted = is_natted
        self._limits = limits
        self._udp_only: dict[_Peer, float] = {}

    def way(self, data: bytes, flow: Flow, *, now: float) -> Flow | None:
        """Return over which flow to send ``data`` instead; None when it stays on ``flow``."""
        if len(data) <= self._limits.udp_request_bytes_max or flow.is_reliable:
            return None
        if self._udp_only.get(_peer(flow), now) > now or self._is_natted(flow):
            return None
        listener = choose_listener(self._listeners.values(), Transport.TCP, flow.remote[0])
        return None if listener is None else Flow(listener, flow.remote)

    def failed(self, flow: Flow, *, now: float) -> None:
        """Learn that the peer at the end of a UDP flow could not be reached over TCP."""
        peer = _peer(flow)
        self._udp_only.pop(peer, None)  # so that it stands last, as the newest
        while len(self._udp_only) >= self._limits.udp_only_peers_max:
            del self._udp_only[next(iter(self._udp_only))]
        self._udp_only[peer] = now + self._limits.udp_only_s


def _peer(flow: Flow) -> _Peer:
    return (flow.listener.name, flow.remote)
