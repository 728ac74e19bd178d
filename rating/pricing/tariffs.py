"""Everything that was loaded: tariffs by provider, tax rates, and prices that others announce."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rating.errors import LocalError
from rating.pricing.external import ExternalPrices
from rating.pricing.subscription import BookedPlan, Subscription
from rating.pricing.tariff_plan import TariffPlan
from rating.pricing.vat import VatTable


@dataclass(frozen=True, slots=True)
class Tariffs:
    """All price lists, frozen; a reload makes a new value."""

    plans: Mapping[str, TariffPlan]
    vat: VatTable
    external: ExternalPrices

    def plan(self, provider: str) -> TariffPlan:
        """Give a provider's tariff; ``LocalError`` if there is none."""
        plan = self.plans.get(provider)
        if plan is None:
            raise LocalError(f"no tariff of provider {provider!r}")
        return plan

    def local_day(self, provider: str, at: datetime) -> date:
        """Give the day of an instant in the provider's calendar."""
        if at.tzinfo is None:
            raise LocalError("an instant needs a time zone")
        return at.astimezone(self.plan(provider).time_zone).date()

    def plan_at(self, subscription: Subscription, at: datetime) -> tuple[BookedPlan, date] | None:
        """Give the plan in force at an instant, and the day in its provider's calendar."""
        for booked in subscription.plans:
            day = self.local_day(booked.provider, at)
            if booked.holds_on(day):
                return booked, day
        return None

    def concurrent_calls_max(self, subscription: Subscription, at: datetime) -> int | None:
        """Give the number of outgoing calls at a time that an account's flats allow."""
        found = self.plan_at(subscription, at)
        if found is None:
            return None
        booked, day = found
        return self.plan(booked.provider).concurrent_calls_max(day, subscription)
