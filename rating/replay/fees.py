"""What a combination of plan and options costs besides calls, and whether it can be ordered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rating.charges import (
    Booking,
    Cart,
    CartLine,
    ChargeBook,
    ChargedFee,
    Contract,
    FeePart,
    Month,
    MonthParams,
    OrderCase,
    UnpricedFee,
    Violation,
    charge_month,
    complete_cart,
    validate_order,
)
from rating.pricing import Plan
from rating.replay.combinations import Combination


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees of the months of a simulation, gross, and what stands against the order."""

    monthly_micros: int
    """Of all months together."""
    once_micros: int
    unpriced: tuple[UnpricedFee, ...]
    """What is needed and has no price, such as a position on request."""
    violations: tuple[Violation, ...]

    @property
    def is_orderable(self) -> bool:
        """Whether anybody could have it at a known price."""
        return not self.violations and not self.unpriced


def fees_of(
    book: ChargeBook,
    combination: Combination,
    plan: Plan,
    *,
    months: Sequence[Month],
    calls_at_once: int,
    facts: frozenset[str] = frozenset(),
) -> Fees:
    """Order a combination as new, with what it must hold besides, and charge its months.

    ``calls_at_once`` is what plans need that are paid by the channel; ``facts`` are what the order
    rules may ask of the customer.
    """
    units = max(1, calls_at_once) if plan.item_per_call else 1
    lines = [CartLine(plan.item, units, plan.id)] if plan.item else []
    lines += [CartLine(option_id, count, plan.id) for option_id, count in combination.options]
    contract = Contract(facts=facts)
    cart = Cart(OrderCase.NEW, tuple(lines), combination.price_list)
    cart = complete_cart(book, cart, contract)
    since = months[0].first_day
    violations = validate_order(book, cart, contract, on=since)
    bookings = tuple(
        Booking(line.item, since, line.plan, line.count) for line in cart.lines if line.count > 0
    )
    charged = [charge_month(MonthParams(book, month, bookings)) for month in months]
    fees = [fee for month in charged for fee in month.fees]
    return Fees(
        monthly_micros=_sum_micros(fee for fee in fees if fee.part is FeePart.MONTHLY),
        once_micros=_sum_micros(fee for fee in fees if fee.part is FeePart.ONCE),
        unpriced=tuple(fee for month in charged for fee in month.unpriced),
        violations=violations,
    )


def months_between(first: date, last: date) -> tuple[Month, ...]:
    """Give the months that two local days and all between them belong to."""
    months = [Month.of(first)]
    while months[-1] < Month.of(last):
        months.append(months[-1].next)
    return tuple(months)


def _sum_micros(fees: Iterable[ChargedFee]) -> int:
    return sum(fee.amount.gross_micros for fee in fees)
