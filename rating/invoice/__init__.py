"""Invoices: stored amounts to positions in cents, and the tax once on their total."""

from rating.invoice.invoice import Invoice, InvoiceItem, Position, TaxTotal, make_invoice

__all__ = ["Invoice", "InvoiceItem", "Position", "TaxTotal", "make_invoice"]
