"""How far a long reading of the charging log has come: on a terminal only, beside the result."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from freiton.cli import progress
from tests.freiton.cli.conftest import Freiton
from tests.freiton.cli.looking_back import Talk, make_log

COMMANDS = [(("cdr", "export"), "Reading"), (("ledger", "verify"), "Proving")]


@pytest.fixture(autouse=True)
def log(state: Path) -> None:
    make_log(state, Talk("a", "030123456"), Talk("b", "030123456", after_s=100))


@pytest.mark.parametrize(("command", "what"), COMMANDS)
def test_a_terminal_shows_it_and_the_result_stays_the_same(
    freiton: Freiton, monkeypatch: pytest.MonkeyPatch, command: tuple[str, str], what: str
) -> None:
    piped = freiton(*command)
    assert piped.err == ""
    screen = StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda *, stderr: Console(file=screen, force_terminal=stderr)
    )
    assert freiton(*command).out == piped.out
    assert what in screen.getvalue()
