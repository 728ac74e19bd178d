"""Fees: what something booked costs once and a month, as the rows of a list say it."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rating.pricing import Source


class NoPrice(StrEnum):
    """What a document prints where others print a price."""

    INCLUDED = "included"
    """Paid with something else: it costs nothing, and there is nothing to book."""
    UNAVAILABLE = "unavailable"
    """Not offered with this plan."""
    IMPOSSIBLE = "impossible"
    """Cannot be done at all."""
    ON_REQUEST = "on_request"
    """Somebody has to name a price first."""
    BY_EFFORT = "by_effort"
    """The work is charged by its time, as usage."""


REFUSING = frozenset({NoPrice.UNAVAILABLE, NoPrice.IMPOSSIBLE, NoPrice.ON_REQUEST})
"""What cannot be ordered until somebody names a price."""

Price = Fraction | NoPrice | None
"""Euros, a word instead of them, or nothing: then no fee of this kind arises."""


class Billing(StrEnum):
    """For which days of a month its fee is due."""

    DAILY = "daily"
    """For the days it was booked, as a share of the days of that month."""
    MONTH_START = "month_start"
    """In full from the 1st of the month it was ordered in."""
    TEAM = "team"
    """One fee for all units together, which their number chooses; daily."""
    REDUCTION = "reduction"
    """Taken off the fee of each unit; the number of units on the 1st chooses how much."""


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One row of a fee list; ``from_count`` to ``to_count`` is the tier of units it prices."""

    item: str
    plan: str
    """Plan that the row is for; empty: all."""
    label: str
    once: Price
    monthly: Price
    billing: Billing
    from_count: int
    to_count: int | None
    source: Source
    readings: tuple[str, ...]

    def units_of(self, count: int) -> int:
        """Tell how many of so many booked units this row prices."""
        highest = count if self.to_count is None else min(count, self.to_count)
        units = max(0, highest - self.from_count + 1)
        if self.billing is Billing.TEAM:
            return 1 if units and highest == count else 0
        return units

    def holds(self, count: int) -> bool:
        """Tell whether a number of units falls into the tier."""
        return self.from_count <= count and (self.to_count is None or count <= self.to_count)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """All tiers of one item and plan, in their order and without gaps."""

    rows: tuple[FeeRow, ...]

    @property
    def billing(self) -> Billing:
        """For which days the fee is due."""
        return self.rows[0].billing

    def row_for(self, count: int) -> FeeRow:
        """Give the row of the tier that a number of units falls into."""
        return next((row for row in self.rows if row.holds(count)), self.rows[0])
