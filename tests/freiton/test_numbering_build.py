"""The generator: exceptions merge without changing an answer, and hand-kept ranges speak."""

from __future__ import annotations

import csv
from pathlib import Path

import phonenumbers
import pytest

from freiton.numbering_build import (
    CountryTree,
    Node,
    Target,
    build_countries,
    main,
    read_corrections,
)
from rating.numbering import LineType, NumberRange, PrefixTable

FOLDER = Path(__file__).parents[2] / "config" / "numbering"
VERSION = "2026.1"
FIXED = Target("XX", LineType.FIXED)
MOBILE = Target("XX", LineType.MOBILE)


def node(*children: Target | Node | None) -> Node:
    """Give a node whose missing children do not matter."""
    nodes = [child if isinstance(child, Node) else Node(child) for child in children]
    return Node(children=tuple(nodes + [Node()] * (10 - len(nodes))))


def corrections() -> dict[str, Target]:
    return read_corrections(
        (FOLDER / "ranges.csv").read_text(), (FOLDER / "de-special.csv").read_text()
    )


def shipped(country_code: str) -> list[tuple[str, str, str, str]]:
    with (FOLDER / VERSION / "prefixes.csv").open() as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    return [row for row in rows if row[0].startswith(country_code)]  # type: ignore[misc]


def as_row(entry: NumberRange) -> tuple[str, str, str, str]:
    return entry.prefix, entry.region, entry.line_type.value, entry.breakout


def test_equal_leaves_become_one_row() -> None:
    assert [as_row(row) for row in node(FIXED, FIXED, FIXED).rows("9")] == [
        ("9", "XX", "fixed", "")
    ]


def test_the_majority_is_stated_once_and_the_rest_as_exceptions() -> None:
    rows = [as_row(row) for row in node(FIXED, MOBILE, FIXED).rows("9")]
    assert rows == [("9", "XX", "fixed", ""), ("91", "XX", "mobile", "")]


def test_merging_never_changes_an_answer() -> None:
    tree = node(FIXED, node(MOBILE, MOBILE, FIXED), MOBILE, node(FIXED, node(MOBILE)), None)
    table = PrefixTable("t", tree.rows("9"))
    expected = {"90": "fixed", "910": "mobile", "911": "mobile", "912": "fixed", "92": "mobile",
                "930": "fixed", "9310": "mobile"}  # fmt: skip
    for digits, line_type in expected.items():
        entry = table.lookup(digits)
        assert entry is not None
        assert entry.line_type == line_type, digits


def test_what_nobody_uses_needs_no_row() -> None:
    assert list(node(None, None).rows("9")) == []


def test_a_correction_decides_where_the_metadata_cannot_tell() -> None:
    rows = CountryTree("56", {"569": Target("CL", LineType.MOBILE)}).build().rows("56")
    table = PrefixTable("t", rows)
    entry = table.lookup("56961234567")
    assert entry is not None
    assert entry.line_type is LineType.MOBILE
    without = PrefixTable("t", CountryTree("56", {}).build().rows("56")).lookup("56961234567")
    assert without is not None
    assert without.line_type is LineType.EITHER


def test_a_city_does_not_swallow_mobiles_behind_its_prefix() -> None:
    target = Target("AR", LineType.FIXED, "AR-X")
    table = PrefixTable("t", CountryTree("54", {"549": target}).build().rows("54"))
    entry = table.lookup("5491123456789")
    assert entry is not None
    assert (entry.line_type, entry.breakout) == (LineType.MOBILE, "")


def test_german_service_ranges_are_no_lines() -> None:
    found = corrections()
    assert found["49900"] == found["4932"] == Target("DE", LineType.SPECIAL)
    assert "4917" not in found


@pytest.mark.skipif(
    f'"phonenumberslite {phonenumbers.__version__}"'
    not in (FOLDER / VERSION / "origin.toml").read_text(),
    reason="the frozen tables were made from another release of the library",
)
class TestShippedTables:
    """With the release they were made from, the tables can be made again."""

    @pytest.mark.parametrize("country_code", ["49", "44", "7", "86", "599"])
    def test_prefixes(self, country_code: str) -> None:
        made = CountryTree(country_code, corrections()).build().rows(country_code)
        assert sorted(as_row(row) for row in made) == shipped(country_code)

    def test_countries(self) -> None:
        with (FOLDER / VERSION / "countries.csv").open() as file:
            frozen = [(row["code"], int(row["digits_min"])) for row in csv.DictReader(file)]
        assert build_countries() == frozen


def test_the_command_needs_a_folder_and_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "version" in capsys.readouterr().err
