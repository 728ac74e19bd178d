"""What a provider rules besides its prices: plans, options, surcharges, calls that cost nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from rating.errors import LocalError
from rating.pricing.columns import ColumnChoice
from rating.pricing.origin import OriginKind
from rating.pricing.price_list import PriceList
from rating.pricing.rate import PricePart, Source, UnitPrice
from rating.pricing.subscription import BookedOption, BookedPlan, Subscription


class OptionKind(StrEnum):
    """What an option does to the price of a call."""

    FLAT = "flat"
    """Calls to what it covers cost nothing."""
    COLUMN = "column"
    """Columns that ask for it hold."""
    ALLOWANCE = "allowance"
    """It pays for the first seconds of a month to what it covers."""


class Effective(StrEnum):
    """From which day an option counts."""

    MONTH_START = "month_start"
    """From the 1st of the month it was ordered in, also for the days before the order."""
    PROVISION_DAY = "provision_day"
    """From the day it was provided."""
    CONTRACT_TERM = "contract_term"
    """From the day it was provided, which order rules make the first day of a contract term."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account can be on within a provider."""

    id: str
    name: str
    provider: str
    is_trunk: bool
    """Whether its accounts are SIP trunks."""
    includes: tuple[str, ...]
    """Options that come with it."""
    item: str
    """What the provider's fees call it; empty where no fee is charged for it."""
    item_per_call: bool
    """Whether that item is needed once for each call at a time, as a voice channel is."""
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A bookable option with its rules."""

    id: str
    kind: OptionKind
    covers: frozenset[str]
    """Numbers that a flat or allowance pays for, in the forms of ``Rate.match``."""
    origins: frozenset[OriginKind]
    """From where it covers calls."""
    plans: frozenset[str]
    """Plans that may have it; empty: all."""
    included_s: int | None
    """Seconds a month that one unit of an allowance pays for."""
    effective: Effective
    trunk_accounts: bool
    """Whether accounts of SIP trunks may have it."""
    concurrent_calls: int | None
    """Outgoing calls at a time that one unit allows; ``None``: it limits nothing."""
    typical_minutes: int | None
    """Use that its fee was calculated for; nothing is charged beyond it."""
    source: Source
    readings: tuple[str, ...]

    def is_allowed_for(self, plan: Plan) -> bool:
        """Tell whether accounts on a plan may have it."""
        if plan.is_trunk and not self.trunk_accounts:
            return False
        return not self.plans or plan.id in self.plans


@dataclass(frozen=True, slots=True)
class Surcharge:
    """What is added to the price of calls from some kinds of access."""

    id: str
    unit_price: UnitPrice
    part: PricePart
    origins: frozenset[OriginKind]
    except_: frozenset[str]
    """Numbers that it spares."""
    dropped_by: frozenset[str]
    """Options that take it away."""
    source: Source
    readings: tuple[str, ...]

    @property
    def per_minute(self) -> Fraction:
        """Euros per minute."""
        return self.part.per_minute


@dataclass(frozen=True, slots=True)
class OnNet:
    """Which numbers of the provider's own subscribers are free."""

    covers: frozenset[str]
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Internal:
    """That calls to colleagues, short dial codes and the mailbox are free."""

    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """A provider's plans, lists and options."""

    provider: str
    name: str
    country: str
    time_zone: ZoneInfo
    plans: Mapping[str, Plan]
    columns: ColumnChoice
    price_lists: tuple[PriceList, ...]
    """In the order of their periods; those with one id do not overlap."""
    default_list: str | None
    """Id of the list for contracts that pick none: the only one, or the one marked so."""
    options: Mapping[str, Option]
    surcharges: tuple[Surcharge, ...]
    on_net: OnNet | None
    internal: Internal | None

    def plan(self, plan_id: str) -> Plan:
        """Look up a plan that was checked when it was booked; ``LocalError`` if unknown."""
        plan = self.plans.get(plan_id)
        if plan is None:
            raise LocalError(f"{self.provider} has no plan {plan_id!r}")
        return plan

    def default_plan(self, *, is_trunk: bool) -> Plan:
        """Give the first plan for accounts of a kind; ``LocalError`` if there is none."""
        for plan in self.plans.values():
            if plan.is_trunk is is_trunk:
                return plan
        raise LocalError(f"{self.provider} has no plan with trunk = {is_trunk}")

    def versions_of(self, list_id: str | None) -> tuple[PriceList, ...]:
        """Give the versions of a list, or of the default one; ``LocalError`` if unknown."""
        if list_id is None:
            list_id = self.default_list
        found = tuple([one for one in self.price_lists if one.terms.id == list_id])
        if not found:
            raise LocalError(f"{self.provider} has no price list {list_id!r}")
        return found

    def list_for(self, booked: BookedPlan, day: date) -> PriceList | None:
        """Give the price list that holds on a day for who booked a plan."""
        versions = self.versions_of(booked.price_list)
        wanted = booked.valid_from if versions[0].terms.is_pinned else day
        for price_list in reversed(versions):
            if price_list.holds_on(wanted):
                return price_list
        return None

    def options_on(self, day: date, subscription: Subscription) -> list[Option]:
        """List the options that touch prices on a local day, in booking order.

        Those that the plan includes come first; an option that the plan does not allow is silent.
        """
        booked = subscription.plan_on(day)
        return [] if booked is None else self.options_of(booked, day, subscription)

    def options_of(self, booked: BookedPlan, day: date, subscription: Subscription) -> list[Option]:
        """List the options of a day whose plan is known."""
        plan = self.plan(booked.plan_id)
        found = [self.options[option_id] for option_id in plan.includes]
        for booking, option in self._booked(plan, subscription):
            if option not in found and _counts_on(day, booking, option.effective):
                found.append(option)
        return found

    def concurrent_calls_max(self, day: date, subscription: Subscription) -> int | None:
        """Give the number of outgoing calls at a time that flats allow; ``None``: no limit.

        A flat that makes calls of the whole month free limits them from its order only: a price
        can be changed afterwards, a call that was made cannot be refused afterwards.
        """
        booked = subscription.plan_on(day)
        if booked is None:
            return None
        plan = self.plan(booked.plan_id)
        allowed = [self.options[option_id].concurrent_calls for option_id in plan.includes]
        for booking, option in self._booked(plan, subscription):
            counts = _counts_on(day, booking, option.effective)
            if counts and day >= booking.ordered_on and option.concurrent_calls is not None:
                allowed.append(booking.count * option.concurrent_calls)
        limits = [calls for calls in allowed if calls is not None]
        return sum(limits) if limits else None

    def included_s(self, option_id: str, day: date, subscription: Subscription) -> int:
        """Give the seconds that all units of an allowance pay for in the month of a day."""
        booked, option = subscription.plan_on(day), self.option(option_id)
        if booked is None or option.included_s is None:
            return 0
        plan = self.plan(booked.plan_id)
        units = plan.includes.count(option_id)
        for booking, one in self._booked(plan, subscription):
            if one is option and _counts_on(day, booking, option.effective):
                units += booking.count
        return units * option.included_s

    def option(self, option_id: str) -> Option:
        """Look up an option that was checked when it was booked; ``LocalError`` if unknown."""
        option = self.options.get(option_id)
        if option is None:
            raise LocalError(f"{self.provider} has no option {option_id!r}")
        return option

    def _booked(
        self, plan: Plan, subscription: Subscription
    ) -> Iterator[tuple[BookedOption, Option]]:
        """Go through the bookings with this provider that the plan allows."""
        for booking in subscription.options:
            if booking.provider == self.provider:
                option = self.option(booking.option_id)
                if option.is_allowed_for(plan):
                    yield booking, option


def _counts_on(day: date, booking: BookedOption, effective: Effective) -> bool:
    if booking.count < 1 or (booking.valid_to is not None and day >= booking.valid_to):
        return False
    begins = booking.valid_from
    if effective is Effective.MONTH_START:
        # Never before the month of the order, even if the provision was dated back.
        begins = max(booking.valid_from.replace(day=1), booking.ordered_on.replace(day=1))
    return day >= begins
