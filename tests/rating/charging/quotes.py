"""Quotes for tests, made of a price in words."""

from __future__ import annotations

from fractions import Fraction

from rating.engine import Quote
from rating.numbering import LineType
from rating.pricing import Basis, Increments, UnitPrice


def make_quote(
    price_per_minute: str = "0.06",
    *,
    setup_fee: str = "0",
    increments: tuple[int, int] = (1, 1),
    free_first_s: int = 0,
    caps_s: int | None = None,
    covered_by: str | None = None,
    basis: Basis = Basis.GROSS,
) -> Quote:
    """Six cents a minute to the second, that is 1,000 micro-euros a second, unless told else."""
    return Quote(
        destination="Test",
        line_type=LineType.FIXED,
        prefix="49",
        table_version="test",
        row_id="test/1",
        source=None,
        list_id="test",
        list_version="1",
        unit_price=UnitPrice.compile(Fraction(setup_fee), Fraction(price_per_minute)),
        increments=Increments(*increments),
        free_first_s=free_first_s,
        basis=basis,
        vat_rate=Fraction(19, 100),
        covered_by=covered_by,
        readings=(),
        caps_s=caps_s,
    )
