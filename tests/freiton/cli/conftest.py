"""A command line with a state folder of its own."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from freiton.cli import app
from freiton.control import SOCKET_NAME, ControlServer
from freiton.control.server import Arguments
from freiton.errors import OperatorError


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Freiton = Callable[..., Outcome]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def freiton(state: Path) -> Freiton:
    """Run a command; it must succeed unless a status is expected."""

    def run(*arguments: str, status: int = 0) -> Outcome:
        result = CliRunner().invoke(
            app, list(arguments), env={"FREITON_STATE_FOLDER": str(state), "FREITON_CONFIG": None}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@dataclass
class RunningSwitch:
    """Answers at the control socket as a switch would, and remembers what it was asked."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusal: str = ""
    told: dict[str, int] = field(
        default_factory=lambda: {"balance_micros": 7_500_000, "open_calls": 3}
    )

    async def answer(self, command: str, arguments: Arguments) -> object:
        self.asked.append((command, dict(arguments)))
        if self.refusal:
            raise OperatorError(self.refusal)
        return self.told


@pytest.fixture
def switch(state: Path) -> Iterator[RunningSwitch]:
    running = RunningSwitch()
    loop = asyncio.new_event_loop()
    server = ControlServer(
        state / SOCKET_NAME,
        commands={
            "reload": lambda arguments: running.answer("reload", arguments),
            "status": lambda arguments: running.answer("status", arguments),
            "top-up": lambda arguments: running.answer("top-up", arguments),
            "set-mailbox": lambda arguments: running.answer("set-mailbox", arguments),
        },
        streams={},
    )
    state.mkdir()
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield running
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()
