"""For how long a contract runs, when it may end, and when it begins to be charged."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from rating.charges.booking import Month
from rating.pricing import Source

_MONTHS_A_YEAR: Final = 12


class EndDay(StrEnum):
    """On which days a contract may end."""

    ANY_DAY = "any_day"
    MONTH_START = "month_start"
    """Only so that a 1st is the first day without it."""


@dataclass(frozen=True, slots=True)
class Term:
    """Minimum term and notice of some items."""

    items: frozenset[str]
    """Items it is for; empty: all others."""
    minimum_months: int
    notice_days: int
    ends: EndDay
    runs_with_contract: bool
    """Whether it ends with the contract it was added to."""
    source: Source
    readings: tuple[str, ...]

    def first_day_without(
        self, *, begun_on: date, notice_on: date, contract_ends_on: date | None = None
    ) -> date | None:
        """Give the earliest first day without the service; ``None`` while its contract runs on."""
        if self.runs_with_contract:
            return contract_ends_on
        earliest = max(
            notice_on + timedelta(days=max(1, self.notice_days)),
            _months_after(begun_on, self.minimum_months),
        )
        if self.ends is EndDay.MONTH_START and earliest.day > 1:
            return Month.of(earliest).next.first_day
        return earliest


@dataclass(frozen=True, slots=True)
class Activation:
    """When a trunk that may wait for the porting of its numbers is activated."""

    may_be_delayed: bool
    numbers_activate: bool
    """Whether numbers of the provider at any site activate it at once."""
    source: Source

    def day(
        self,
        *,
        provisioned_on: date,
        delayed_until: date | None = None,
        own_numbers_on: date | None = None,
    ) -> date:
        """Give the first charged day."""
        if delayed_until is None or not self.may_be_delayed:
            return provisioned_on
        waits_until = max(provisioned_on, delayed_until)
        if own_numbers_on is None or not self.numbers_activate:
            return waits_until
        return min(waits_until, max(provisioned_on, own_numbers_on))


def _months_after(day: date, months: int) -> date:
    """Go on by months; where the month is too short for the day, to its last."""
    years, number = divmod(day.month - 1 + months, _MONTHS_A_YEAR)
    month = Month(day.year + years, number + 1)
    return date(month.year, month.number, min(day.day, month.day_count))
