"""`freiton rate`: vectors in, answers out, without a site."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from freiton.cli import vector_lines
from rating.vectors import LINE_BYTES_MAX
from tests.freiton.cli.conftest import Freiton

VECTORS = Path(__file__).parents[2] / "vectors"
CALL = {
    "provider": "tgnet",
    "plan": "account",
    "dialled": "030123456",
    "answered_at": "2026-05-20T14:00:00Z",
    "duration_s": "59.4",
}


def line(name: str, **more: Any) -> str:
    return json.dumps({"id": name, "input": CALL} | more) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def test_each_line_is_answered(freiton: Freiton, file: Path, state: Path) -> None:
    file.write_text(f"# two calls\n\n{line('one')}{line('two', input=CALL | {'dialled': '03'})}")
    first, second = freiton("rate", "--vectors", str(file)).out.splitlines()
    assert json.loads(first)["id"] == "one"
    assert json.loads(first)["output"]["amount"] == "0.029"
    assert json.loads(second) == {
        "id": "two",
        "output": {"admitted": False, "reason": "incomplete", "number": None},
    }
    assert not state.exists()


def test_a_line_that_is_none_is_told_and_the_others_are_answered(
    freiton: Freiton, file: Path
) -> None:
    file.write_text(f"{{\n{line('one')}{line('two', input=CALL | {'plan': 'team'})}")
    told = [
        json.loads(one)
        for one in freiton("rate", "--vectors", str(file), status=1).out.splitlines()
    ]
    assert told[0]["line"] == 1
    assert told[0]["error"].startswith("no JSON object")
    assert told[1]["id"] == "one"
    assert told[2] == {"line": 3, "error": "input.plan: tgnet has no plan team"}


def test_a_check_prints_only_what_differs(freiton: Freiton, file: Path) -> None:
    freiton("rate", "--vectors", str(VECTORS / "tgnet.calls.jsonl"), "--check")
    file.write_text(line("one", output={"admitted": True}) + line("two") + "{\n")
    answered = json.loads(freiton("rate", "--vectors", str(file), status=1).out.splitlines()[0])
    right = answered["output"]
    file.write_text(line("one", output=right | {"net": "0.02437"}))
    checked = freiton("rate", "--vectors", str(file), "--check")
    assert (checked.out, checked.err) == ("", "1 vectors, 0 failed\n")
    file.write_text(line("one", output=right | {"net": "0.024371"}) + line("two") + "{\n")
    checked = freiton("rate", "--vectors", str(file), "--check", status=1)
    assert checked.err == "3 vectors, 3 failed\n"
    assert checked.out.splitlines()[:5] == [
        "line 1: one",
        "  net: expected '0.024371', answered '0.024370'",
        "line 2: two",
        "  there is no output to compare with",
        "line 3: no vector",
    ]


def test_a_missing_file_is_one_sentence(freiton: Freiton, file: Path) -> None:
    refused = freiton("rate", "--vectors", str(file), status=1)
    assert refused.err == f"freiton: {file}: No such file or directory\n"


def test_answers_come_through_pipes_line_by_line() -> None:
    """A program may ask and wait for each answer; what is JSON is UTF-8 in any locale."""
    running = subprocess.Popen(
        [sys.executable, "-m", "freiton", "rate", "--vectors", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert running.stdin is not None
    assert running.stdout is not None
    with running.stdin, running.stdout:
        for name in ("a", "b"):
            abroad = CALL | {"provider": "enreach", "plan": "starter", "dialled": "0041441234567"}
            running.stdin.write(line(name, input=abroad).encode())
            running.stdin.flush()
            answer = json.loads(running.stdout.readline().decode())
            assert answer["id"] == name
            assert answer["output"]["destination"].startswith("Länderzonen")
        running.stdin.write(b"x" * (3 * LINE_BYTES_MAX) + b"\n" + line("c").encode())
        running.stdin.close()
        too_long, last = running.stdout.read().splitlines()
        assert json.loads(too_long)["error"] == f"the line has more than {LINE_BYTES_MAX} bytes"
        assert json.loads(last)["id"] == "c"
    assert running.wait() == 1


def test_no_more_of_a_long_line_is_kept_than_shows_that_it_is_long() -> None:
    stream = BytesIO(b"x" * 10**6 + b"\n" + b"short\n" + b"end")
    read = list(vector_lines._bounded_lines(stream))
    assert [len(one) for one in read] == [LINE_BYTES_MAX + 1, 6, 3]
