from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.numbering import LineType, NumberRange, PrefixTable
from tests.rating.shipped import CONFIG, numbering, tariffs

TABLE = PrefixTable(
    "test",
    [
        NumberRange("1", "US", LineType.EITHER),
        NumberRange("1907", "US", LineType.EITHER, "US-ALASKA"),
        NumberRange("1876", "JM", LineType.FIXED),
        NumberRange("49", "DE", LineType.FIXED),
    ],
)


@pytest.mark.parametrize(
    ("digits", "prefix"),
    [("19075551234", "1907"), ("1907", "1907"), ("190", "1"), ("18765551234", "1876"),
     ("4930", "49"), ("1", "1")],
)  # fmt: skip
def test_the_longest_prefix_decides(digits: str, prefix: str) -> None:
    entry = TABLE.lookup(digits)
    assert entry is not None
    assert entry.prefix == prefix


@pytest.mark.parametrize("digits", ["", "4", "5", "999", "+1"])
def test_what_has_no_prefix_is_not_found(digits: str) -> None:
    assert TABLE.lookup(digits) is None


@given(st.from_regex(r"[1-9][0-9]{5,14}", fullmatch=True))
def test_look_up_agrees_with_the_plainest_search(digits: str) -> None:
    table = numbering().prefix_table
    entry = table.lookup(digits)
    with_prefix = [row for row in shipped_rows() if digits.startswith(row["prefix"])]
    if entry is None:
        assert not with_prefix
    else:
        longest = max(with_prefix, key=lambda row: len(row["prefix"]))
        assert (entry.prefix, entry.region) == (longest["prefix"], longest["region"])


ROWS: list[dict[str, str]] = []


def shipped_rows() -> list[dict[str, str]]:
    if not ROWS:
        with (CONFIG / "numbering/2026.1/prefixes.csv").open() as file:
            ROWS.extend(csv.DictReader(file))
    return ROWS


def test_the_shipped_table_keeps_a_sensible_size() -> None:
    assert 5_000 < len(numbering().prefix_table) == len(shipped_rows()) < 8_000
    assert numbering().prefix_table.version == numbering().version == "2026.1"


def test_every_breakout_of_the_price_list_is_in_the_table() -> None:
    selectors = {
        selector for rate in tariffs().plan("tgnet").price_lists[0].rates for selector in rate.match
    }
    breakouts = {name for name in selectors if name[2:3] == "-"}
    assert len(breakouts) == 29 + 4  # abroad, and the German mobile networks
    assert breakouts <= numbering().prefix_table.breakouts()
    regions = {name[:2] for name in selectors if name[:2].isalpha()}
    # The metadata counts the numbers of Western Sahara as Moroccan.
    assert regions - numbering().prefix_table.regions() == {"EH"}


def test_hand_kept_ranges_are_in_the_table() -> None:
    table = numbering().prefix_table
    with (CONFIG / "numbering/ranges.csv").open() as file:
        for row in csv.DictReader(file):
            # A number inside the range: the shortest, so that no deeper row is meant.
            entry = table.lookup(row["prefix"])
            assert entry is not None
            assert (entry.region, entry.breakout) == (row["region"], row["breakout"]), row
            assert entry.line_type == row["line_type"], row


def test_regions_without_a_row_are_the_known_ones() -> None:
    """R-NOROW: own code and no row; the call is refused."""
    selectors = {
        selector[:2]
        for rate in tariffs().plan("tgnet").price_lists[0].rates
        for selector in rate.match
        if selector[0].isalpha()
    }
    missing = numbering().prefix_table.regions() - selectors - {"001"}
    assert missing == {"NF", "SS", "TK", "TL", "XK"}


def test_the_table_names_its_origin() -> None:
    origin = Path(CONFIG / "numbering/2026.1/origin.toml").read_text()
    assert "phonenumberslite" in origin
