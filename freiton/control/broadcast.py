"""One publisher, any number of followers; a slow follower loses lines, never the publisher time."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

_WAITING_MAX: Final = 1000


class Dropped(msgspec.Struct, frozen=True):
    """Tells a follower how many items it was too slow for."""

    dropped: int


class Broadcast:
    """Hands each published item to everybody who follows at that moment."""

    def __init__(self, *, waiting_max: int = _WAITING_MAX) -> None:
        """`waiting_max` items are kept for a follower that does not read."""
        self._waiting_max = waiting_max
        self._followers: set[_Follower] = set()

    @property
    def follower_count(self) -> int:
        """How many follow now."""
        return len(self._followers)

    def publish(self, item: object) -> None:
        """Hand an item to all followers; never waits."""
        for follower in self._followers:
            follower.add(item)

    async def follow(self) -> AsyncGenerator[object, None]:
        """Yield what is published from now on, and a `Dropped` where items were lost."""
        follower = _Follower(self._waiting_max)
        self._followers.add(follower)
        try:
            while True:
                for item in await follower.take():
                    yield item
        finally:
            self._followers.discard(follower)


class _Follower:
    __slots__ = ("_dropped", "_filled", "_items")

    def __init__(self, waiting_max: int) -> None:
        self._items: deque[object] = deque(maxlen=waiting_max)
        self._dropped = 0
        self._filled = asyncio.Event()

    def add(self, item: object) -> None:
        self._dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._filled.set()

    async def take(self) -> list[object]:
        await self._filled.wait()
        lost = [Dropped(self._dropped)] if self._dropped else []
        items = [*lost, *self._items]
        self._dropped = 0
        self._items.clear()
        self._filled.clear()
        return items
