"""From messages, bytes, minutes, conversations and work to money, one usage at a time.

Quantity in begun steps -> what quotas pay, in the order of booking -> what is beyond -> price.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.charges.amount import Amount
from rating.charges.booking import Booking
from rating.charges.charge_book import ChargeBook, ChargeList
from rating.charges.usage import (
    TIMED,
    Beyond,
    Quota,
    ReplyWindow,
    UsageRow,
    UsageUnit,
)
from rating.errors import LocalError
from rating.money import round_up

MICROS_PER_SECOND: Final = 1_000_000


class UsageRefusal(StrEnum):
    """Why something cannot be used."""

    NO_LIST = "no_list"
    """No list holds on that day."""
    NO_ROW = "no_row"
    """The list does not know it."""
    NOT_IN_PLAN = "not_in_plan"
    """Not offered with this plan."""
    NO_PRICE = "no_price"
    """No quota pays it (any more), and the list has no price for it."""
    WINDOW_CLOSED = "window_closed"
    """The time to answer is over."""


@dataclass(frozen=True, slots=True)
class UsageParams:
    """Who uses what, and when."""

    book: ChargeBook
    item: str
    at: datetime
    plan: str = ""
    bookings: tuple[Booking, ...] = ()
    """Options of the account, in the order of booking."""
    quota_used: Mapping[str, int] = field(default_factory=dict)
    """Pieces or bytes by quota that were used in the calendar month before this usage."""


@dataclass(frozen=True, slots=True)
class ChargedUsage:
    """What a usage costs and who pays which part of it."""

    row: UsageRow
    """Row whose price was taken."""
    quantity: int
    """Seconds, bytes or pieces, in begun steps."""
    paid_by_quota: tuple[tuple[str, int], ...]
    """Quotas and what each of them paid."""
    charged: int
    """The rest, which the price is for."""
    throttled: Quota | None
    """The quota behind which the rest is slow and free."""
    price: Fraction
    """For one unit, at the tax of the day."""
    amount: Amount


@dataclass(frozen=True, slots=True)
class UsageRefused:
    """Nothing was used and nothing is charged."""

    item: str
    reason: UsageRefusal
    offer: str = ""
    """What could be used instead."""


def charge_messages(
    params: UsageParams, *, characters: int | None = None, recipients: int = 1
) -> ChargedUsage | UsageRefused:
    """Charge a message; a row with a step counts one for each begun step of characters."""
    found = find_row(params, UsageUnit.MESSAGE)
    if isinstance(found, UsageRefused):
        return found
    if recipients < 1:
        raise LocalError(f"a message to {recipients} recipients")
    pieces = 1
    if found.row.step and characters is not None:
        pieces = max(1, round_up(characters, found.row.step))
    return charge_quantity(params, found, pieces * recipients)


def charge_reply(
    params: UsageParams, *, last_incoming_at: datetime | None, characters: int
) -> ChargedUsage | UsageRefused:
    """Charge an answer, which is possible while the window of the last incoming message is open."""
    window = next((one for one in params.book.reply_windows if one.item == params.item), None)
    if window is None:
        raise LocalError(f"{params.item} has no window for replies")
    if last_incoming_at is None or not _is_open(window, last_incoming_at, params.at):
        return UsageRefused(params.item, UsageRefusal.WINDOW_CLOSED, window.offer)
    return charge_messages(params, characters=characters)


def charge_data(params: UsageParams, *, size_bytes: int) -> ChargedUsage | UsageRefused:
    """Charge a data session; a begun step of bytes counts."""
    found = find_row(params, UsageUnit.MEGABYTE)
    if isinstance(found, UsageRefused):
        return found
    return charge_quantity(params, found, _in_steps(size_bytes, found.row.step))


def charge_minutes(params: UsageParams, *, duration_us: int) -> ChargedUsage | UsageRefused:
    """Charge time, such as that of a machine which talks; a begun step of seconds counts."""
    found = find_row(params, *TIMED)
    if isinstance(found, UsageRefused):
        return found
    seconds = round_up(duration_us, MICROS_PER_SECOND)
    return charge_quantity(params, found, _in_steps(seconds, found.row.step))


def find_item(
    book: ChargeBook, service: str, at: datetime, *, to: str = "", visited: str = ""
) -> str | None:
    """Find the row of a service by its place; ``to`` and ``visited`` are regions (ISO 3166).

    Abroad a row ``in`` the visited region or its zone; at home one ``to`` the region, to its zone,
    to anywhere (``*``), or one for all that is done at ``home``.
    """
    charges = book.list_on(book.local_day(at))
    if charges is None:
        return None
    places = {row.place: row.item for row in charges.usage.values() if row.service == service}
    wanted: list[str] = []
    if region := visited or to:
        zones = [zone.selector for names in charges.zones for zone in names.of_region(region)]
        wanted = [f"{'in' if visited else 'to'} {name}" for name in (region, *zones)]
    if not visited:
        wanted += ["to *", "home"] if to else ["home"]
    return next((places[place] for place in wanted if place in places), None)


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row in force, with its list and the factor of the day on its prices."""

    charges: ChargeList
    row: UsageRow
    factor: Fraction
    vat_rate: Fraction

    def amount(self, exact: Fraction) -> Amount:
        """Give an amount at the tax of the day."""
        return Amount(exact * self.factor, self.charges.terms.basis, self.vat_rate)


def find_row(params: UsageParams, *units: UsageUnit) -> FoundRow | UsageRefused:
    """Find the row that prices an item for a plan on the local day, by one of these units."""
    day = params.book.local_day(params.at)
    charges = params.book.list_on(day)
    if charges is None:
        return UsageRefused(params.item, UsageRefusal.NO_LIST)
    row = charges.usage.get(params.item)
    if row is None:
        return UsageRefused(params.item, UsageRefusal.NO_ROW)
    if row.unit not in units:
        raise LocalError(f"{row.item} is priced by the {row.unit}")
    if row.plans and params.plan not in row.plans:
        return UsageRefused(params.item, UsageRefusal.NOT_IN_PLAN)
    factor = params.book.price_factor(charges.terms, day)
    return FoundRow(charges, row, factor, params.book.vat_on(day))


def charge_quantity(
    params: UsageParams, found: FoundRow, quantity: int
) -> ChargedUsage | UsageRefused:
    """Charge a quantity in begun steps: first the quotas, then the price of what is beyond."""
    row, rest, last = found.row, quantity, None
    paid: list[tuple[str, int]] = []
    for quota, granted in _quotas(params, row):
        last = quota
        left = rest if granted is None else granted - params.quota_used.get(quota.id, 0)
        taken = min(rest, max(0, left))
        rest -= taken
        if taken:
            paid.append((quota.id, taken))
    throttled = last if rest and last is not None and last.beyond is Beyond.THROTTLE else None
    if rest and last is not None and last.beyond_item:
        row = found.charges.usage[last.beyond_item]
    refused = last is not None and last.beyond is Beyond.REFUSE
    if rest and throttled is None and (refused or row.price is None):
        return UsageRefused(params.item, UsageRefusal.NO_PRICE)
    charged = 0 if throttled else rest
    price = (row.price or Fraction(0)) * found.factor
    amount = found.amount(row.cost(charged))
    return ChargedUsage(row, quantity, tuple(paid), charged, throttled, price, amount)


def _quotas(params: UsageParams, row: UsageRow) -> Iterable[tuple[Quota, int | None]]:
    """Give the quotas of booked options that pay this usage, with what a month grants of each."""
    day = params.book.local_day(params.at)
    units: dict[str, int] = {}
    for booking in params.bookings:
        if booking.holds_on(day):
            units[booking.item] = units.get(booking.item, 0) + booking.count
    by_option = {quota.option: quota for quota in params.book.quotas if row.item in quota.usage}
    for option, count in units.items():
        quota = by_option.get(option)
        if quota is not None:
            yield quota, None if quota.amount is None else quota.amount * count


def _in_steps(quantity: int, step: int) -> int:
    if quantity < 0:
        raise LocalError(f"nobody uses {quantity} of something")
    return round_up(quantity, step) * step


def _is_open(window: ReplyWindow, last_incoming_at: datetime, at: datetime) -> bool:
    return timedelta(0) <= at - last_incoming_at < timedelta(seconds=window.window_s)
