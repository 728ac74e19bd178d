"""The CSV table of a list's zones: one row per printed member."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rating.csv_table import read_table
from rating.errors import Problem
from rating.pricing.price_list import Place
from rating.pricing.selector import is_member
from rating.pricing.zones import Zone

_COLUMNS: Final = ("line", "zone", "member", "match", "readings")


@dataclass(frozen=True, slots=True)
class _Listed:
    zone: Zone
    place: str


class ZoneTable:
    """Reads the zone tables of one list; two zones share a member only if one is in the other."""

    def __init__(self, zones: Iterable[Zone], problems: list[Problem]) -> None:
        self._zones: Final[Mapping[str, Zone]] = {zone.id: zone for zone in zones}
        self._problems = problems
        self._members: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in self._zones}
        self._listed: dict[str, list[_Listed]] = {}
        self.places: dict[str, Place] = {}
        """Where each member stands in the files."""

    def read(self, file: str, text: str) -> None:
        """Read one table."""
        for line, cells in read_table(file, text, required=_COLUMNS, problems=self._problems):
            zone = self._zones.get(cells["zone"])
            found = []
            if not cells["line"].isdigit():
                found.append(f"line of the document is missing: {cells['line']!r}")
            if not cells["member"]:
                found.append("member is missing")
            if not cells["match"] and not cells["readings"]:
                found.append("match is empty, and no reading says why nothing leads here")
            if zone is None:
                found.append(f"there is no zone {cells['zone']!r}")
            else:
                for member in cells["match"].split():
                    found += self._problems_of(zone, member)
                    self._listed.setdefault(member, []).append(_Listed(zone, f"{file}:{line}"))
                    self._members[zone.id][member] = tuple(cells["readings"].split())
                    self.places[member] = (file, line)
            self._problems += [Problem(file, line, message) for message in found]

    def zones(self) -> tuple[Zone, ...]:
        """Give the zones with the members that were read."""
        return tuple(
            replace(
                zone,
                members=frozenset(members),
                member_readings={name: readings for name, readings in members.items() if readings},
            )
            for zone, members in zip(self._zones.values(), self._members.values(), strict=True)
        )

    def _problems_of(self, zone: Zone, member: str) -> Iterable[str]:
        if not is_member(member):
            yield f"no region and no breakout: {member!r}"
        if zone.is_rest:
            yield f"{zone.id} is what no zone lists, and lists {member}"
        for listed in self._listed.get(member, ()):
            other = listed.zone
            nested = zone.within == other.id or other.within == zone.id
            if other.id == zone.id or (other.purpose is zone.purpose and not nested):
                yield f"{member} stands in zone {other.id} at {listed.place} already"
