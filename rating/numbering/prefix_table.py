"""From an E.164 number to country, line type and breakout: the longest prefix decides.

The table is the only authority at rating time. It is made offline, frozen, and named by a version
that every call record carries, because numbering metadata changes with nearly every release.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class LineType(StrEnum):
    """What kind of line answers; a price list decides what it makes of each."""

    FIXED = "fixed"
    MOBILE = "mobile"
    EITHER = "either"
    """Fixed or mobile: the country's plan does not tell."""
    VOIP = "voip"
    UNIVERSAL_ACCESS = "universal_access"
    TOLL_FREE = "toll_free"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    PREMIUM = "premium"
    SATELLITE = "satellite"
    GLOBAL = "global"
    """International networks without a country."""
    SPECIAL = "special"
    """A German service number; never in the table, such numbers have ranges of their own."""
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class NumberRange:
    """All numbers with one prefix, but for those with a longer one in the table."""

    prefix: str
    region: str
    """ISO 3166-1 alpha-2, ``XK`` for Kosovo, ``001`` for codes that belong to no country."""
    line_type: LineType
    breakout: str = ""
    """A city, state or network inside the region that lists may price apart, or nothing."""


class PrefixTable:
    """Frozen number ranges with a version; a look-up costs one dict access per prefix length."""

    __slots__ = ("_by_prefix", "_lengths", "_regions", "version")

    def __init__(self, version: str, ranges: Iterable[NumberRange]) -> None:
        self.version = version
        self._by_prefix = {entry.prefix: entry for entry in ranges}
        self._lengths = tuple(sorted({len(prefix) for prefix in self._by_prefix}, reverse=True))
        self._regions = frozenset(entry.region for entry in self._by_prefix.values())

    def __len__(self) -> int:
        return len(self._by_prefix)

    def lookup(self, digits: str) -> NumberRange | None:
        """Find the range of a number, given without its plus sign."""
        by_prefix = self._by_prefix
        for length in self._lengths:
            entry = by_prefix.get(digits[:length])
            if entry is not None:
                return entry
        return None

    def breakouts(self) -> frozenset[str]:
        """Name every breakout, so that a price list can be checked against the table."""
        return frozenset(entry.breakout for entry in self._by_prefix.values() if entry.breakout)

    def regions(self) -> frozenset[str]:
        """Name every region of the table."""
        return self._regions
