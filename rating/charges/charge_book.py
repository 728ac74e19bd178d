"""All charges of a provider that are no calls: lists by date, and the rules around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from rating.charges.fee import Billing, FeeSchedule
from rating.charges.order_rule import OrderRule
from rating.charges.reduction import Reduction, SnapshotAdvantage
from rating.charges.term import Activation, Term
from rating.charges.usage import Quota, ReplyWindow, UsageRow, WorkSurcharge
from rating.errors import LocalError
from rating.pricing import Basis, Source, VatTable
from rating.pricing.zones import ZoneMap


@dataclass(frozen=True, slots=True)
class ChargeListTerms:
    """What a list says once for all its rows."""

    id: str
    version: str
    basis: Basis
    vat_reference: Fraction
    """The tax rate that the printed prices were made with."""
    valid_from: date
    valid_to: date | None
    """The first day after the list."""
    is_example: bool
    """Whether the prices are invented because the document prints none."""
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChargeList:
    """Fees and usage prices of one period."""

    terms: ChargeListTerms
    fees: Mapping[tuple[str, str], FeeSchedule]
    """By item and plan; the plan is empty where the price is the same for all."""
    usage: Mapping[str, UsageRow]
    zones: tuple[ZoneMap, ...]
    """Zones of calls and of roaming that places of usage are named by."""

    def schedule(self, item: str, plan: str) -> FeeSchedule | None:
        """Find the fees of an item for a plan."""
        return self.fees.get((item, plan)) or self.fees.get((item, ""))

    def bookable(self, item: str, plan: str) -> FeeSchedule | None:
        """Find the fees of an item that may be booked; reductions are granted, not booked."""
        found = self.schedule(item, plan)
        return None if found is None or found.billing is Billing.REDUCTION else found

    def holds_on(self, day: date) -> bool:
        """Tell whether a local day belongs to the period of the list."""
        ends = self.terms.valid_to
        return self.terms.valid_from <= day and (ends is None or day < ends)


@dataclass(frozen=True, slots=True)
class OrderBook:
    """What may be ordered, and for how long."""

    rules: tuple[OrderRule, ...]
    terms: tuple[Term, ...]
    activation: Activation | None
    items_without_fee: frozenset[str] = frozenset()
    """What may be ordered although no fee list has it."""

    def term_of(self, item: str) -> Term | None:
        """Find the term of an item: its own, else the one for all others."""
        for term in self.terms:
            if item in term.items:
                return term
        return next((term for term in self.terms if not term.items), None)


@dataclass(frozen=True, slots=True)
class ChargeBook:
    """Everything but calls that a provider charges; frozen, a reload makes a new value."""

    provider: str
    country: str
    time_zone: ZoneInfo
    vat: VatTable
    lists: tuple[ChargeList, ...]
    quotas: tuple[Quota, ...]
    reductions: tuple[Reduction, ...]
    snapshot: SnapshotAdvantage | None
    surcharges: tuple[WorkSurcharge, ...]
    reply_windows: tuple[ReplyWindow, ...]
    orders: OrderBook

    def has_fee(self, item: str) -> bool:
        """Tell whether any list has fees of an item."""
        return any(item == name for entry in self.lists for name, _ in entry.fees)

    def fee_plan(self, item: str, plan: str) -> str:
        """Give the plan that matters for an item: none where its fee is the same for all plans."""
        return "" if any((item, "") in entry.fees for entry in self.lists) else plan

    def list_on(self, day: date) -> ChargeList | None:
        """Give the list in force on a local day."""
        return next((one for one in reversed(self.lists) if one.holds_on(day)), None)

    def local_day(self, at: datetime) -> date:
        """Give the day of an instant in the provider's calendar."""
        if at.tzinfo is None:
            raise LocalError("an instant needs a time zone")
        return at.astimezone(self.time_zone).date()

    def vat_on(self, day: date) -> Fraction:
        """Give the tax rate of a local day."""
        rate = self.vat.rate_at(self.country, day)
        if rate is None:
            raise LocalError(f"no tax rate of {self.country} is known on {day}")
        return rate

    def price_factor(self, terms: ChargeListTerms, day: date) -> Fraction:
        """Give what a gross price is multiplied with, so that its net price stays."""
        if terms.basis is Basis.NET:
            return Fraction(1)
        return (1 + self.vat_on(day)) / (1 + terms.vat_reference)
