"""`freiton charge` answers and checks charge vectors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from freiton.cli import app

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"


def test_every_shipped_vector_is_confirmed() -> None:
    for path in sorted(VECTORS.glob("*.charges.jsonl")):
        found = CliRunner().invoke(app, ["charge", "--vectors", str(path), "--check"])
        assert (found.exit_code, found.stdout) == (0, ""), path.name


def test_lint_and_check_config_find_a_gap_in_the_tiers_of_a_fee(tmp_path: Path) -> None:
    folder = tmp_path / "tariffs"
    shutil.copytree(ROOT / "config" / "tariffs", folder)
    path = folder / "zaluma" / "fees.csv"
    path.write_text(path.read_text().replace("team,3,10", "team,4,10"))
    told = "zaluma/fees.csv:3: expected a tier from 3, not from 4"
    found = CliRunner().invoke(app, ["tariff", "lint", str(folder)])
    assert (found.exit_code, told in found.stdout) == (1, True)
    settings = tmp_path / "freiton.toml"
    settings.write_text(f'[tariff]\nfolder = "{folder}"\n')
    found = CliRunner().invoke(app, ["--config", str(settings), "check-config"])
    assert (found.exit_code, told in found.output) == (1, True)


def test_an_answer_is_a_line_and_a_bad_line_fails(tmp_path: Path) -> None:
    path = tmp_path / "charges.jsonl"
    asked = {
        "id": "one",
        "input": {
            "provider": "zaluma",
            "kind": "minutes",
            "item": "ASSISTANT",
            "at": "2026-05-20T12:00:00+02:00",
            "duration_s": "300",
        },
    }
    wrong = {"id": "two", "input": {"provider": "nobody", "kind": "minutes"}}
    path.write_text("\n".join(json.dumps(one) for one in (asked, wrong)) + "\n")
    found = CliRunner().invoke(app, ["charge", "--vectors", str(path)])
    first, second = (json.loads(line) for line in found.stdout.splitlines())
    assert found.exit_code == 1
    assert (first["id"], first["output"]["amount"]) == ("one", "0.25")
    assert second == {"line": 2, "error": "there are no charges of provider nobody"}
