"""Quotes made from a price in words, without a list."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from rating.engine import Quote
from rating.numbering import LineType
from rating.pricing import Basis, Increments, Source, UnitPrice
from tests.rating.slow_checker import SlowPrice


def make_quote(
    per_minute: str = "0.06",
    *,
    per_call: str = "0",
    increments: tuple[int, int] = (1, 1),
    free_s: int = 0,
    caps_s: int | None = None,
    basis: Basis = Basis.GROSS,
    vat: str = "0.19",
    covered_by: str | None = None,
) -> Quote:
    return Quote(
        destination="Test",
        line_type=LineType.FIXED,
        prefix="49",
        table_version="1",
        row_id="1/standard/fixed",
        source=Source("Test list", 1),
        list_id="test",
        list_version="1",
        unit_price=UnitPrice.compile(Fraction(per_call), Fraction(per_minute)),
        increments=Increments(*increments),
        free_first_s=free_s,
        basis=basis,
        vat_rate=Fraction(vat),
        covered_by=covered_by,
        readings=("R-INC",),
        caps_s=caps_s,
    )


def slow_price(quote: Quote) -> SlowPrice:
    return SlowPrice(
        per_minute=quote.price_per_minute,
        per_call=quote.price_per_call,
        first_s=quote.increments.first_s,
        next_s=quote.increments.next_s,
        free_s=quote.free_first_s,
        longest_s=quote.caps_s,
        vat=quote.vat_rate,
        gross=quote.basis is Basis.GROSS,
    )


EUROS = st.integers(0, 3_000_000).map(lambda micros: f"{micros // 10**6}.{micros % 10**6:06d}")
"""Euros with six decimals, up to three euros; many are no multiple of sixty of anything."""

QUOTES = st.builds(
    make_quote,
    st.one_of(st.just("0"), st.sampled_from(["0.029", "0.19833", "0.117647", "1.4"]), EUROS),
    per_call=st.one_of(st.just("0"), EUROS),
    increments=st.sampled_from([(1, 1), (60, 1), (60, 60), (30, 6), (1, 60), (6, 6)]),
    free_s=st.sampled_from([0, 0, 30, 7]),
    caps_s=st.sampled_from([None, None, 3600, 45]),
    basis=st.sampled_from(list(Basis)),
    vat=st.sampled_from(["0.19", "0.16", "0"]),
)
