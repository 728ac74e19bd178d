"""What a provider rules besides its prices: options, and calls inside its own network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from rating.errors import LocalError
from rating.pricing.price_list import PriceList
from rating.pricing.rate import Source


class OptionKind(StrEnum):
    """What an option does to the price of a call."""

    FLAT = "flat"
    """Calls to what it covers cost nothing."""
    COLUMN = "column"
    """Another column of the price list holds."""


class Effective(StrEnum):
    """From which day an option counts."""

    MONTH_START = "month_start"
    """From the 1st of the month it was ordered in, also for the days before the order."""
    PROVISION_DAY = "provision_day"
    """From the day it was provided."""


@dataclass(frozen=True, slots=True)
class Option:
    """A bookable option with its rules."""

    id: str
    kind: OptionKind
    covers: frozenset[str]
    """Numbers a flat makes free, in the forms of ``Rate.match``."""
    column: str
    effective: Effective
    trunk_accounts: bool
    """Whether accounts of SIP trunks may have it."""
    concurrent_calls: int | None
    """Outgoing calls at a time that one unit allows; ``None``: it limits nothing."""
    monthly_fee: Fraction
    typical_minutes: int | None
    """Use that the fee was calculated for; nothing is charged beyond it."""
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookedOption:
    """An option that an account has; days are local."""

    option_id: str
    count: int
    valid_from: date
    """The day of provision."""
    valid_to: date | None
    """The first day without it."""
    ordered_on: date


@dataclass(frozen=True, slots=True)
class OnNet:
    """Which numbers of the provider's own subscribers are free."""

    covers: frozenset[str]
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """A provider's lists and options."""

    provider: str
    name: str
    country: str
    time_zone: ZoneInfo
    price_lists: tuple[PriceList, ...]
    """In the order of their periods, which do not overlap."""
    options: Mapping[str, Option]
    on_net: OnNet | None

    def list_on(self, day: date) -> PriceList | None:
        """Give the price list of a local day."""
        for price_list in reversed(self.price_lists):
            if price_list.holds_on(day):
                return price_list
        return None

    def options_on(
        self, day: date, booked: Iterable[BookedOption], *, is_trunk_account: bool
    ) -> list[Option]:
        """List the options that touch the price of calls that start on a local day."""
        found = []
        for booking in booked:
            option = self.option(booking.option_id)
            allowed = option.trunk_accounts or not is_trunk_account
            if allowed and _counts_on(day, booking, option.effective):
                found.append(option)
        return found

    def concurrent_calls_max(
        self, day: date, booked: Iterable[BookedOption], *, is_trunk_account: bool
    ) -> int | None:
        """Give the number of outgoing calls at a time that flats allow; ``None``: no limit.

        A flat that makes calls of the whole month free limits them from its order only: a price
        can be changed afterwards, a call that was made cannot be refused afterwards.
        """
        found = None
        for booking in booked:
            option = self.option(booking.option_id)
            if option.concurrent_calls is None or (is_trunk_account and not option.trunk_accounts):
                continue
            if day >= booking.ordered_on and _counts_on(day, booking, option.effective):
                found = (found or 0) + booking.count * option.concurrent_calls
        return found

    def option(self, option_id: str) -> Option:
        """Look up an option that was checked when it was booked; ``LocalError`` if unknown."""
        option = self.options.get(option_id)
        if option is None:
            raise LocalError(f"{self.provider} has no option {option_id!r}")
        return option


def _counts_on(day: date, booking: BookedOption, effective: Effective) -> bool:
    if booking.count < 1 or (booking.valid_to is not None and day >= booking.valid_to):
        return False
    begins = booking.valid_from
    if effective is Effective.MONTH_START:
        # Never before the month of the order, even if the provision was dated back.
        begins = max(booking.valid_from.replace(day=1), booking.ordered_on.replace(day=1))
    return day >= begins
