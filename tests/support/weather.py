"""What a network does to packets: it loses, doubles and delays them, one by one, as a test says."""

from __future__ import annotations

from typing import NamedTuple

from sipcore.transaction.events import TransactionEvent
from sipcore.transport.flow import Address
from tests.support.phones import End, World
from tests.support.virtual_wire import Packet, Wire

NOWHERE: Address = ("0.0.0.0", 0)  # noqa: S104 - nobody's address


class Mischief(NamedTuple):
    """What happens to the packet before which ``skipped`` others pass."""

    kind: str
    """``lose``, ``double`` or ``delay``."""
    skipped: int
    delay_s: float


class Weather:
    """Decides about packets; ``count`` is how many it has touched.

    Every mischief is for one packet, so whoever repeats what was not answered gets through.
    """

    def __init__(self) -> None:
        self.planned: list[Mischief] = []
        self.count = 0
        self.has_delayed = False
        self._delayed: list[tuple[float, Packet]] = []

    def take(self, packet: Packet, packets: list[Packet], *, now: float) -> bool:
        """Return whether a packet does not arrive now; a double goes to the end of ``packets``."""
        due = [one for one in self.planned if one.skipped == 0]
        self.planned = [
            one._replace(skipped=one.skipped - 1) for one in self.planned if one.skipped > 0
        ]
        if not due:
            return False
        self.count += 1
        mischief = due[0]
        if mischief.kind == "double":
            packets.append(packet)
            return False
        if mischief.kind == "delay":
            self.has_delayed = True
            self._delayed.append((now + mischief.delay_s, packet))
        return True

    def clear_up(self) -> None:
        """Plan nothing more; what is delayed still comes."""
        self.planned = []

    def next_deadline(self) -> float | None:
        return min((due for due, _ in self._delayed), default=None)

    def release(self, *, now: float) -> list[Packet]:
        """Give what was late and comes now."""
        due = [packet for at, packet in self._delayed if at <= now]
        self._delayed = [one for one in self._delayed if one[0] > now]
        return due


class WeatherInWorld(End):
    """Brings late packets back into a ``World``."""

    def __init__(self, world: World, weather: Weather) -> None:
        super().__init__(world, "weather", NOWHERE)
        self.weather = weather

    def next_deadline(self) -> float | None:
        return self.weather.next_deadline()

    def fire(self) -> None:
        self.world.packets += self.weather.release(now=self.now)

    def take(self, event: TransactionEvent) -> None:
        raise AssertionError(f"the weather was spoken to: {event}")


class WeatherOnWire:
    """Brings late packets back onto a ``Wire``."""

    def __init__(self, wire: Wire, weather: Weather) -> None:
        self.wire = wire
        self.weather = weather
        wire.parties[NOWHERE] = self

    def receive(self, data: bytes, source: Address) -> None:
        raise AssertionError(f"the weather was spoken to by {source}: {data!r}")

    def take_packets(self) -> list[tuple[Address, bytes]]:
        return []

    def next_deadline(self) -> float | None:
        return self.weather.next_deadline()

    def fire(self) -> None:
        self.wire.packets += self.weather.release(now=self.wire.now)
