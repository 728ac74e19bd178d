"""Work of people: begun units of time, dearer outside of the working hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final

from rating.charges.amount import Amount
from rating.charges.charge_usage import (
    MICROS_PER_SECOND,
    UsageParams,
    UsageRefusal,
    UsageRefused,
    find_row,
)
from rating.charges.usage import TIMED, UsageRow, WorkSurcharge
from rating.errors import LocalError
from rating.money import round_up

DAYS_MAX: Final = 31
"""Nobody works longer in one go; bounds the units that are looked at."""


@dataclass(frozen=True, slots=True)
class ChargedWork:
    """What a piece of work costs."""

    row: UsageRow
    units: int
    """Begun units of the row's step."""
    units_outside: int
    """Those among them that lie outside of the working hours and cost more."""
    price: Fraction
    """For one unit of the row, at the tax of the day, without the surcharge."""
    amount: Amount


def charge_work(
    params: UsageParams, *, duration_us: int, holidays: frozenset[date] = frozenset()
) -> ChargedWork | UsageRefused:
    """Charge work that began at ``params.at``; local holidays have no working hours.

    A unit bears the surcharge if all that was worked in it lies outside.
    """
    found = find_row(params, *TIMED)
    if isinstance(found, UsageRefused):
        return found
    row, book = found.row, params.book
    if row.price is None:
        return UsageRefused(row.item, UsageRefusal.NO_PRICE)
    if not 0 <= duration_us <= DAYS_MAX * 86_400 * MICROS_PER_SECOND:
        raise LocalError(f"{row.item} cannot be worked for {duration_us} µs")
    units = round_up(duration_us, row.step * MICROS_PER_SECOND)
    surcharge = next((one for one in book.surcharges if row.item in one.items), None)
    outside = 0
    if surcharge is not None:
        begins = params.at.astimezone(UTC)
        ends = begins + timedelta(microseconds=duration_us)
        step = timedelta(seconds=row.step)
        starts = (begins + step * number for number in range(units))
        outside = sum(
            not _meets_hours(params, surcharge, holidays, (one, min(one + step, ends)))
            for one in starts
        )
    factor = surcharge.factor if surcharge is not None else Fraction(0)
    exact = row.cost(row.step) * (units + factor * outside)
    return ChargedWork(row, units, outside, row.price * found.factor, found.amount(exact))


def _meets_hours(
    params: UsageParams,
    surcharge: WorkSurcharge,
    holidays: frozenset[date],
    span: tuple[datetime, datetime],
) -> bool:
    """Tell whether any part of a span of time lies within the working hours."""
    zone = params.book.time_zone
    day, last = (instant.astimezone(zone).date() for instant in span)
    while day <= last:
        if day.weekday() in surcharge.weekdays and day not in holidays:
            opens = datetime.combine(day, surcharge.begins, zone).astimezone(UTC)
            closes = datetime.combine(day, surcharge.ends, zone).astimezone(UTC)
            if span[0] < closes and opens < span[1]:
                return True
        day += timedelta(days=1)
    return False
