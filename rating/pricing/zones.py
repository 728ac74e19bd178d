"""Zones: regions and breakouts that a list prices together.

A breakout that is listed belongs to the zones it is listed in and to none of its region, and a
zone within another counts before it. A region that is listed nowhere belongs to the rest zone, if
there is one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rating.numbering import NumberRange
from rating.pricing.origin import AT_SEA


class ZonePurpose(StrEnum):
    """What a zone is for; a document may draw different borders for each."""

    CALL = "call"
    ROAMING = "roaming"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with its members in one price list."""

    id: str
    purpose: ZonePurpose
    rank: int
    """Place in the document; of two zones the higher one is the dearer."""
    is_rest: bool
    """Whether every assigned region that no zone of this purpose lists belongs to it."""
    within: str | None
    members: frozenset[str]
    """Regions and breakouts."""
    readings: tuple[str, ...]
    member_readings: Mapping[str, tuple[str, ...]]
    """Decisions on single members."""

    @property
    def selector(self) -> str:
        """The name of the zone among the names of numbers."""
        return f"@{self.id}"

    def readings_of(self, entry: NumberRange) -> tuple[str, ...]:
        """Give the decisions that a number's place in the zone rests on."""
        of_members = self.member_readings
        found = of_members.get(entry.breakout) or of_members.get(entry.region) or ()
        return self.readings + found


class ZoneMap:
    """The zones of one purpose; frozen once built."""

    __slots__ = ("_by_member", "_country", "_rest", "zones")

    def __init__(self, zones: Iterable[Zone], *, country: str) -> None:
        """Take zones and the country of the provider, which is never in the rest zone."""
        self.zones: Final[Mapping[str, Zone]] = {zone.id: zone for zone in zones}
        self._country = country
        self._rest = tuple(zone for zone in self.zones.values() if zone.is_rest)
        # Zones are nested once: those within another stand before it.
        nested = sorted(self.zones.values(), key=lambda zone: zone.within is None)
        members = {member for zone in nested for member in zone.members}
        self._by_member = {
            member: tuple(zone for zone in nested if self._holds(zone, member))
            for member in members
        }

    def of_region(self, region: str) -> tuple[Zone, ...]:
        """Give the zones of a region, the narrowest first."""
        found = self._by_member.get(region)
        if found is not None:
            return found
        return () if region in (AT_SEA, self._country) else self._rest

    def of_range(self, entry: NumberRange) -> tuple[Zone, ...]:
        """Give the zones of a range: those that list its breakout, else those of its region.

        A place that a list names apart leaves every zone of its country, also for flats.
        """
        return self._by_member.get(entry.breakout) or self.of_region(entry.region)

    def _holds(self, zone: Zone, member: str) -> bool:
        """Tell whether a zone, or one within it, lists a member."""
        return any(
            member in one.members and zone.id in (one.id, one.within) for one in self.zones.values()
        )
