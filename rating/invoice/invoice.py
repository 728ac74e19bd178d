"""What a customer is asked to pay: positions that add up to the total as they are shown.

Exact or stored amounts are summed for each position and rounded to a cent once, a half away from
zero, so that a correction takes back the cent that was charged. Tax is taken once for each rate:
added to the net total of its positions, or extracted from their gross total.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.errors import LocalError
from rating.money import round_half_up
from rating.pricing import Basis

CENTS_PER_EURO: Final = 100


class Section(StrEnum):
    """The parts that an invoice is read in."""

    FEES = "fees"
    CALLS = "calls"
    USAGE = "usage"
    OTHER = "other"
    """Corrections, credits and whatever else somebody adds."""


@dataclass(frozen=True, slots=True)
class InvoiceItem:
    """One amount to invoice: a fee, a usage, or a call as it was stored."""

    position: str
    """Text of the position; items of one section, text and tax rate make one position."""
    amount: Fraction
    """Euros in the basis: exact for a fee or usage, the stored micro-euros for a call.

    Negative for a credit."""
    basis: Basis
    vat_rate: Fraction
    quantity: int = 1
    section: Section = Section.OTHER
    seconds: int = 0
    """How long a call took; 0 where nobody asks."""


@dataclass(frozen=True, slots=True)
class Position:
    """One line of an invoice."""

    section: Section
    text: str
    quantity: int
    item_count: int
    seconds: int
    amount_cents: int
    """In the basis of the invoice."""
    vat_rate: Fraction


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The positions of one tax rate together; net and tax are the gross total."""

    vat_rate: Fraction
    net_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        """The total with tax."""
        return self.net_cents + self.vat_cents


@dataclass(frozen=True, slots=True)
class Invoice:
    """Positions in the order of their first item, and totals by rate."""

    basis: Basis
    positions: tuple[Position, ...]
    totals: tuple[TaxTotal, ...]

    @property
    def net_cents(self) -> int:
        """Everything without tax."""
        return sum(total.net_cents for total in self.totals)

    @property
    def vat_cents(self) -> int:
        """The tax of all rates."""
        return sum(total.vat_cents for total in self.totals)

    @property
    def gross_cents(self) -> int:
        """What is to be paid."""
        return self.net_cents + self.vat_cents


def make_invoice(basis: Basis, items: Iterable[InvoiceItem]) -> Invoice:
    """Put items of one basis together; a net and a gross list need an invoice each."""
    groups: dict[tuple[Section, str, Fraction], list[InvoiceItem]] = {}
    for item in items:
        if item.basis is not basis:
            raise LocalError(f"{item.position} is {item.basis} on an invoice that is {basis}")
        groups.setdefault((item.section, item.position, item.vat_rate), []).append(item)
    positions = tuple(
        Position(
            section=section,
            text=text,
            quantity=sum(item.quantity for item in group),
            item_count=len(group),
            seconds=sum(item.seconds for item in group),
            amount_cents=_to_cents(sum((item.amount for item in group), Fraction(0))),
            vat_rate=vat_rate,
        )
        for (section, text, vat_rate), group in groups.items()
    )
    rates = sorted({position.vat_rate for position in positions}, reverse=True)
    return Invoice(basis, positions, tuple(_total(basis, positions, rate) for rate in rates))


def _total(basis: Basis, positions: tuple[Position, ...], vat_rate: Fraction) -> TaxTotal:
    cents = sum(one.amount_cents for one in positions if one.vat_rate == vat_rate)
    if basis is Basis.NET:
        tax = cents * vat_rate
        return TaxTotal(vat_rate, cents, _rounded(tax))
    net = cents / (1 + vat_rate)
    net_cents = _rounded(net)
    return TaxTotal(vat_rate, net_cents, cents - net_cents)


def _to_cents(euros: Fraction) -> int:
    return _rounded(euros * CENTS_PER_EURO)


def _rounded(cents: Fraction) -> int:
    size = round_half_up(abs(cents.numerator), cents.denominator)
    return size if cents >= 0 else -size
