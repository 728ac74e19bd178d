"""Kamailio, started for a test from a configuration of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_START_S = 10.0
_STOP_S = 5.0

needs_kamailio = pytest.mark.skipif(
    shutil.which("kamailio") is None, reason="Kamailio is not installed (apt-get install kamailio)"
)


@contextmanager
def running_kamailio(folder: Path, config: str, *, port: int) -> Iterator[None]:
    """Run it on that UDP port, with its files in a new folder, from `with` to its end."""
    folder.mkdir()
    path, log_path = folder / "kamailio.cfg", folder / "kamailio.log"
    path.write_text(config)
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            ["kamailio", "-DD", "-E", "-f", str(path), "-Y", str(folder), "-m", "32", "-M", "8"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_bound(port, process, log_path)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_bound(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    suffix = f":{port:04X}"
    deadline = time.monotonic() + _START_S
    while not any(suffix in line for line in Path("/proc/net/udp").read_text().splitlines()):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.02)
