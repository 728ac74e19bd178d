"""SIPp as a foreign phone or carrier: bounded in time, readable when it fails."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

ROOT = Path(__file__).parent.parent.parent
SCENARIOS = ROOT / "sipp-scenarios"
HOST = "127.0.0.1"

needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="SIPp is not installed (apt-get install sip-tester)"
)

_EXIT_MEANINGS = {
    1: "a call failed",
    97: "an inner command, or the time limit",
    99: "no call was made",
    254: "cannot bind its port",
    255: "a fatal error",
}
_BIND_S = 5.0
_MESSAGES_TAIL = 6_000


@dataclass(frozen=True, kw_only=True)
class SippRole:
    """One SIPp to run: who it plays, against whom, and for how long at most.

    `keys` fill `[name]` in the scenario; `pause_ms` is `-d`, the length of `<pause/>`.
    """

    scenario: str
    port: int
    remote_port: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = ""
    domain: str = ""
    service: str = ""
    calls: int = 1
    rate: float = 10
    at_once: int = 100
    pause_ms: int = 500
    transport: str = "u1"
    csv: str = ""
    timeout_s: int = 20


class SippProcess:
    """A running SIPp; its files lie in a folder of its own."""

    def __init__(self, role: SippRole, folder: Path) -> None:
        self.role = role
        self._folder = folder / f"{Path(role.scenario).stem}-{role.port}-{time.monotonic_ns()}"
        self._folder.mkdir(parents=True)
        if role.csv:
            (self._folder / "users.csv").write_text(role.csv)
        self._command = self._arguments()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "stderr.log").open("wb"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    def wait_until_bound(self) -> None:
        """Wait until the socket is there, so that the first message finds it."""
        deadline = time.monotonic() + _BIND_S
        while not _is_bound(self.role.port):
            assert self._process.poll() is None, self._failure()
            assert time.monotonic() < deadline, f"port {self.role.port} is never bound"
            time.sleep(0.01)

    def expect_success(self) -> None:
        """Wait for the end and require that every call went as the scenario says."""
        try:
            code = self._process.wait(self.role.timeout_s + 5)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("SIPp did not end in time\n" + self._failure()) from None
        assert code == 0, self._failure()

    def has_ended(self) -> bool:
        """Return whether it has nothing left to do."""
        return self._process.poll() is not None

    def durations_s(self) -> list[float]:
        """Return what the scenario's response time counters measured, in their order."""
        (path,) = self._folder.glob("*_rtt.csv")
        rows = path.read_text().splitlines()[1:]
        return [float(row.split(";")[1]) / 1000 for row in rows]

    def messages(self) -> str:
        """Return every message that was sent or received, as SIPp wrote them down."""
        return _text(self._folder / "messages.log")

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _arguments(self) -> list[str]:
        role = self.role
        arguments = ["sipp"]
        if role.remote_port is not None:
            arguments.append(f"{HOST}:{role.remote_port}")
        arguments += ["-sf", str(SCENARIOS / role.scenario), "-i", HOST, "-p", str(role.port)]
        arguments += ["-t", role.transport, "-m", str(role.calls), "-r", str(role.rate)]
        arguments += ["-l", str(role.at_once), "-d", str(role.pause_ms), "-nostdin"]
        arguments += ["-timeout", f"{role.timeout_s}s", "-timeout_error"]
        arguments += ["-trace_err", "-error_file", "errors.log"]
        arguments += ["-trace_rtt", "-rtt_freq", "1"]
        if role.calls <= 20:  # load is not written down message by message
            arguments += ["-trace_msg", "-message_file", "messages.log"]
        if role.service:
            arguments += ["-s", role.service]
        if role.user:
            arguments += ["-au", role.user, "-ap", role.password]
        if role.domain:
            # Else the digest would be for the address we send to, which names another server.
            arguments += ["-auth_uri", role.domain, "-key", "domain", role.domain]
        if role.csv:
            arguments += ["-inf", "users.csv"]
        for name, value in role.keys.items():
            arguments += ["-key", name, value]
        return arguments

    def _failure(self) -> str:
        code = self._process.poll()
        meaning = _EXIT_MEANINGS.get(code or 0, "see below")
        return "\n".join(
            (
                f"{self.role.scenario}: SIPp ended with {code} ({meaning})",
                f"$ {shlex.join(self._command)}",
                "--- errors",
                _text(self._folder / "errors.log") or _text(self._folder / "stderr.log"),
                "--- last messages",
                self.messages()[-_MESSAGES_TAIL:],
            )
        )


def run_sipp(role: SippRole, folder: Path) -> SippProcess:
    """Run one SIPp to its end and require success."""
    process = SippProcess(role, folder)
    process.expect_success()
    return process


def start_sipp(role: SippRole, folder: Path) -> SippProcess:
    """Start one that waits for calls."""
    process = SippProcess(role, folder)
    process.wait_until_bound()
    return process


def _is_bound(port: int) -> bool:
    suffix = f":{port:04X}"
    return any(
        line.split()[1].endswith(suffix)
        for table in ("udp", "udp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    )


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
