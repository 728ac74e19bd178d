"""The invoice of a month shows what was booked, called and used, and adds up."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rating.charges import Amount, Billing, ChargedFee, FeePart, FeeRow, MonthCharges, UnpricedFee
from rating.invoice import InvoicedCall, InvoiceItem, Section, invoice_month
from rating.pricing import Basis, Source
from tests.rating.engine.quotes import make_quote

RATES = (Fraction(19, 100), Fraction(16, 100))
SOURCE = Source("a list", 1)
labels = st.sampled_from("abc")
rates = st.sampled_from(RATES)
amounts = st.fractions(min_value=0, max_value=1000, max_denominator=31_000)
signed = st.fractions(min_value=-1000, max_value=1000, max_denominator=31_000)


def fee(
    label: str, exact: Fraction, rate: Fraction, *, unit_days: int = 31, basis: Basis = Basis.NET
) -> ChargedFee:
    row = FeeRow(label, "", label, None, exact, Billing.DAILY, 1, None, SOURCE, ())
    amount = Amount(exact, basis, rate)
    return ChargedFee(row, "", FeePart.MONTHLY, unit_days, 31, exact, amount, ())


def call(label: str, micros: int, rate: Fraction, *, basis: Basis = Basis.NET) -> InvoicedCall:
    return InvoicedCall(label, 60, micros, basis, rate)


def test_a_call_is_invoiced_as_it_was_stored() -> None:
    quote = make_quote("0.029")
    stored = InvoicedCall.of(quote, billed_s=100, amount_micros=48_333)
    made = invoice_month(quote.basis, charges=MonthCharges((), ()), calls=[stored] * 3)
    (position,) = made.invoice.positions
    assert (position.section, position.text) == (Section.CALLS, quote.destination)
    # 3 x 0.048333 = 0.144999 is 14 cents; rounded one by one they would be 15.
    assert (position.quantity, position.seconds, position.amount_cents) == (3, 300, 14)


def test_whole_months_are_counted_in_units_and_parts_told_in_days() -> None:
    fees = (
        fee("line", Fraction(2), RATES[0], unit_days=62),
        fee("flat", Fraction(1), RATES[0], unit_days=43),
    )
    positions = invoice_month(Basis.NET, charges=MonthCharges(fees, ())).invoice.positions
    assert [(one.text, one.quantity) for one in positions] == [
        ("line, monatlich", 2),
        ("flat, anteilig 43/31 Tage", 1),
    ]


def test_what_has_no_price_is_told() -> None:
    lacking = UnpricedFee("BLOCK", "", FeePart.MONTHLY, "on_request")
    made = invoice_month(Basis.NET, charges=MonthCharges((), (lacking,)))
    assert (made.unpriced, made.invoice.positions) == ((lacking,), ())


@given(
    st.sampled_from(Basis),
    st.lists(st.tuples(labels, amounts, rates), max_size=8),
    st.lists(st.tuples(labels, st.integers(0, 10**8), rates), max_size=20),
    st.lists(st.tuples(labels, signed, rates), max_size=4),
)
def test_the_total_is_the_sum_of_what_is_shown_with_the_tax_taken_once(
    basis: Basis,
    fees: list[tuple[str, Fraction, Fraction]],
    calls: list[tuple[str, int, Fraction]],
    others: list[tuple[str, Fraction, Fraction]],
) -> None:
    invoice = invoice_month(
        basis,
        charges=MonthCharges(tuple(fee(*one, basis=basis) for one in fees), ()),
        calls=[call(*one, basis=basis) for one in calls],
        others=[InvoiceItem(text, amount, basis, rate) for text, amount, rate in others],
    ).invoice
    shown = sum(one.amount_cents for one in invoice.positions)
    assert shown == (invoice.net_cents if basis is Basis.NET else invoice.gross_cents)
    for total in invoice.totals:
        own = sum(one.amount_cents for one in invoice.positions if one.vat_rate == total.vat_rate)
        if basis is Basis.NET:
            assert total.net_cents == own
            assert abs(total.vat_cents - own * total.vat_rate) <= Fraction(1, 2)
        else:
            assert total.gross_cents == own
            assert abs(total.net_cents - own / (1 + total.vat_rate)) <= Fraction(1, 2)
    assert sum(one.item_count for one in invoice.positions) == len(fees) + len(calls) + len(others)


@given(st.sampled_from(Basis), st.lists(st.tuples(labels, signed, rates), max_size=12))
def test_a_credit_of_everything_takes_back_every_cent(
    basis: Basis, entries: list[tuple[str, Fraction, Fraction]]
) -> None:
    def total(sign: int) -> tuple[int, int, int]:
        items = [InvoiceItem(text, sign * size, basis, rate) for text, size, rate in entries]
        made = invoice_month(basis, charges=MonthCharges((), ()), others=items).invoice
        return made.net_cents, made.vat_cents, made.gross_cents

    assert total(1) == tuple(-cents for cents in total(-1))
