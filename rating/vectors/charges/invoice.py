"""Vectors of the kinds ``invoice`` and ``bill``: amounts to positions, and tax on their total."""

import re
from fractions import Fraction
from typing import Final

from rating.charges import ChargeBook, ChargedUsage
from rating.invoice import (
    Invoice,
    InvoicedCall,
    InvoiceItem,
    TaxTotal,
    invoice_month,
    make_invoice,
)
from rating.money import MICROS_PER_CENT, MICROS_PER_EURO, format_euro
from rating.pricing import Basis
from rating.stored_record import JsonValue
from rating.vectors.charges.fees import charge_fees, write_unpriced
from rating.vectors.charges.forms import COUNT_MAX, LABEL
from rating.vectors.charges.usage import charge_sequence
from rating.vectors.exact_text import read_number, write_number
from rating.vectors.json_object import Keys, TextForm

_ITEMS_MAX: Final = 1000
_CALL_S_MAX: Final = 31 * 86_400
_AMOUNT: Final = TextForm(re.compile(r"-?[0-9./]{1,82}"), "an exact number in quotation marks")
_STORED: Final = TextForm(
    re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?"), "euros with at most six decimals"
)


def answer_invoice(keys: Keys) -> dict[str, JsonValue]:
    """Make an invoice of amounts."""
    basis = keys.choice("basis", Basis, default=Basis.NET)
    items = [_item(entry, basis) for entry in keys.objects("items", high=_ITEMS_MAX)]
    return _invoice(make_invoice(basis, items))


def answer_bill(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Make the invoice of a month of an account; what was refused to it is not on it."""
    charges = charge_fees(keys, book)
    usage = [one for one in charge_sequence(keys, book) if isinstance(one, ChargedUsage)]
    basis = book.lists[0].terms.basis
    calls = [_call(entry, basis) for entry in keys.objects("calls", high=_ITEMS_MAX)]
    others = [_item(entry, basis) for entry in keys.objects("items", high=_ITEMS_MAX)]
    made = invoice_month(basis, charges=charges, calls=calls, usage=usage, others=others)
    unpriced: list[dict[str, JsonValue]] = [write_unpriced(fee) for fee in made.unpriced]
    return {**_invoice(made.invoice), "unpriced": unpriced}


def _invoice(invoice: Invoice) -> dict[str, JsonValue]:
    positions: list[dict[str, JsonValue]] = [
        {
            "section": one.section.value,
            "position": one.text,
            "quantity": one.quantity,
            "items": one.item_count,
            "seconds": one.seconds,
            "vat_rate": write_number(one.vat_rate),
            "amount": _cents(one.amount_cents),
        }
        for one in invoice.positions
    ]
    totals: list[dict[str, JsonValue]] = [
        {"vat_rate": write_number(one.vat_rate), **_sums(one)} for one in invoice.totals
    ]
    return {"positions": positions, "totals": totals, **_sums(invoice)}


def _sums(of: Invoice | TaxTotal) -> dict[str, JsonValue]:
    return {
        "net": _cents(of.net_cents),
        "vat": _cents(of.vat_cents),
        "gross": _cents(of.gross_cents),
    }


def _item(keys: Keys, basis: Basis) -> InvoiceItem:
    found = InvoiceItem(
        position=keys.text("position", LABEL),
        amount=_signed(keys, "amount"),
        basis=basis,
        vat_rate=keys.number("vat_rate"),
        quantity=keys.count("quantity", low=1, high=COUNT_MAX, default=1),
    )
    keys.refuse_others()
    return found


def _call(keys: Keys, basis: Basis) -> InvoicedCall:
    micros = Fraction(keys.text("amount", _STORED)) * MICROS_PER_EURO
    found = InvoicedCall(
        destination=keys.text("destination", LABEL),
        seconds=keys.count("seconds", low=0, high=_CALL_S_MAX),
        amount_micros=int(micros),
        basis=basis,
        vat_rate=keys.number("vat_rate"),
    )
    keys.refuse_others()
    return found


def _signed(keys: Keys, key: str) -> Fraction:
    text = keys.text(key, _AMOUNT)
    try:
        size = read_number(text.removeprefix("-"))
    except ValueError:
        keys.wrong(key, _AMOUNT.expected)
    return -size if text.startswith("-") else size


def _cents(cents: int) -> str:
    return format_euro(cents * MICROS_PER_CENT, style="plain").removesuffix("0000")
