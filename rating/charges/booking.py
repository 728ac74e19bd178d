"""What a customer has booked, the months it is billed for, and what is granted on it."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from rating.errors import LocalError


class FeePart(StrEnum):
    """Which of its two fees an item is charged."""

    ONCE = "once"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Booking:
    """So many units of an item; days are local.

    A booking that ends on its first day was never active: only its one-off fee is due, as for
    a porting that the other provider refused.
    """

    item: str
    valid_from: date
    """The day of activation, which counts."""
    plan: str = ""
    count: int = 1
    valid_to: date | None = None
    """The first day without it."""
    account_id: str = ""
    """Whose it is, where that matters; bookings of one account belong together."""

    def __post_init__(self) -> None:
        if self.count < 1 or (self.valid_to is not None and self.valid_to < self.valid_from):
            raise LocalError(f"a booking of {self.count} units that ends before it begins")

    def holds_on(self, day: date) -> bool:
        """Tell whether a local day belongs to the booking."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the provider's calendar."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Give the month of a day."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        """The 1st."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The last day."""
        return date(self.year, self.number, self.day_count)

    @property
    def day_count(self) -> int:
        """The number of its days."""
        return monthrange(self.year, self.number)[1]

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month.of(self.last_day + timedelta(days=1))

    def days(self) -> Iterator[date]:
        """Give its days in order."""
        return (date(self.year, self.number, day + 1) for day in range(self.day_count))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A reduction that a customer has; who grants it may name its percentage."""

    reduction_id: str
    percent: Fraction | None = None
    """A share of 1, where the list does not name one."""
    units: int | None = None
    """How many units it makes free at most, where that is less than the list allows."""
