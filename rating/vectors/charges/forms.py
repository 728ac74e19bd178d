"""What the inputs of all kinds of charge vectors are made of."""

import re
from datetime import date
from fractions import Fraction
from typing import Final

from rating.charges import Amount, Booking, CartLine, ChargeBook
from rating.errors import VectorError
from rating.money import format_euro
from rating.stored_record import JsonValue
from rating.vectors.exact_text import write_number
from rating.vectors.json_object import Keys, TextForm

BOOKINGS_MAX: Final = 1000
COUNT_MAX: Final = 100_000
QUANTITY_MAX: Final = 10**14
"""Bytes of a month at any speed that is sold, and far more than anybody can send or say."""

NAME: Final = TextForm(re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"), "a name")
FACT: Final = TextForm(re.compile(r"[a-z][a-z_]{0,63}"), "a name of a-z and _")
LABEL: Final = TextForm(re.compile(r"[^\x00-\x1f\x7f]{1,200}"), "1 to 200 characters")
_MONTH: Final = TextForm(re.compile(r"2[01][0-9]{2}-(?:0[1-9]|1[0-2])"), "a month such as 2026-05")
_SECONDS: Final = TextForm(
    re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?"), 'seconds in quotation marks such as "59.4"'
)
_MICROS_PER_SECOND: Final = 1_000_000
_DURATION_S_MAX: Final = 31 * 86_400


def read_month(keys: Keys, key: str) -> tuple[int, int]:
    """Read year and number of a month."""
    year, _, number = keys.text(key, _MONTH).partition("-")
    return int(year), int(number)


def read_duration_us(keys: Keys, key: str) -> int:
    """Read a duration of at most 31 days."""
    micros = Fraction(keys.text(key, _SECONDS)) * _MICROS_PER_SECOND
    if micros > _DURATION_S_MAX * _MICROS_PER_SECOND:
        keys.wrong(key, f"at most {_DURATION_S_MAX} seconds")
    return int(micros)


def read_bookings(keys: Keys, key: str, book: ChargeBook) -> tuple[Booking, ...]:
    """Read what is booked; an item that no list knows is no refusal but an error."""
    return tuple(_booking(entry, book) for entry in keys.objects(key, high=BOOKINGS_MAX))


def read_lines(keys: Keys, key: str, book: ChargeBook) -> tuple[CartLine, ...]:
    """Read lines of a cart or contract; an item that nobody knows is an error."""
    return tuple(_line(entry, book) for entry in keys.objects(key, high=BOOKINGS_MAX))


def write_day(day: date | None) -> str | None:
    """Write a day."""
    return None if day is None else day.isoformat()


def write_amount(amount: Amount) -> dict[str, JsonValue]:
    """Write an amount exactly, and rounded with and without tax."""
    return {
        "basis": amount.basis.value,
        "vat_rate": write_number(amount.vat_rate),
        "amount": write_number(amount.exact),
        "net": format_euro(amount.net_micros, style="plain"),
        "gross": format_euro(amount.gross_micros, style="plain"),
    }


def _booking(keys: Keys, book: ChargeBook) -> Booking:
    item = keys.text("item", NAME)
    _check_fee(item, book)
    valid_from, valid_to = keys.day("from"), keys.day_or_none("to")
    if valid_to is not None and valid_to < valid_from:
        keys.wrong("to", "a day that is not before from")
    found = Booking(
        item=item,
        valid_from=valid_from,
        plan=keys.text_or_none("plan", NAME) or "",
        count=keys.count("count", low=1, high=COUNT_MAX, default=1),
        valid_to=valid_to,
        account_id=keys.text_or_none("account", NAME) or "",
    )
    keys.refuse_others()
    return found


def _line(keys: Keys, book: ChargeBook) -> CartLine:
    item = keys.text("item", NAME)
    if item not in book.orders.items_without_fee:
        _check_fee(item, book)
    found = CartLine(
        item=item,
        count=keys.count("count", low=-COUNT_MAX, high=COUNT_MAX, default=1),
        plan=keys.text_or_none("plan", NAME) or "",
        account_id=keys.text_or_none("account", NAME) or "",
    )
    keys.refuse_others()
    return found


def _check_fee(item: str, book: ChargeBook) -> None:
    if not book.has_fee(item):
        raise VectorError(f"{book.provider} has no item {item}")
