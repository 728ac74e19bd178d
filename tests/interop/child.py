"""A foreign agent in a process of its own: orders go in as JSON lines, what it tells comes out."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

WAIT_S = 10.0
FOLDER = Path(__file__).parent


class Child:
    """One program of this folder, run from `with` to its end."""

    def __init__(self, program: str, folder: Path, *, name: str, **settings: object) -> None:
        self._stderr = (folder / f"{name}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / program), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_for(self, event: str, *, count: int = 1, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Return the event of that name, the last of so many."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while len(found := [one for one in self.events if one["event"] == event]) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"no {event} within {timeout_s} s: {self.events}"
                assert self._process.poll() is None, f"the program ended: {self.events}"
                self._changed.wait(min(left, 0.5))
        return found[count - 1]

    def order(self, order: str, **facts: object) -> Any:
        """Give an order and return its result."""
        with self._changed:
            told = len(self._replies())
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": order, **facts}) + "\n")
        self._process.stdin.flush()
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._replies()) > told, WAIT_S), order
        reply = self._replies()[told]
        assert reply["event"] == "done", reply
        return reply["result"]

    def _replies(self) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] in ("done", "failed")]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.startswith("{"):
                continue  # a foreign library that talks to itself
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
