"""Invoices: stored amounts to positions in cents, and the tax once on their total."""

from rating.invoice.invoice import (
    Invoice,
    InvoiceItem,
    Position,
    Section,
    TaxTotal,
    make_invoice,
)
from rating.invoice.month_invoice import InvoicedCall, MonthInvoice, invoice_month

__all__ = [
    "Invoice",
    "InvoiceItem",
    "InvoicedCall",
    "MonthInvoice",
    "Position",
    "Section",
    "TaxTotal",
    "invoice_month",
    "make_invoice",
]
