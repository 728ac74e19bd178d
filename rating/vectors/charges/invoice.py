"""Vectors of the kind ``invoice``: amounts to positions, and the tax on their total."""

from typing import Final

from rating.invoice import Invoice, InvoiceItem, TaxTotal, make_invoice
from rating.money import MICROS_PER_CENT, format_euro
from rating.pricing import Basis
from rating.stored_record import JsonValue
from rating.vectors.charges.forms import COUNT_MAX, LABEL
from rating.vectors.exact_text import write_number
from rating.vectors.json_object import Keys

_ITEMS_MAX: Final = 1000


def answer_invoice(keys: Keys) -> dict[str, JsonValue]:
    """Make an invoice of amounts."""
    basis = keys.choice("basis", Basis, default=Basis.NET)
    items = [_item(entry, basis) for entry in keys.objects("items", high=_ITEMS_MAX)]
    invoice = make_invoice(basis, items)
    positions: list[dict[str, JsonValue]] = [
        {
            "position": one.text,
            "quantity": one.quantity,
            "items": one.item_count,
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
        amount=keys.number("amount"),
        basis=basis,
        vat_rate=keys.number("vat_rate"),
        quantity=keys.count("quantity", low=1, high=COUNT_MAX, default=1),
    )
    keys.refuse_others()
    return found


def _cents(cents: int) -> str:
    return format_euro(cents * MICROS_PER_CENT, style="plain").removesuffix("0000")
