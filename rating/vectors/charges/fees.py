"""Vectors of the kind ``fees``: what a month of bookings costs."""

from collections.abc import Iterable
from fractions import Fraction

from rating.charges import (
    ChargeBook,
    ChargedFee,
    Grant,
    Month,
    MonthCharges,
    MonthParams,
    UnpricedFee,
    charge_month,
)
from rating.errors import VectorError
from rating.money import format_euro
from rating.stored_record import JsonValue
from rating.vectors.charges.forms import COUNT_MAX, NAME, read_bookings, read_month
from rating.vectors.exact_text import write_number
from rating.vectors.json_object import Keys

_GRANTS_MAX = 16


def answer_fees(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Charge the fees of a month."""
    charges = charge_fees(keys, book)
    fees: list[dict[str, JsonValue]] = [_fee(fee) for fee in charges.fees]
    unpriced: list[dict[str, JsonValue]] = [write_unpriced(fee) for fee in charges.unpriced]
    total = sum((fee.amount.exact for fee in charges.fees), Fraction(0))
    return {
        "fees": fees,
        "unpriced": unpriced,
        "amount": write_number(total),
        "net": format_euro(sum(fee.amount.net_micros for fee in charges.fees), style="plain"),
        "gross": format_euro(sum(fee.amount.gross_micros for fee in charges.fees), style="plain"),
    }


def charge_fees(keys: Keys, book: ChargeBook) -> MonthCharges:
    """Read a month with its bookings and grants, and charge it."""
    return charge_month(
        MonthParams(
            book=book,
            month=Month(*read_month(keys, "month")),
            bookings=read_bookings(keys, "bookings", book),
            grants=tuple(_grants(keys, book)),
        )
    )


def write_unpriced(fee: UnpricedFee) -> dict[str, JsonValue]:
    """Write what has no price."""
    return {
        "item": fee.item,
        "plan": fee.plan or None,
        "part": fee.part.value,
        "reason": fee.reason,
    }


def _grants(keys: Keys, book: ChargeBook) -> Iterable[Grant]:
    known = {reduction.id for reduction in book.reductions}
    for entry in keys.objects("grants", high=_GRANTS_MAX):
        name = entry.text("id", NAME)
        if name not in known:
            raise VectorError(f"{book.provider} has no reduction {name}")
        percent = entry.number("percent") if "percent" in entry.names() else None
        if percent is not None and percent > 1:
            entry.wrong("percent", 'a share of at most 1 such as "0.10"')
        units = None
        if "units" in entry.names():
            units = entry.count("units", low=0, high=COUNT_MAX)
        yield Grant(name, percent, units)
        entry.refuse_others()


def _fee(fee: ChargedFee) -> dict[str, JsonValue]:
    return {
        "item": fee.row.item,
        "plan": fee.plan or None,
        "part": fee.part.value,
        "unit_days": fee.unit_days,
        "days": fee.days,
        "price": write_number(fee.price),
        "reductions": list(fee.reductions),
        "amount": write_number(fee.amount.exact),
    }
