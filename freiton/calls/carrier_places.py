"""Where the carriers are by now: the addresses behind their names, and which of them fail.

A trunk keeps the addresses it was last found at. When the name service is silent its calls go
there; when it tells others, the next call takes those.
"""

from __future__ import annotations

from typing import Final

from freiton.routing.directory import Trunk
from sipcore.transaction.deadlines import Deadline, Deadlines
from sipcore.transport.blocked import BlockedHops
from sipcore.transport.flow import Flow, Listener
from sipcore.transport.locate import Capabilities, Located, Wanted
from sipcore.transport.locator import Locator
from sipcore.transport.next_hop import NextHop, is_numeric

SEEK_S: Final = 60.0
"""How often the name of a carrier is looked up again, whether or not somebody calls."""

SEEK_AGAIN_S: Final = 10.0
"""The same for a carrier that has not been found yet."""


class Place:
    """Where one trunk is: flows in the order to be tried, none as long as nobody knows."""

    __slots__ = (
        "capabilities",
        "deadline",
        "flows",
        "hears_load",
        "listener",
        "peer_name",
        "trunk_id",
        "wanted",
    )

    def __init__(self, trunk: Trunk, listener: Listener) -> None:
        self.trunk_id = trunk.id
        self.listener = listener
        self.capabilities = Capabilities.of_listeners((listener,))
        self.wanted = Wanted(trunk.host.lower(), trunk.port or None, listener.transport)
        # What a certificate must bear (RFC 5922 §4); whoever has an address may have a domain.
        self.peer_name = trunk.domain if is_numeric(trunk.host) else trunk.host
        # Calls that are proxied are not ours to hold back.
        self.hears_load = trunk.profile.hears_load and not trunk.is_proxied
        self.flows: tuple[Flow, ...] = ()
        self.deadline: Deadline[int] | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether an address was configured and no name."""
        return is_numeric(self.wanted.host)

    def take(self, hops: tuple[NextHop, ...]) -> None:
        """Take over where the trunk is; nothing new leaves it where it was."""
        if hops:
            self.flows = tuple(
                Flow(
                    self.listener,
                    (hop.host, hop.port),
                    peer_name=self.peer_name,
                    hears_load=self.hears_load,
                )
                for hop in hops
            )


class CarrierPlaces:
    """Seeks the places of all trunks, again and again; ``owner`` marks its searches."""

    def __init__(self, locator: Locator, owner: str) -> None:
        self._locator = locator
        self._owner = owner
        self._blocked = BlockedHops()
        self._deadlines: Deadlines[int] = Deadlines()

    def seek(self, place: Place, *, now: float) -> bool:
        """Look a trunk up; True when its place is known at once, else it is told later."""
        if not place.is_fixed:
            self._seek_later(place, now=now)
        located = self._locator.locate(
            place.wanted, place.capabilities, owner=(self._owner, place.trunk_id), now=now
        )
        return located is not None and self.found(place, located, now=now)

    def found(self, place: Place, located: Located, *, now: float) -> bool:
        """Take over what was found; False when the trunk is still nowhere."""
        place.take(located.hops)
        if not place.is_fixed:
            self._seek_later(place, now=now)
        return bool(place.flows)

    def leave(self, place: Place) -> None:
        """Stop seeking a trunk that is gone."""
        if place.deadline is not None:
            self._deadlines.cancel(place.deadline)

    def flows(self, place: Place, *, now: float) -> tuple[Flow, ...]:
        """Return where to send now: drawn anew among equal servers, those that failed last."""
        if not place.is_fixed:
            self.seek(place, now=now)
        return self._blocked.last(place.flows, now=now)

    def count_failed(self, place: Place, *, now: float) -> int:
        """Return how many addresses of a trunk are passed over now."""
        return sum(self._blocked.is_blocked(flow, now=now) for flow in place.flows)

    def failed(self, flow: Flow, *, now: float) -> None:
        """Learn that an address did not answer, or said that it is out of order."""
        self._blocked.block(flow, now=now)

    def answered(self, flow: Flow) -> None:
        """Learn that an address works."""
        self._blocked.release(flow)

    def due(self, *, now: float) -> list[int]:
        """Return the trunks to be sought again."""
        return list(self._deadlines.due(now))

    def next_deadline(self) -> float | None:
        """Return when ``due`` has something."""
        return self._deadlines.next()

    def _seek_later(self, place: Place, *, now: float) -> None:
        if place.deadline is not None:
            self._deadlines.cancel(place.deadline)
        pause_s = SEEK_S if place.flows else SEEK_AGAIN_S
        place.deadline = self._deadlines.set(now + pause_s, place.trunk_id)
