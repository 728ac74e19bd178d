"""What an invoice shows adds up, and every cent of it is rounded once."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.errors import LocalError
from rating.invoice import InvoiceItem, make_invoice
from rating.pricing import Basis

RATE = Fraction(19, 100)
amounts = st.fractions(min_value=0, max_value=10_000, max_denominator=31_000)
items = st.builds(
    lambda basis, entries: (
        basis,
        [InvoiceItem(text, amount, basis, rate) for text, amount, rate in entries],
    ),
    st.sampled_from(Basis),
    st.lists(
        st.tuples(
            st.sampled_from("abc"), amounts, st.sampled_from((RATE, Fraction(16, 100), Fraction(0)))
        ),
        max_size=30,
    ),
)


def call(micros: int) -> InvoiceItem:
    return InvoiceItem("calls", Fraction(micros, 1_000_000), Basis.NET, RATE)


def test_a_thousand_calls_are_one_position_and_one_rounding() -> None:
    invoice = make_invoice(Basis.NET, [call(200)] * 1000)
    (position,) = invoice.positions
    assert (position.amount_cents, position.item_count) == (20, 1000)


def test_half_a_cent_goes_up_and_less_goes_down() -> None:
    assert make_invoice(Basis.NET, [call(5000)]).net_cents == 1
    assert make_invoice(Basis.NET, [call(4999)]).net_cents == 0


def test_nothing_makes_an_empty_invoice() -> None:
    invoice = make_invoice(Basis.GROSS, [])
    assert (invoice.positions, invoice.totals, invoice.gross_cents) == ((), (), 0)


def test_net_and_gross_prices_do_not_mix() -> None:
    with pytest.raises(LocalError, match="calls is net"):
        make_invoice(Basis.GROSS, [call(1)])


@given(items)
def test_an_invoice_is_the_sum_of_what_it_shows(drawn: tuple[Basis, list[InvoiceItem]]) -> None:
    basis, entries = drawn
    invoice = make_invoice(basis, entries)
    shown = sum(position.amount_cents for position in invoice.positions)
    assert shown == (invoice.net_cents if basis is Basis.NET else invoice.gross_cents)
    assert invoice.net_cents + invoice.vat_cents == invoice.gross_cents
    assert sum(position.item_count for position in invoice.positions) == len(entries)


@given(items)
def test_each_position_is_within_half_a_cent_of_its_amounts(
    drawn: tuple[Basis, list[InvoiceItem]],
) -> None:
    basis, entries = drawn
    for position in make_invoice(basis, entries).positions:
        exact = sum(
            (
                one.amount
                for one in entries
                if (one.position, one.vat_rate) == (position.text, position.vat_rate)
            ),
            Fraction(0),
        )
        difference = Fraction(position.amount_cents) - exact * 100
        assert Fraction(-1, 2) < difference <= Fraction(1, 2)


@given(items)
def test_the_tax_of_a_rate_is_rounded_once(drawn: tuple[Basis, list[InvoiceItem]]) -> None:
    basis, entries = drawn
    for total in make_invoice(basis, entries).totals:
        if basis is Basis.NET:
            off = total.vat_cents - total.net_cents * total.vat_rate
        else:
            off = total.net_cents - total.gross_cents / (1 + total.vat_rate)
        assert Fraction(-1, 2) < off <= Fraction(1, 2)
