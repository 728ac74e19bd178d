"""Everything that was loaded: plans by provider, and tax rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rating.errors import LocalError
from rating.pricing.price_list import PriceList
from rating.pricing.tariff_plan import BookedOption, TariffPlan
from rating.pricing.vat import VatTable


@dataclass(frozen=True, slots=True)
class Tariffs:
    """All price lists, frozen; a reload makes a new value."""

    plans: Mapping[str, TariffPlan]
    vat: VatTable

    def plan(self, provider: str) -> TariffPlan:
        """Give a provider's plan; ``LocalError`` if there is none."""
        plan = self.plans.get(provider)
        if plan is None:
            raise LocalError(f"no tariff of provider {provider!r}")
        return plan

    def local_day(self, provider: str, at: datetime) -> date:
        """Give the day of an instant in the provider's calendar."""
        if at.tzinfo is None:
            raise LocalError("an instant needs a time zone")
        return at.astimezone(self.plan(provider).time_zone).date()

    def list_at(self, provider: str, at: datetime) -> PriceList | None:
        """Give the price list in force at an instant."""
        return self.plan(provider).list_on(self.local_day(provider, at))

    def concurrent_calls_max(
        self,
        provider: str,
        at: datetime,
        *,
        options: tuple[BookedOption, ...],
        is_trunk_account: bool,
    ) -> int | None:
        """Give the number of outgoing calls at a time that an account's flats allow."""
        return self.plan(provider).concurrent_calls_max(
            self.local_day(provider, at), options, is_trunk_account=is_trunk_account
        )
