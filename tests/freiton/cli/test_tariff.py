"""`freiton tariff`: lists looked at, checked, and compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from freiton.config import shipped
from tests.freiton.cli.conftest import Freiton
from tests.freiton.cli.looking_back import Talk, make_log

GERMANY = Path("tgnet") / "2010-03-01-germany.csv"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped tariffs, to be changed."""
    folder = tmp_path / "tariffs"
    shutil.copytree(shipped("tariffs"), folder)
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


def test_what_ships_is_without_a_problem(freiton: Freiton) -> None:
    assert freiton("tariff", "lint").out == "No problem was found.\n"


def test_every_problem_is_named_with_its_place(freiton: Freiton, copy: Path) -> None:
    edit(copy / GERMANY, "Festnetz,DE/fixed,2.9,,1.5,", "Festnetz,DE/fixed,0.029,,1.5,")
    edit(copy / "tgnet" / "tariff.toml", "included_minutes = 120", 'included_minutes = "120"')
    found = freiton("tariff", "lint", str(copy), status=1)
    assert f"{GERMANY}:2: " in found.out
    assert "are the units mixed up?" in found.out
    assert "tgnet/tariff.toml:" in found.out
    as_json = freiton("tariff", "lint", str(copy), "--json", status=1).json
    assert {one["file"] for one in as_json} == {str(GERMANY), "tgnet/tariff.toml"}
    assert all(one["line"] > 0 for one in as_json)


def test_a_row_that_no_prefix_leads_to_is_a_problem(freiton: Freiton, copy: Path) -> None:
    edit(copy / "tgnet" / "2010-03-01-abroad.csv", ",Albania,AL,", ",Albania,AL-NOWHERE,")
    found = freiton("tariff", "lint", str(copy), status=1).out
    assert "2010-03-01-abroad.csv:3: no prefix of " in found
    assert "leads to AL-NOWHERE" in found


def test_nothing_differs_from_itself(freiton: Freiton, copy: Path) -> None:
    found = freiton("tariff", "diff", str(shipped("tariffs")), str(copy)).out
    assert found == "No row differs.\n"


def test_rows_that_change_come_and_go_are_named(freiton: Freiton, copy: Path) -> None:
    edit(copy / GERMANY, "Festnetz,DE/fixed,2.9,,1.5,", "Festnetz,DE/fixed,2.7,,1.5,")
    edit(copy / "tgnet" / "2010-03-01-abroad.csv", ",Albania,AL,", ",Republic of Albania,AL,")
    found = freiton("tariff", "diff", str(shipped("tariffs")), str(copy)).out
    assert "0.029 €/min, 1/1  0.027 €/min, 1/1" in found
    assert "1 changed, 4 removed, 4 added." in found


def test_rules_that_change_are_named_as_well(freiton: Freiton, copy: Path) -> None:
    edit(copy / "tgnet" / "tariff.toml", "typical_minutes = 1000", "typical_minutes = 900")
    zones = copy / "enreach" / "2026-03-zones.csv"
    moved = next(
        row for row in zones.read_text().splitlines() if ",zone-2," in row and ",TR," in row
    )
    edit(zones, moved, moved.replace(",zone-2,", ",zone-3,"))
    command = ("tariff", "diff", str(shipped("tariffs")), str(copy))
    told = freiton(*command).out.splitlines()
    assert "changed: tgnet, option FLAT.DE" in told
    assert "removed: enreach, TR in zone zone-2 of list enreach-contact@2026-03" in told
    assert "added: enreach, TR in zone zone-3 of list enreach-contact@2026-03" in told
    rules = freiton(*command, "--json").json["rules"]
    assert rules[-1] == {"change": "changed", "provider": "tgnet", "rule": "option FLAT.DE"}
    assert len(rules) == 3


def test_the_difference_is_told_in_money_over_recorded_calls(
    state: Path, freiton: Freiton, copy: Path
) -> None:
    freiton("account", "add", "alice", "--area-code", "30")
    make_log(
        state,
        Talk("a", "030123456"),
        Talk("b", "030123457", after_s=100, lasts_s=120),
        Talk("c", "01711234567", after_s=400),
    )
    edit(copy / GERMANY, "Festnetz,DE/fixed,2.9,,1.5,", "Festnetz,DE/fixed,2.7,,1.5,")
    command = ("tariff", "diff", str(shipped("tariffs")), str(copy), "--json")
    germany, total = freiton(*command).json["money"]
    assert germany == {
        "destination": "Deutschland Festnetz",
        "calls": 2,
        "old_micros": 87_000,
        "new_micros": 81_000,
        "difference_micros": -6_000,
        "unpriced": 0,
    }
    assert (total["calls"], total["difference_micros"]) == (3, -6_000)
    later = freiton(*command, "--since", "2026-05-04T10:01").json["money"]
    assert later[0]["calls"] == 1
    assert "-0.006 €" in freiton(*command[:-1]).out


def test_two_versions_of_a_list_are_compared(freiton: Freiton, copy: Path, tmp_path: Path) -> None:
    tariff = copy / "tgnet" / "tariff.toml"
    text = tariff.read_text()
    begin = text.index("[[price_list]]")
    section = text[begin : text.index("[[", begin + 2)]
    later = section.replace("2010-03-01", "2026-12-01")
    ended = section.replace(
        "valid_from = 2010-03-01", "valid_from = 2010-03-01\nvalid_to = 2026-12-01"
    )
    tables = ""
    for name in ("germany", "abroad"):
        tables += f'\n[[table]]\nfile = "2026-12-01-{name}.csv"\norigins = ["voip"]\n'
        old = copy / "tgnet" / f"2010-03-01-{name}.csv"
        shutil.copy(old, copy / "tgnet" / f"2026-12-01-{name}.csv")
    tariff.write_text(text.replace(section, ended + later) + tables)
    edit(
        copy / "tgnet" / "2026-12-01-germany.csv",
        "Festnetz,DE/fixed,2.9,,1.5,",
        "Festnetz,DE/fixed,2.5,,1.5,",
    )
    config = tmp_path / "freiton.toml"
    config.write_text(f'[tariff]\nprovider = "tgnet"\nfolder = "{copy}"\n')
    versions = ("tgnet/tgnet-call@2010-03-01", "tgnet/tgnet-call@2026-12-01")
    found = freiton("--config", str(config), "tariff", "diff", *versions).out
    assert "0.029 €/min, 1/1  0.025 €/min, 1/1" in found
    assert "1 changed." in found


def test_an_unknown_version_names_those_that_there_are(freiton: Freiton) -> None:
    refused = freiton("tariff", "diff", "tgnet/x@1", "tgnet/x@2", status=1).err
    assert "there is no price list tgnet/x@1; known: " in refused
    assert "tgnet/tgnet-call@2010-03-01" in refused


def test_a_folder_with_problems_is_not_compared(freiton: Freiton, copy: Path) -> None:
    edit(copy / GERMANY, "Festnetz,DE/fixed,2.9,,1.5,", "Festnetz,DE/fixed,dear,,1.5,")
    refused = freiton("tariff", "diff", str(shipped("tariffs")), str(copy), status=1).err
    assert "`freiton tariff lint" in refused


def test_providers_are_listed_with_all_they_offer(freiton: Freiton) -> None:
    rows = freiton("tariff", "list", "--json").json
    offered = {(one["provider"], one["kind"], one["id"]) for one in rows}
    assert {
        ("tgnet", "plan", "trunk"),
        ("tgnet", "flat", "FLAT.DE"),
        ("tgnet", "column", "PLUS"),
        ("tgnet", "list", "tgnet-call"),
        ("enreach", "plan", "expert"),
    } <= offered
    examples = [one for one in rows if one["provider"] == "plusnet" and one["kind"] == "list"]
    assert all("its prices are invented" in one["note"] for one in examples)
    assert "TGNET/call" in freiton("tariff", "list").out
