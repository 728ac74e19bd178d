"""What makes fees smaller: reductions that somebody grants, and the advantage of the 1st."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rating.charges.booking import Booking, FeePart
from rating.pricing import Source


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction a customer may be granted; it takes a percentage off or makes units free."""

    id: str
    items: frozenset[str]
    """Fee items it touches; empty: all."""
    parts: frozenset[FeePart]
    percent: Fraction | None
    """A share of 1; ``None``: the grant names it, or the reduction frees units."""
    free_units: tuple[tuple[frozenset[str], int], ...]
    """Groups of items of which so many units are free on each day."""
    at_most_as_many_as: str
    """Item of which there must be as many units as free units of each group; empty: no limit."""
    when_booked: str
    """The reduction holds only if this item is booked in the month; empty: always."""
    unless_booked: str
    """The reduction does not hold if this item is booked in the month."""
    source: Source
    readings: tuple[str, ...]

    def holds_with(self, booked: Iterable[str]) -> bool:
        """Tell whether the reduction holds beside the items of a month."""
        items = set(booked)
        return (not self.when_booked or self.when_booked in items) and (
            not self.unless_booked or self.unless_booked not in items
        )

    def touches(self, item: str, part: FeePart) -> bool:
        """Tell whether a percentage is taken off a fee."""
        return part in self.parts and (not self.items or item in self.items)


@dataclass(frozen=True, slots=True)
class SnapshotAdvantage:
    """The Company Flat: a lower fee for a whole month, if all is as it must be on its 1st."""

    profile: str
    """Item whose fee becomes smaller."""
    advantage: str
    """Item whose rows say by how much, by the number of profiles on the 1st."""
    plans: frozenset[str]
    """Plans of which all profiles must be."""
    option: str
    """Option that each profile of ``option_plans`` must have."""
    option_plans: frozenset[str]
    source: Source
    readings: tuple[str, ...]

    def profiles_on_first(self, bookings: tuple[Booking, ...]) -> Mapping[str, int]:
        """Count profiles by plan among what is booked on a 1st; empty if there is no advantage."""
        counts: dict[str, int] = {}
        lacking: dict[str, int] = {}
        for booking in bookings:
            if booking.item == self.profile:
                counts[booking.plan] = counts.get(booking.plan, 0) + booking.count
            if booking.plan in self.option_plans and booking.item in {self.profile, self.option}:
                sign = 1 if booking.item == self.profile else -1
                account = booking.account_id
                lacking[account] = lacking.get(account, 0) + sign * booking.count
        if not counts.keys() <= self.plans or max(lacking.values(), default=0) > 0:
            return {}
        return counts
