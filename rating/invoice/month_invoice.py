"""The invoice of an account for a month: fees, then calls by destination, then what else was used.

Texts of positions are those of the price lists, so they are German, as the lists are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from rating.charges import ChargedFee, ChargedUsage, ChargedWork, FeePart, MonthCharges, UnpricedFee
from rating.engine import Quote
from rating.invoice.invoice import Invoice, InvoiceItem, Section, make_invoice
from rating.money import MICROS_PER_EURO
from rating.pricing import Basis


@dataclass(frozen=True, slots=True)
class InvoicedCall:
    """A call as it was stored when it ended; nothing is rated again."""

    destination: str
    """The row of the price list; calls to one destination make one position."""
    seconds: int
    amount_micros: int
    """In the basis."""
    basis: Basis
    vat_rate: Fraction

    @classmethod
    def of(cls, quote: Quote, *, billed_s: int, amount_micros: int) -> "InvoicedCall":
        """Take the stored quote, seconds and amount of a call detail record."""
        return cls(quote.destination, billed_s, amount_micros, quote.basis, quote.vat_rate)


@dataclass(frozen=True, slots=True)
class MonthInvoice:
    """An invoice, and what was booked but could not be priced; that needs somebody's decision."""

    invoice: Invoice
    unpriced: tuple[UnpricedFee, ...]


def invoice_month(
    basis: Basis,
    *,
    charges: MonthCharges,
    calls: Iterable[InvoicedCall] = (),
    usage: Iterable[ChargedUsage | ChargedWork] = (),
    others: Iterable[InvoiceItem] = (),
) -> MonthInvoice:
    """Invoice the fees of a month with the calls and the usage that began in it.

    All must have the basis. A conversation is a usage (``Conversation.charged``); ``others`` are
    credits and corrections.
    """
    items = (
        *(_of_fee(fee) for fee in charges.fees),
        *(_of_call(call) for call in calls),
        *_of_usage(usage),
        *others,
    )
    return MonthInvoice(make_invoice(basis, items), charges.unpriced)


def _of_fee(fee: ChargedFee) -> InvoiceItem:
    units, rest = divmod(fee.unit_days, fee.days)
    when = "einmalig" if fee.part is FeePart.ONCE else "monatlich"
    if rest:
        units, when = 1, f"anteilig {fee.unit_days}/{fee.days} Tage"
    return InvoiceItem(
        position=f"{fee.row.label}, {when}",
        amount=fee.amount.exact,
        basis=fee.amount.basis,
        vat_rate=fee.amount.vat_rate,
        quantity=units,
        section=Section.FEES,
    )


def _of_call(call: InvoicedCall) -> InvoiceItem:
    return InvoiceItem(
        position=call.destination,
        amount=Fraction(call.amount_micros, MICROS_PER_EURO),
        basis=call.basis,
        vat_rate=call.vat_rate,
        section=Section.CALLS,
        seconds=call.seconds,
    )


def _of_usage(usage: Iterable[ChargedUsage | ChargedWork]) -> Iterator[InvoiceItem]:
    for one in usage:
        yield InvoiceItem(
            position=one.row.label,
            amount=one.amount.exact,
            basis=one.amount.basis,
            vat_rate=one.amount.vat_rate,
            section=Section.USAGE,
        )
