"""The report tells what differs, why, and fails for what nobody has explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from freiton.numbering_report import compare, main, render
from rating.numbering import LineType, NumberRange, PrefixTable

FOLDER = Path(__file__).parents[2] / "config/numbering"


def test_the_shipped_table_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER)]) == 0
    shown = capsys.readouterr().out
    assert "numbering 2026.1" in shown
    assert "0 unexplained" in shown
    assert "German service ranges" in shown


def test_a_table_that_forgets_a_country_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    seen, disagreements = compare(PrefixTable("t", [NumberRange("43", "AT", LineType.FIXED)]))
    austrian = {one.library: one for one in disagreements if one.region == "AT"}
    assert (austrian["mobile"].table, austrian["mobile"].reason) == ("fixed", None)
    assert "fixed" not in austrian
    italian = next(one for one in disagreements if one.region == "IT")
    assert (italian.table_region, italian.table) == ("", "")
    first, *_, last = render(seen, disagreements).splitlines()[1:]
    assert "NOT EXPLAINED" in first
    assert " 0 unexplained" not in last


def test_another_version_can_be_compared(tmp_path: Path) -> None:
    for name in ("de-special.csv", "2026.1/areas-de.csv", "2026.1/countries.csv"):
        target = tmp_path / name.replace("2026.1", "2027.1")
        target.parent.mkdir(exist_ok=True)
        target.write_text((FOLDER / name).read_text())
    shipped = (FOLDER / "2026.1/prefixes.csv").read_text()
    slip = shipped.replace("\n436,AT,mobile,\n", "\n")
    assert slip != shipped
    (tmp_path / "2027.1/prefixes.csv").write_text(slip)
    assert main([str(tmp_path), "--version", "2027.1"]) == 1
