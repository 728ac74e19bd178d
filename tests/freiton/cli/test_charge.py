"""`freiton charge` answers and checks charge vectors."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from freiton.cli import app

VECTORS = Path(__file__).parents[2] / "vectors"


def test_every_shipped_vector_is_confirmed() -> None:
    for path in sorted(VECTORS.glob("*.charges.jsonl")):
        found = CliRunner().invoke(app, ["charge", "--vectors", str(path), "--check"])
        assert (found.exit_code, found.stdout) == (0, ""), path.name


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
