from __future__ import annotations

import pytest

from rating.errors import DataError
from rating.numbering import NumberRefused, load_numbering
from tests.rating.shipped import BERLIN, texts

SMALL = {
    "numbering.toml": 'version = "1"\n',
    "de-special.csv": "prefix,kind,digits_min,digits_max,note\n"
    "0800,freephone_0800,10,15,\n017,mobile,11,15,\n019,not_offered,0,0,\n",
    "1/prefixes.csv": "prefix,region,line_type,breakout\n49,DE,fixed,\n4917,DE,mobile,DE-X\n",
    "1/areas-de.csv": "prefix,digits\n30,2\n",
    "1/countries.csv": "code,digits_min\n49,4\n43,4\n",
}


def problems_of(changes: dict[str, str | None]) -> list[str]:
    files = {name: text for name, text in {**SMALL, **changes}.items() if text is not None}
    with pytest.raises(DataError) as caught:
        load_numbering(files)
    return [str(problem) for problem in caught.value.problems]


def test_a_small_plan_loads_whole() -> None:
    numbering = load_numbering(SMALL)
    assert numbering.version == numbering.prefix_table.version == "1"
    assert len(numbering.prefix_table) == 2
    assert not isinstance(numbering.plan.normalize("030123456", BERLIN), NumberRefused)


def test_the_version_can_be_chosen() -> None:
    files = {**SMALL, "2/prefixes.csv": "prefix,region,line_type,breakout\n1,US,either,\n"}
    files |= {f"2/{name}": SMALL[f"1/{name}"] for name in ("areas-de.csv", "countries.csv")}
    assert load_numbering(files, version="2").prefix_table.lookup("1") is not None


def test_shipped_texts_load_in_the_version_they_name() -> None:
    assert load_numbering(texts("numbering")).version == "2026.1"


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("numbering.toml", None, "numbering.toml:0: the file is missing"),
        ("numbering.toml", "version = 1\n", "numbering.toml:0: version must name a folder"),
        ("numbering.toml", "version = ", "numbering.toml:0: Invalid value"),
        ("1/prefixes.csv", None, "1/prefixes.csv:0: the file is missing"),
        ("1/prefixes.csv", "prefix,region\n1,US\n", "1/prefixes.csv:1: missing columns: line_type"),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n49,DE,fixed,\n49,DE,mobile,\n",
            "1/prefixes.csv:3: prefix stands twice: 49",
        ),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n49,DE,festnetz,\n",
            "1/prefixes.csv:2: 'festnetz' is not a valid LineType",
        ),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n49,Germany,fixed,\n",
            "1/prefixes.csv:2: not a region",
        ),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n49,DE,fixed,Berlin\n",
            "1/prefixes.csv:2: not a breakout",
        ),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n+49,DE,fixed,\n",
            "1/prefixes.csv:2: prefix must be digits",
        ),
        (
            "1/prefixes.csv",
            "prefix,region,line_type,breakout\n49,DE,fixed\n",
            "1/prefixes.csv:2: the row has not as many cells",
        ),
        ("1/areas-de.csv", "prefix,digits\n30,two\n", "1/areas-de.csv:2: not a count"),
        ("1/countries.csv", "code,digits_min\n49,\n", "1/countries.csv:2: not a count"),
        (
            "de-special.csv",
            "prefix,kind,digits_min,digits_max,note\n0800,free,10,15,\n",
            "de-special.csv:2: 'free' is not a valid ServiceKind",
        ),
        (
            "de-special.csv",
            "prefix,kind,digits_min,digits_max,note\n0800,freephone_0800,15,10,\n",
            "de-special.csv:2: digits_min and digits_max do not fit",
        ),
    ],
)
def test_a_problem_has_its_place(file: str, text: str | None, problem: str) -> None:
    found = problems_of({file: text})
    assert any(entry.startswith(problem) for entry in found), found


def test_all_problems_are_told_at_once() -> None:
    found = problems_of({"1/areas-de.csv": "prefix,digits\n30,x\n40,y\n", "1/countries.csv": None})
    assert len(found) == 3
