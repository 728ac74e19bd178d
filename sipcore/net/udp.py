"""One UDP socket, drained at each wake-up; its errors are read per destination.

Own sockets instead of the loop's datagram transports: only so the kernel's error queue can be
read, which says whose datagram an ICMP error answered.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from pathlib import Path
from typing import Final, Protocol

from sipcore.transport.flow import Address, Listener

Datagram = tuple[bytes, Address]

BUFFER_BYTES: Final = 4 * 1024 * 1024
"""About 3,000 INVITEs: what arrives while the loop is busy for a second is not lost."""

_DATAGRAMS_MAX: Final = 64
"""Datagrams of one wake-up; then timers and other sockets get their turn."""
_DATAGRAM_BYTES: Final = 65_535

_SO_RCVBUFFORCE: Final = 33
_SO_SNDBUFFORCE: Final = 32
_IP_MTU_DISCOVER: Final = 10
_IP_PMTUDISC_DONT: Final = 0
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_SOCK_EXTENDED_ERR: Final = struct.Struct("=IBBBBII")
_FROM_ICMP: Final = 2
_FROM_ICMP6: Final = 3
_UNREACHABLE: Final = frozenset(
    {
        # Net, host, protocol and port unreachable, parameter problem; nothing else (§18.4).
        *((_FROM_ICMP, 3, code) for code in (0, 1, 2, 3, 9, 10, 13)),
        *((_FROM_ICMP, 12, code) for code in (0, 1, 2)),
        *((_FROM_ICMP6, 1, code) for code in range(8)),
        *((_FROM_ICMP6, 4, code) for code in range(3)),
    }
)


class UdpUser(Protocol):
    """Who owns the socket and takes what comes in."""

    def receive_datagrams(
        self, listener: Listener, datagrams: list[Datagram], *, is_caught_up: bool
    ) -> None:
        """Take the datagrams of one wake-up."""
        ...

    def destination_unreachable(self, listener: Listener, remote: Address) -> None:
        """Learn that a datagram to ``remote`` came to nothing."""
        ...


class UdpSocket:
    """A bound socket in the loop."""

    __slots__ = ("_is_ipv6", "_loop", "_socket", "_user", "listener")

    def __init__(
        self,
        bound: socket.socket,
        listener: Listener,
        *,
        loop: asyncio.AbstractEventLoop,
        user: UdpUser,
    ) -> None:
        self.listener = listener
        self._socket = bound
        self._is_ipv6 = bound.family == socket.AF_INET6
        self._loop = loop
        self._user = user
        loop.add_reader(bound, self._on_readable)

    @property
    def receive_buffer_bytes(self) -> int:
        """What the kernel granted; it doubles the number for its own bookkeeping."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def drops(self) -> int:
        """Return how many datagrams the kernel dropped because the buffer was full.

        Reads a file under /proc: for a scrape, not for the packet path.
        """
        inode = str(os.fstat(self._socket.fileno()).st_ino)
        table = Path("/proc/net/udp6" if self._is_ipv6 else "/proc/net/udp")
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            columns = line.split()
            if columns[9] == inode:
                return int(columns[-1])
        return 0

    def send(self, data: bytes, remote: Address) -> bool:
        """Send one datagram; False when the kernel did not take it."""
        try:
            self._socket.sendto(data, remote)
        except BlockingIOError:
            return False
        except OSError:
            # Perhaps the error of an earlier datagram, which the kernel tells at the next call.
            self._read_errors()
            return self._send_again(data, remote)
        return True

    def close(self) -> None:
        """Leave the loop and close the socket."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _send_again(self, data: bytes, remote: Address) -> bool:
        try:
            self._socket.sendto(data, remote)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                self._user.destination_unreachable(self.listener, remote)
            return False
        return True

    def _on_readable(self) -> None:
        datagrams: list[Datagram] = []
        has_error = False
        try:
            for _ in range(_DATAGRAMS_MAX):
                data, address = self._socket.recvfrom(_DATAGRAM_BYTES)
                datagrams.append((data, (address[0], address[1])))
        except BlockingIOError:
            has_error = not datagrams
        except OSError:
            has_error = True
        if has_error:
            self._read_errors()
        if datagrams:
            is_caught_up = len(datagrams) < _DATAGRAMS_MAX
            self._user.receive_datagrams(self.listener, datagrams, is_caught_up=is_caught_up)

    def _read_errors(self) -> None:
        """Empty the error queue, then listen anew: libuv stops polling a socket with an error."""
        for _ in range(_DATAGRAMS_MAX):
            try:
                _, ancillary, _, address = self._socket.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                break
            if any(_is_unreachable(content) for _, _, content in ancillary):
                self._user.destination_unreachable(self.listener, (address[0], address[1]))
        self._loop.remove_reader(self._socket)
        self._loop.add_reader(self._socket, self._on_readable)


def bind_udp(address: Address) -> socket.socket:
    """Bind a socket; OSError when the port is taken, as no two processes may share it."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        _enlarge(bound, socket.SO_RCVBUF, _SO_RCVBUFFORCE)
        _enlarge(bound, socket.SO_SNDBUF, _SO_SNDBUFFORCE)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            # Without "don't fragment", large requests get through tunnels at the first try.
            bound.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
            bound.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _enlarge(bound: socket.socket, option: int, forced: int) -> None:
    try:
        bound.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
    except PermissionError:
        # Without CAP_NET_ADMIN the kernel cuts it at net.core.rmem_max.
        bound.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)


def _is_unreachable(content: bytes) -> bool:
    if len(content) < _SOCK_EXTENDED_ERR.size:
        return False
    _, origin, kind, code, *_ = _SOCK_EXTENDED_ERR.unpack_from(content)
    return (origin, kind, code) in _UNREACHABLE
