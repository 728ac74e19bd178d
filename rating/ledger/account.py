"""One side of the book: what has been debited and credited, for good and pending.

A prepaid account may spend its balance. A postpaid account may spend up to a limit on each
local date (Europe/Berlin); a reservation counts on the date on which it was made, so that a
call across midnight draws its later slices from the new day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

TARIFF_ZONE: Final = ZoneInfo("Europe/Berlin")
# A reservation outlives its date only by the length of a call; older dates decide nothing.
DATES_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class SpendingTerms:
    """What an account may spend; a postpaid account without a limit spends freely."""

    is_prepaid: bool
    daily_limit_micros: int | None = None

    @staticmethod
    def prepaid() -> SpendingTerms:
        """Spend what was paid in before."""
        return SpendingTerms(is_prepaid=True)

    @staticmethod
    def postpaid(daily_limit_micros: int | None) -> SpendingTerms:
        """Spend up to a limit on each local date."""
        return SpendingTerms(is_prepaid=False, daily_limit_micros=daily_limit_micros)


def local_date_of(at: datetime) -> date:
    """Give the tariff calendar's date of an aware instant."""
    return at.astimezone(TARIFF_ZONE).date()


class LedgerAccount:
    """Sums of one account; changed by the book alone."""

    __slots__ = (
        "credits_pending",
        "credits_posted",
        "debits_pending",
        "debits_posted",
        "id",
        "spent_on",
        "terms",
    )

    def __init__(self, account_id: str, terms: SpendingTerms | None = None) -> None:
        self.id = account_id
        self.terms = terms
        self.debits_pending = 0
        self.debits_posted = 0
        self.credits_pending = 0
        self.credits_posted = 0
        # Posted and pending debits by the local date of their reservation; postpaid only.
        self.spent_on: dict[date, int] = {}

    @property
    def balance_micros(self) -> int:
        """Paid in minus charged; reservations still belong to the customer."""
        return self.credits_posted - self.debits_posted

    def available_micros(self, local_date: date) -> int | None:
        """Give what may still be reserved on a date; None where nothing limits it."""
        if self.terms is None:
            return None
        if self.terms.is_prepaid:
            return max(0, self.balance_micros - self.debits_pending)
        if self.terms.daily_limit_micros is None:
            return None
        return max(0, self.terms.daily_limit_micros - self.spent_on.get(local_date, 0))

    def count_spent(self, local_date: date, micros: int) -> None:
        """Count a debit, or with a negative amount its return, on the date it was reserved."""
        if self.terms is None or self.terms.is_prepaid:
            return
        if micros < 0 and local_date not in self.spent_on:
            return  # that date has been dropped and decides nothing any more
        spent = self.spent_on.get(local_date, 0) + micros
        if spent == 0:
            self.spent_on.pop(local_date, None)
            return
        self.spent_on[local_date] = spent
        if len(self.spent_on) > DATES_KEPT:
            del self.spent_on[min(day for day in self.spent_on if day != local_date)]
