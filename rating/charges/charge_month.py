"""The fees of a month: one-off fees that fall due in it, and monthly ones by their days."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from rating.charges.amount import Amount
from rating.charges.booking import Booking, FeePart, Grant, Month
from rating.charges.charge_book import ChargeBook, ChargeList
from rating.charges.fee import Billing, FeeRow, FeeSchedule, NoPrice, Price
from rating.charges.reduction import Reduction
from rating.errors import LocalError
from rating.pricing import Source


@dataclass(frozen=True, slots=True)
class MonthParams:
    """All that one customer has booked with a provider, and the month to charge."""

    book: ChargeBook
    month: Month
    bookings: tuple[Booking, ...]
    """In the order of booking; that decides which unit is the first."""
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class ChargedFee:
    """One position: units of one row, charged once or for days of the month."""

    row: FeeRow
    plan: str
    part: FeePart
    unit_days: int
    """Days of all units; for a one-off fee the units."""
    days: int
    """Days of the month; 1 for a one-off fee."""
    price: Fraction
    """For a unit and month (or once), with all that is taken off, at the tax of the day."""
    amount: Amount
    reductions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnpricedFee:
    """Something booked that the list has no price for; it is never silently 0."""

    item: str
    plan: str
    part: FeePart
    reason: str
    """``no_list``, ``no_row``, or the word of the row (``NoPrice``)."""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class MonthCharges:
    """The positions of a month, in the order of booking."""

    fees: tuple[ChargedFee, ...]
    unpriced: tuple[UnpricedFee, ...]


@dataclass(frozen=True, slots=True)
class _Due:
    """Units of a row that are to be charged; the tax is that of the day."""

    row: FeeRow
    plan: str
    part: FeePart
    unit_days: int
    day: date


def charge_month(params: MonthParams) -> MonthCharges:
    """Charge the fees of a month."""
    reckoning = _Reckoning(params)
    positions = [*reckoning.once(), *reckoning.monthly()]
    return MonthCharges(
        tuple(one for one in positions if isinstance(one, ChargedFee)),
        tuple(one for one in positions if isinstance(one, UnpricedFee)),
    )


_Key = tuple[str, str]
_Days = dict[_Key, dict[FeeRow, list[int]]]


class _Reckoning:
    """Charges one month of one customer."""

    def __init__(self, params: MonthParams) -> None:
        self._book = params.book
        self._month = params.month
        self._groups: dict[_Key, list[Booking]] = defaultdict(list)
        for booking in params.bookings:
            plan = params.book.fee_plan(booking.item, booking.plan)
            self._groups[booking.item, plan].append(booking)
        self._booked = {booking.item for booking in params.bookings if self._touches_month(booking)}
        self._grants = [
            (grant, reduction)
            for grant in params.grants
            for reduction in self._reductions(grant.reduction_id)
        ]

    def once(self) -> Iterator[ChargedFee | UnpricedFee]:
        """Charge what was activated in the month."""
        for (item, plan), bookings in self._groups.items():
            for place, booking in enumerate(bookings):
                if Month.of(booking.valid_from) != self._month:
                    continue
                charges = self._book.list_on(booking.valid_from)
                schedule = None if charges is None else charges.bookable(item, plan)
                if charges is None or schedule is None:
                    reason = "no_list" if charges is None else "no_row"
                    yield UnpricedFee(item, plan, FeePart.ONCE, reason)
                    continue
                for row, units in _new_units(schedule, bookings, place):
                    due = _Due(row, plan, FeePart.ONCE, units, booking.valid_from)
                    yield from self._charge(charges, due)

    def monthly(self) -> Iterator[ChargedFee | UnpricedFee]:
        """Charge the days of the month."""
        charges = self._book.list_on(self._month.first_day)
        held = {
            key: bookings
            for key, bookings in self._groups.items()
            if any(booking.holds_on(day) for booking in bookings for day in self._month.days())
        }
        if charges is None:
            for item, plan in held:
                yield UnpricedFee(item, plan, FeePart.MONTHLY, "no_list")
            return
        days: _Days = {}
        for (item, plan), bookings in held.items():
            schedule = charges.bookable(item, plan)
            if schedule is None:
                yield UnpricedFee(item, plan, FeePart.MONTHLY, "no_row")
            else:
                days[item, plan] = self._days_by_row(schedule, bookings)
        advantage, days = self._take_snapshot(charges, days)
        free = self._free_units(days)
        for key, rows in days.items():
            for row, units in rows.items():
                yield from self._charge(
                    charges,
                    _Due(row, key[1], FeePart.MONTHLY, sum(units), self._month.last_day),
                    advantage=advantage if self._is_profile(row) else Fraction(0),
                    freed_by=free.get((key, row)),
                )

    def _days_by_row(
        self, schedule: FeeSchedule, bookings: list[Booking]
    ) -> dict[FeeRow, list[int]]:
        counts = [
            sum(booking.count for booking in bookings if booking.holds_on(day))
            for day in self._month.days()
        ]
        if schedule.billing is Billing.MONTH_START:
            counts = [max(counts)] * len(counts)
        return _spread(schedule, counts)

    def _is_profile(self, row: FeeRow) -> bool:
        snapshot = self._book.snapshot
        return snapshot is not None and row.item == snapshot.profile

    def _take_snapshot(self, charges: ChargeList, days: _Days) -> tuple[Fraction, _Days]:
        """Say what the advantage of the 1st takes off; with it, profiles count as on the 1st."""
        snapshot, first = self._book.snapshot, self._month.first_day
        reduction = charges.schedule(snapshot.advantage, "") if snapshot is not None else None
        if snapshot is None or reduction is None:
            return Fraction(0), days
        everything = (booking for group in self._groups.values() for booking in group)
        counts = snapshot.profiles_on_first(
            tuple(booking for booking in everything if booking.holds_on(first))
        )
        value = reduction.row_for(sum(counts.values())).monthly
        if not counts or not isinstance(value, Fraction):
            return Fraction(0), days
        frozen: _Days = {}
        for plan, count in counts.items():
            schedule = charges.schedule(snapshot.profile, plan)
            if schedule is not None:
                frozen[snapshot.profile, plan] = _spread(schedule, [count] * self._month.day_count)
        return value, frozen | {key: one for key, one in days.items() if key[0] != snapshot.profile}

    def _free_units(self, days: _Days) -> dict[tuple[_Key, FeeRow], str]:
        """Take units that a reduction makes free off each day; the dearest go first."""
        freed = {}
        for grant, reduction in self._grants:
            for items, units in reduction.free_units:
                limit = self._limit_by_day(reduction, grant, units)
                rows = [
                    (key, row, counts)
                    for key, by_row in days.items()
                    for row, counts in by_row.items()
                    if row.item in items
                ]
                rows.sort(key=lambda entry: _worth(entry[1].monthly), reverse=True)
                for key, row, counts in rows:
                    for day, count in enumerate(counts):
                        taken = min(count, limit[day])
                        counts[day] -= taken
                        limit[day] -= taken
                        if taken:
                            freed[key, row] = reduction.id
        return freed

    def _limit_by_day(self, reduction: Reduction, grant: Grant, units: int) -> list[int]:
        granted = units if grant.units is None else min(units, grant.units)
        limit = [granted] * self._month.day_count
        if not reduction.at_most_as_many_as:
            return limit
        partners = [0] * self._month.day_count
        for booking in self._groups_of(reduction.at_most_as_many_as):
            for place, day in enumerate(self._month.days()):
                partners[place] += booking.count if booking.holds_on(day) else 0
        return [min(pair) for pair in zip(limit, partners, strict=True)]

    def _groups_of(self, item: str) -> Iterator[Booking]:
        for (name, _), bookings in self._groups.items():
            if name == item:
                yield from bookings

    def _charge(
        self,
        charges: ChargeList,
        due: _Due,
        *,
        advantage: Fraction = Fraction(0),
        freed_by: str | None = None,
    ) -> Iterator[ChargedFee | UnpricedFee]:
        row, part = due.row, due.part
        printed = row.once if part is FeePart.ONCE else row.monthly
        if printed is None or printed is NoPrice.INCLUDED:
            return
        if isinstance(printed, NoPrice):
            yield UnpricedFee(row.item, due.plan, part, printed.value, row.source)
            return
        days = 1 if part is FeePart.ONCE else self._month.day_count
        price = (printed - advantage) * self._book.price_factor(charges.terms, due.day)
        reductions = [freed_by] if freed_by else []
        if advantage and self._book.snapshot is not None:
            reductions.append(self._book.snapshot.advantage)
        for grant, reduction in self._grants:
            percent = reduction.percent if reduction.percent is not None else grant.percent
            if percent is not None and reduction.touches(row.item, part):
                price *= 1 - percent
                reductions.append(reduction.id)
        exact = price * Fraction(due.unit_days, days)
        amount = Amount(exact, charges.terms.basis, self._book.vat_on(due.day))
        yield ChargedFee(row, due.plan, part, due.unit_days, days, price, amount, tuple(reductions))

    def _reductions(self, reduction_id: str) -> list[Reduction]:
        found = [one for one in self._book.reductions if one.id == reduction_id]
        if not found:
            raise LocalError(f"{self._book.provider} has no reduction {reduction_id!r}")
        return [one for one in found if one.holds_with(self._booked)]

    def _touches_month(self, booking: Booking) -> bool:
        return any(booking.holds_on(day) for day in self._month.days())


def _spread(schedule: FeeSchedule, counts: list[int]) -> dict[FeeRow, list[int]]:
    """Give the units of each row by day, without rows that never have any."""
    spread = {row: [row.units_of(count) for count in counts] for row in schedule.rows}
    return {row: units for row, units in spread.items() if any(units)}


def _new_units(
    schedule: FeeSchedule, bookings: list[Booking], place: int
) -> Iterator[tuple[FeeRow, int]]:
    """Give rows and units that a booking adds to those held when it begins."""
    booking = bookings[place]
    day = booking.valid_from
    before = sum(
        one.count
        for number, one in enumerate(bookings)
        if one.holds_on(day) and (one.valid_from, number) < (day, place)
    )
    for row in schedule.rows:
        units = row.units_of(before + booking.count) - row.units_of(before)
        if units > 0:
            yield row, units


def _worth(price: Price) -> Fraction:
    return price if isinstance(price, Fraction) else Fraction(0)
