"""Names to addresses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sipcore.net.resolver import Addresses, Resolver
from tests.sipcore.net.peers import until


async def test_numeric_hosts_are_answered_at_once() -> None:
    resolver = Resolver(asyncio.get_running_loop())
    found: list[Addresses] = []
    resolver.resolve("192.0.2.1", 5060, found.append)
    resolver.resolve("2001:db8::1", 5061, found.append)
    assert found == [(("192.0.2.1", 5060),), (("2001:db8::1", 5061),)]


async def test_a_name_is_looked_up_once_and_kept() -> None:
    resolver = Resolver(asyncio.get_running_loop())
    found: list[Addresses] = []
    resolver.resolve("localhost", 5060, found.append)
    resolver.resolve("localhost", 5070, found.append)
    assert found == []
    assert len(resolver._tasks) == 1
    await until(lambda: len(found) == 2)
    assert ("127.0.0.1", 5060) in found[0]
    assert ("127.0.0.1", 5070) in found[1]
    resolver.resolve("localhost", 5080, found.append)
    assert ("127.0.0.1", 5080) in found[2]


class SilentLoop:
    """A loop whose resolver never answers, or answers as told."""

    def __init__(self, *, is_silent: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_silent = is_silent

    def create_task(self, coroutine: Any) -> asyncio.Task[None]:
        return self._loop.create_task(coroutine)

    async def getaddrinfo(self, host: str, port: object, **_: object) -> list[Any]:
        if self._is_silent:
            await asyncio.sleep(3600)
        raise OSError(host)


@pytest.mark.parametrize("host", ["name.invalid", "a" * 300 + ".example", "\udc80.example"])
async def test_a_name_that_does_not_exist_has_no_address(host: str) -> None:
    loop: Any = SilentLoop(is_silent=False)
    if host != "name.invalid":
        loop = asyncio.get_running_loop()
    resolver = Resolver(loop)
    found: list[Addresses] = []
    resolver.resolve(host, 5060, found.append)
    await until(lambda: found == [()])
    resolver.resolve(host, 5060, found.append)
    assert found == [(), ()]  # kept for a while


async def test_too_many_lookups_have_no_address() -> None:
    loop: Any = SilentLoop(is_silent=True)
    resolver = Resolver(loop)
    found: list[Addresses] = []
    for number in range(65):
        resolver.resolve(f"name{number}.example", 5060, found.append)
    assert found == [()]
    await resolver.close()
    assert found == [()]
