"""Ports of the loopback interface that nobody uses at this moment.

For programs that must be told their port before they start; whatever can bind port 0 should. They
lie below the range from which the kernel serves everybody who asks for any port, and each process
of the tests walks through them from a place of its own: so nobody takes a port between the moment
it is found free and the moment its program binds it.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator

LOWEST = 10_240
HIGHEST = 32_000
TRIES_MAX = 2_000


def _walk() -> Iterator[int]:
    width = HIGHEST - LOWEST
    start = os.getpid() * 131 % width
    for step in itertools.count():
        yield LOWEST + (start + step) % width


_CANDIDATES = _walk()


def free_tcp_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that was free just now."""
    return free_sip_ports(1, host)[0]


def free_sip_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return different ports that were free just now, each over UDP and TCP alike."""
    candidates = itertools.islice(_CANDIDATES, TRIES_MAX)
    ports = list(itertools.islice((port for port in candidates if _is_free(host, port)), count))
    assert len(ports) == count, "no free ports"
    return ports


def _is_free(host: str, port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(_family(host), kind) as one:
            try:
                one.bind((host, port))
            except OSError:
                return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
