"""What a network does to packets: it loses, doubles and delays them, one by one, as a test says."""

from __future__ import annotations

from typing import NamedTuple

from sipcore.transaction.events import TransactionEvent
from sipcore.transport.flow import Address
from tests.support.phones import End, World

Packet = tuple[Address, Address, bytes]


class Mischief(NamedTuple):
    """What happens to the packet before which ``skipped`` others pass."""

    kind: str
    """``lose``, ``double`` or ``delay``."""
    skipped: int
    delay_s: float


class Weather(End):
    """Sits in the wire of a ``World``; ``count`` is how many packets it has touched.

    Every mischief is for one packet, so whoever repeats what was not answered gets through.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world, "weather", ("0.0.0.0", 0))  # noqa: S104 - nobody's address
        self.planned: list[Mischief] = []
        self.count = 0
        self.has_delayed = False
        self._delayed: list[tuple[float, Packet]] = []
        world.loses = self.is_lost

    def is_lost(self, source: Address, target: Address, data: bytes) -> bool:
        """Decide about a packet, as ``World.loses``."""
        due = [one for one in self.planned if one.skipped == 0]
        self.planned = [
            one._replace(skipped=one.skipped - 1) for one in self.planned if one.skipped > 0
        ]
        if not due:
            return False
        self.count += 1
        mischief = due[0]
        if mischief.kind == "double":
            self.world.packets.append((source, target, data))
            return False
        if mischief.kind == "delay":
            self.has_delayed = True
            self._delayed.append((self.now + mischief.delay_s, (source, target, data)))
        return True

    def clear_up(self) -> None:
        """Plan nothing more; what is delayed still comes."""
        self.planned = []

    def next_deadline(self) -> float | None:
        return min((due for due, _ in self._delayed), default=None)

    def fire(self) -> None:
        due = [packet for at, packet in self._delayed if at <= self.now]
        self._delayed = [one for one in self._delayed if one[0] > self.now]
        self.world.packets += due

    def take(self, event: TransactionEvent) -> None:
        raise AssertionError(f"the weather was spoken to: {event}")
