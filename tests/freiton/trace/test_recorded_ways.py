"""A large request is replayed over the way that it went (RFC 3261 §18.1.1)."""

from __future__ import annotations

from freiton.trace.replay import _RecordedWays
from sipcore.limits import DEFAULT_LIMITS
from sipcore.transport.flow import Flow, Listener, Transport

PEER = ("198.51.100.7", 5060)
UDP = Flow(Listener("udp", Transport.UDP, ("192.0.2.1", 5060)), PEER)
TCP = Flow(Listener("tcp", Transport.TCP, ("192.0.2.1", 5060)), PEER)
ELSEWHERE = Flow(TCP.listener, ("198.51.100.8", 5060))
LARGE = bytes(DEFAULT_LIMITS.udp_request_bytes_max + 1)


def test_what_went_over_tcp_goes_over_it_again() -> None:
    assert _RecordedWays(lambda: [ELSEWHERE, TCP]).way(LARGE, UDP, now=0.0) == TCP


def test_all_else_stays_on_udp() -> None:
    ways = _RecordedWays(lambda: [ELSEWHERE, UDP])
    assert ways.way(LARGE, UDP, now=0.0) is None
    assert _RecordedWays(lambda: [TCP]).way(LARGE[1:], UDP, now=0.0) is None
    assert _RecordedWays(lambda: [TCP]).way(LARGE, TCP, now=0.0) is None
