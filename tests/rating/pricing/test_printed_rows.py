"""Every printed price against the price that a dialled number gets.

``printed_tgnet_2010.txt`` holds the table lines of the document as they are printed, with their
line numbers; it is read here in another way than the loader reads its tables, so that a slip in
either shows. ``sample_numbers.csv`` has a number that leads to each row.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from rating.numbering import LineType
from rating.pricing import Increments, Rate
from tests.rating.shipped import PLUS, quote_of, tariffs

HERE = Path(__file__).parent
UNREACHABLE = {
    "Deutschland SMS",
    "Deutschland VPN - Arcor",
    "Israel - Palestine",
    "Japan - Military",
}


class PrintedRow(NamedTuple):
    line: int
    half: str
    label: str
    cells: tuple[str, str, str, str]  # Standard fixed, mobile; Plus fixed, mobile

    def price(self, column: int) -> Fraction | None:
        """Euros per unit, from cents with a German comma."""
        text = self.cells[column].replace(",", ".")
        return Fraction(Decimal(text)) / 100 if text else None


def printed_rows() -> Iterator[PrintedRow]:
    for text in (HERE / "printed_tgnet_2010.txt").read_text().splitlines():
        number, _, row = text.partition(": ")
        cells = [cell.strip() for cell in row.strip()[1:-1].split("|")]
        halves = {5: [""], 10: ["left", "right"]}[len(cells)]
        for index, half in enumerate(halves):
            label, *prices = cells[5 * index : 5 * index + 5]
            if label:
                yield PrintedRow(int(number), half, label, (*prices[:3], prices[3]))  # type: ignore[arg-type]


def samples() -> dict[str, tuple[str, str]]:
    with (HERE / "sample_numbers.csv").open() as file:
        return {row["destination"]: (row["fixed"], row["mobile"]) for row in csv.DictReader(file)}


ROWS = list(printed_rows())
SAMPLES = samples()


def rates_of(label: str) -> dict[tuple[str, LineType], Rate]:
    (price_list,) = tariffs().plan("tgnet").price_lists
    return {
        (rate.column, rate.line_type): rate
        for rate in price_list.rates
        if rate.destination == label
    }


def test_the_document_has_286_rows_and_every_one_is_loaded() -> None:
    assert Counter(row.line <= 114 for row in ROWS) == {True: 26, False: 260}
    (price_list,) = tariffs().plan("tgnet").price_lists
    assert {rate.destination for rate in price_list.rates} == {row.label for row in ROWS}
    printed_cells = sum(bool(cell) for row in ROWS for cell in row.cells)
    assert len(price_list.rates) == printed_cells == 846
    assert set(SAMPLES) == {row.label for row in ROWS}


def test_119_rows_print_no_mobile_price() -> None:
    abroad = [row for row in ROWS if row.line > 114]
    assert sum(row.price(0) is not None and row.price(1) is None for row in abroad) == 119
    assert sum(row.price(0) is None for row in abroad) == 4


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_loaded_row_has_the_printed_prices_and_place(row: PrintedRow) -> None:
    rates = rates_of(row.label)
    columns = [("standard", "fixed"), ("standard", "mobile"), ("plus", "fixed"), ("plus", "mobile")]
    for index, (column, line_type) in enumerate(columns):
        price = row.price(index)
        rate = rates.get((column, LineType(line_type)))
        if price is None:
            assert rate is None
            continue
        assert rate is not None
        assert (rate.source.line, rate.source.document) == (row.line, "TGNET/call price list")
        assert rate.row_id.partition("/")[0] == "-".join(filter(None, (str(row.line), row.half)))
        per_message = row.label == "Deutschland SMS"
        assert (rate.price_per_message if per_message else rate.price_per_minute) == price
        assert rate.setup_fee == 0
        assert (rate.increments, rate.free_first_s) == (Increments(1, 1), 0)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.label not in UNREACHABLE], ids=lambda row: row.label
)
def test_a_dialled_number_gets_the_printed_price(row: PrintedRow) -> None:
    fixed, mobile = SAMPLES[row.label]
    assert fixed or mobile
    for options, first in (((), 0), ((PLUS,), 2)):
        fixed_price, mobile_price = row.price(first), row.price(first + 1)
        if fixed:
            found = quote_of(fixed, options=options)
            assert found.destination == row.label
            assert found.price_per_minute == fixed_price
            assert found.price_per_call == 0
            assert found.source is not None
            assert found.source.line == row.line
        if mobile:
            found = quote_of(mobile, options=options)
            assert found.destination == row.label
            expected = fixed_price if mobile_price is None else mobile_price
            assert found.price_per_minute == expected
            read = "R-EMPTY-MOBILE" in found.readings
            assert read is (mobile_price is None and found.line_type is LineType.MOBILE)


@pytest.mark.parametrize("label", sorted(UNREACHABLE))
def test_rows_that_no_call_reaches_say_why(label: str) -> None:
    for rate in rates_of(label).values():
        assert not rate.match
        assert rate.readings


@pytest.mark.parametrize(
    ("label", "line", "standard", "plus"),
    # Copied by hand from the print, cent per minute: the cells that a parser could get wrong.
    [
        ("Deutschland Festnetz", 89, "2.9", "1.5"),
        ("Deutschland 01804", 103, "19.833", "19.833"),
        ("Deutschland 115 EBR", 105, "14", "9"),
        ("Argentina", 132, "49", "4.9"),
        ("France - Paris", 199, "9", "2.9"),
        ("Mexico - San Miguel De Allende", 200, "19", "9"),
        ("Hong Kong", 148, "49", "2.9"),
        ("Romania - Bucharest", 244, "29", "13.9"),
        ("US Virgin Islands", 308, "79", "4.9"),
        ("Zimbabwe", 317, "79", "19"),
    ],
)
def test_hand_checked_rows(label: str, line: int, standard: str, plus: str) -> None:
    rates = rates_of(label)
    for column, cents in (("standard", standard), ("plus", plus)):
        rate = rates[column, LineType.FIXED]
        assert rate.price_per_minute == Fraction(cents) / 100
        assert rate.source.line == line
