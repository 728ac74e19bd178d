"""What holds for a call whichever number it goes to, and what pricing it is asked with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from rating.numbering import E164Number, LineType, NumberRange, PrefixTable, ServiceNumber
from rating.pricing import (
    BookedPlan,
    Callee,
    CallOrigin,
    ExternalPrice,
    Option,
    PriceList,
    Rate,
    Subscription,
    TariffPlan,
    Tariffs,
    Zone,
)

_NO_TAX: Final = Fraction(0)
_AT_HOME: Final = CallOrigin()


@dataclass(frozen=True, slots=True)
class QuoteParams:
    """What a price depends on."""

    tariffs: Tariffs
    subscription: Subscription
    number: E164Number | ServiceNumber | None
    """``None`` where none is needed: short dial, mailbox, and calls that come in."""
    prefix_table: PrefixTable
    at: datetime
    """When the call is answered or, before that, now; aware."""
    origin: CallOrigin = _AT_HOME
    callee: Callee = Callee.OTHER
    external_price: ExternalPrice | None = None
    """What somebody else told that he charges; it stands before what the tariffs know."""


class UnpricedReason(StrEnum):
    """Why a number has no price."""

    NO_ROW = "no_row"
    EXTERNAL_PRICE = "external_price"
    """Somebody else sets the price, and nobody has told it."""
    NO_PLAN = "no_plan"
    """The account has no plan on that day."""
    NOT_FROM_ORIGIN = "not_from_origin"
    """The list has no prices for calls from this kind of access."""
    BEFORE_LIST = "before_list"
    AFTER_LIST = "after_list"
    PREMIUM_ABROAD = "premium_abroad"
    """A premium number of another country without a row of its own: the way of fraud."""
    NOT_ASSIGNED = "not_assigned"
    """No numbering plan assigns the range."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """The list gives no price; the call must not be made."""

    reason: UnpricedReason
    prefix: str = ""


class Match(NamedTuple):
    """The row that prices a number, and the names that covers may know the number by."""

    rate: Rate
    readings: tuple[str, ...]
    prefix: str
    line_type: LineType
    names: tuple[str, ...]


class CallTerms:
    """Plan, list, options and tax of an account at an instant."""

    __slots__ = (
        "booked", "day", "option_ids", "options", "params", "plan", "price_list", "tariff",
        "vat_rate",
    )  # fmt: skip

    def __init__(self, params: QuoteParams, booked: BookedPlan, day: date) -> None:
        self.params = params
        self.booked = booked
        self.day = day
        self.tariff: TariffPlan = params.tariffs.plan(booked.provider)
        self.plan = self.tariff.plan(booked.plan_id)
        self.price_list: PriceList | None = self.tariff.list_for(booked, day)
        self.options: list[Option] = self.tariff.options_of(booked, day, params.subscription)
        self.option_ids = {option.id for option in self.options}
        self.vat_rate = params.tariffs.vat.rate_at(self.tariff.country, day) or _NO_TAX

    @classmethod
    def of(cls, params: QuoteParams) -> "CallTerms | None":
        """Find what holds for the caller; ``None`` without a plan on that day."""
        found = params.tariffs.plan_at(params.subscription, params.at)
        return None if found is None else cls(params, *found)

    def columns(self) -> tuple[str, ...]:
        """List the price columns that hold, the most special first."""
        return self.tariff.columns.holding(self.plan.id, self.params.origin.kind, self.option_ids)


def zone_readings(rate: Rate, entry: NumberRange, zones: Sequence[Zone]) -> tuple[str, ...]:
    """Give the decisions on zones that a row priced a number by."""
    named = {selector.partition("/")[0] for selector in rate.match} if zones else ()
    for zone in zones:
        if zone.selector in named:
            return zone.readings_of(entry)
    return ()
