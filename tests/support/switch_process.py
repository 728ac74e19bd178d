"""The real switch, started as an operator starts it, in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.support.free_port import free_sip_ports, free_tcp_port

HOST = "127.0.0.1"
STATE = "state"
_START_S = 20.0
_STOP_S = 20.0
_CLI_S = 30.0
_LOG_TAIL = 4_000


class SwitchProcess:
    """`freiton run` on free ports and a state folder of its own, from `with` to its end.

    `settings` is TOML over the shipped defaults; `has_own_listeners` says that it names the sockets
    for SIP, which are else one port of its own for all transports.
    """

    def __init__(
        self, folder: Path, *, settings: str = "", has_own_listeners: bool = False
    ) -> None:
        self._folder = folder
        self._state = folder / STATE
        self._config = folder / "freiton.toml"
        self._config.write_text(settings)
        (self.sip_port,) = free_sip_ports(1)
        self._has_own_listeners = has_own_listeners
        self.http_port = free_tcp_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.is_running:
            self.kill()

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it is ready for calls."""
        assert not self.is_running
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(
                    "run",
                    *self._sip_options(),
                    "--http", f"{HOST}:{self.http_port}",
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )  # fmt: skip
        self._wait_until_ready()
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal and go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to stop with SIGTERM and return its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        """Wait until it has ended by itself and return its exit status."""
        assert self._process is not None
        try:
            return self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not stop\n{self.log_tail()}") from None

    def kill(self) -> None:
        """End it without a word, as a lost machine would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def cli(self, *arguments: str) -> str:
        """Run one command of the operator's and return what it prints; it must succeed."""
        result = self.try_cli(*arguments)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    def try_cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the operator's, whether it succeeds or not."""
        return subprocess.run(
            self._command(*arguments),
            capture_output=True,
            text=True,
            timeout=_CLI_S,
            check=False,
        )

    def records(self) -> list[dict[str, str]]:
        """Return every call detail record, oldest first."""
        return list(csv.DictReader(io.StringIO(self.cli("cdr", "export"))))

    def wait_for_records(self, count: int, *, timeout_s: float = 10.0) -> list[dict[str, str]]:
        """Return the records as soon as so many attempts have ended; more are a failure too."""
        self.wait_for_metric("freiton_calls_ended_total", count, timeout_s=timeout_s)
        records = self.records()
        assert len(records) == count, records
        return records

    def health(self) -> tuple[int, dict[str, Any]]:
        """Return status and content of the health page."""
        try:
            with urllib.request.urlopen(self._url("/health"), timeout=5) as page:  # noqa: S310  # http
                return page.status, json.load(page)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of that name that have at least these labels."""
        with urllib.request.urlopen(self._url("/metrics"), timeout=5) as page:  # noqa: S310  # http
            text = page.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def wait_for_metric(
        self, name: str, value: float, *, timeout_s: float = 10.0, **labels: str
    ) -> None:
        """Wait until `metric` gives that value."""
        deadline = time.monotonic() + timeout_s
        while (found := self.metric(name, **labels)) != value:
            assert time.monotonic() < deadline, f"{name} {labels} is {found}, not {value}"
            time.sleep(0.02)

    def log_lines(self) -> list[dict[str, Any]]:
        """Return what it logged; every line must be JSON."""
        return [json.loads(line) for line in self._log_path.read_text().splitlines()]

    def log_tail(self) -> str:
        """Return the end of its log as it stands."""
        return self._log_path.read_text()[-_LOG_TAIL:] if self._log_path.exists() else ""

    @property
    def _log_path(self) -> Path:
        return self._folder / "switch.log"

    def _command(self, *arguments: str) -> list[str]:
        return [
            sys.executable, "-m", "freiton",
            "--config", str(self._config), "--state", str(self._state), *arguments,
        ]  # fmt: skip

    def _sip_options(self) -> tuple[str, ...]:
        return () if self._has_own_listeners else ("--sip", f"{HOST}:{self.sip_port}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        while True:
            assert self._process.poll() is None, f"it ended\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"never ready\n{self.log_tail()}"
            try:
                if self.health()[0] == 200:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.05)

    def _url(self, path: str) -> str:
        return f"http://{HOST}:{self.http_port}{path}"
