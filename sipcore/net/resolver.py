"""Names to addresses, without holding anybody up (RFC 3263 §4.2, A and AAAA)."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final

from sipcore.transport.flow import Address
from sipcore.transport.next_hop import is_numeric

Addresses = tuple[Address, ...]
Done = Callable[[Addresses], None]

_KEPT_S: Final = 30.0
"""getaddrinfo does not tell the record's lifetime; carriers use 60 s and more."""
_FAILURE_KEPT_S: Final = 5.0
_TIMEOUT_S: Final = 4.0
_NAMES_MAX: Final = 10_000
"""Names kept; a peer may bring a new one in every Contact."""
_LOOKUPS_MAX: Final = 64
"""Look-ups under way; the loop's threads would only queue more of them."""


class Resolver:
    """Asks the system's resolver in a task, and only for names."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._waiting: dict[str, list[tuple[int, Done]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def resolve(self, host: str, port: int, done: Done) -> None:
        """Call ``done`` with the addresses, in the order to be tried; none when there are none.

        For a numeric host, and for a name just asked for, it is called before this returns.
        """
        if is_numeric(host):
            done(((host, port),))
            return
        kept = self._kept.get(host)
        if kept is not None and kept[0] > time.monotonic():
            done(tuple((address, port) for address in kept[1]))
            return
        waiting = self._waiting.get(host)
        if waiting is not None:
            waiting.append((port, done))
        elif len(self._waiting) >= _LOOKUPS_MAX:
            done(())
        else:
            self._waiting[host] = [(port, done)]
            task = self._loop.create_task(self._look_up(host))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop the look-ups under way; their ``done`` is not called any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look_up(self, host: str) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await self._loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):  # a timeout is an OSError; a label may be too long
            found = []
        hosts = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        if len(self._kept) >= _NAMES_MAX:
            self._kept.clear()
        lifetime = _KEPT_S if hosts else _FAILURE_KEPT_S
        self._kept[host] = (time.monotonic() + lifetime, hosts)
        for port, done in self._waiting.pop(host):
            done(tuple((address, port) for address in hosts))
