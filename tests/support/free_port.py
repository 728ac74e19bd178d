"""Ports of the loopback interface that nobody uses at this moment.

For programs that must be told their port before they start; whatever can bind port 0 should.
"""

from __future__ import annotations

import socket


def free_tcp_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that was free just now."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


def free_sip_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return different ports that were free just now, each over UDP and TCP alike."""
    sockets: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            udp = socket.socket(_family(host), socket.SOCK_DGRAM)
            sockets.append(udp)
            udp.bind((host, 0))
            port = int(udp.getsockname()[1])
            tcp = socket.socket(_family(host), socket.SOCK_STREAM)
            sockets.append(tcp)
            try:
                tcp.bind((host, port))
            except OSError:
                continue
            ports.append(port)
    finally:
        for one in sockets:
            one.close()
    return ports


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
