"""Where the frozen table and phonenumberslite disagree, and why that is right.

The library is no authority for a price; it is a second opinion. A sample of its valid numbers
is looked up, and every disagreement must be one of the explained ones.
"""

from __future__ import annotations

from freiton.numbering_report import compare, sample_numbers
from rating.numbering import LineType
from tests.rating.shipped import numbering


def test_every_disagreement_with_the_library_is_explained() -> None:
    seen, disagreements = compare(numbering().prefix_table)
    assert seen > 10_000
    assert [one for one in disagreements if one.reason is None] == []
    # Most of the sample must agree, or the comparison compares nothing.
    assert sum(one.count for one in disagreements) < seen / 10


def test_every_number_of_the_library_has_a_prefix() -> None:
    table = numbering().prefix_table
    assert [number for number in sample_numbers() if table.lookup(number.digits) is None] == []


def test_no_premium_number_of_the_library_is_a_plain_line() -> None:
    """Fraud: what the library calls premium must never get the price of a country row."""
    refused = {LineType.PREMIUM, LineType.SHARED_COST, LineType.SPECIAL, LineType.GLOBAL}
    for number in sample_numbers():
        if number.line_type == "premium":
            entry = numbering().prefix_table.lookup(number.digits)
            assert entry is not None
            assert entry.line_type in refused, number
