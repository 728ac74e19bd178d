"""What quotas paid of an account's usage in each month of the provider's calendar."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from rating.charges.booking import Month
from rating.charges.charge_book import ChargeBook
from rating.charges.charge_usage import ChargedUsage


class QuotaUse:
    """Counts one account's use by month; what is left of a quota lapses, as each month is new."""

    __slots__ = ("_book", "_used")

    def __init__(self, book: ChargeBook) -> None:
        self._book = book
        self._used: dict[Month, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def before(self, at: datetime) -> Mapping[str, int]:
        """Give what was used so far in the month of an instant, by quota."""
        return dict(self._used.get(self._month(at), {}))

    def add(self, at: datetime, charged: ChargedUsage) -> None:
        """Count what quotas paid of a usage."""
        month = self._used[self._month(at)]
        for quota, quantity in charged.paid_by_quota:
            month[quota] += quantity

    def _month(self, at: datetime) -> Month:
        return Month.of(self._book.local_day(at))
