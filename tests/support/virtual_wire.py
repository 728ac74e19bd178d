"""A network and its clock in a test: packets arrive at the instant they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from sipcore.transport.flow import Address

Packet = tuple[Address, Address, bytes]

EPOCH = 1_000.0


class Party(Protocol):
    """Anything on the wire."""

    def receive(self, data: bytes, source: Address) -> None: ...

    def take_packets(self) -> Iterable[tuple[Address, bytes]]: ...

    def next_deadline(self) -> float | None: ...

    def fire(self) -> None: ...


class Wire:
    """Clock and network: packets arrive at the instant they are sent, time passes on request."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.parties: dict[Address, Party] = {}
        self.packets: list[Packet] = []
        self.is_held: Callable[[Packet], bool] = lambda _packet: False
        """Packets for which this is true stay in ``packets`` until it is false."""
        self.loses: Callable[[Packet], bool] = lambda _packet: False
        self.carried = 0

    def settle(self) -> None:
        """Deliver everything that can arrive without time passing."""
        for _ in range(100_000):
            self.collect()
            place = next((i for i, one in enumerate(self.packets) if not self.is_held(one)), None)
            if place is None:
                return
            self.deliver(self.packets.pop(place))
        raise AssertionError("the wire never falls silent")

    def collect(self) -> None:
        """Take over what the parties have to send."""
        for address, party in list(self.parties.items()):
            for target, data in party.take_packets():
                self.packets.append((address, target, data))

    def deliver(self, packet: Packet) -> None:
        source, target, data = packet
        party = self.parties.get(target)
        if party is not None and not self.loses(packet):
            self.carried += 1
            party.receive(data, source)

    def next_deadline(self) -> float | None:
        deadlines = (party.next_deadline() for party in self.parties.values())
        return min((one for one in deadlines if one is not None), default=None)

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline on the way."""
        until = self.now + seconds
        self.settle()
        for _ in range(1_000_000):
            due = self.next_deadline()
            if due is None or due > until:
                self.now = until
                return
            self.fire_at(due)
        raise AssertionError("time does not pass: a deadline stays in the past")

    def fire_at(self, due: float) -> None:
        """Let everybody whose deadline has come act on it."""
        self.now = max(self.now, due)
        for party in list(self.parties.values()):
            deadline = party.next_deadline()
            if deadline is not None and deadline <= self.now:
                party.fire()
        self.settle()
