"""The container files, as far as they can be tried without a container engine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from freiton.draining import EMERGENCY_WAIT_S, GOODBYE_S

ROOT = Path(__file__).parent.parent
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
COMPOSE = (DOCKER / "compose.yaml").read_text()
START_S = 30


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: the control socket's has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="freiton-") as name:
        yield Path(name)


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """As in the image: `freiton` on the path, a state folder, a folder of settings."""
    (folder / "bin").mkdir()
    (folder / "etc").mkdir()
    program = folder / "bin" / "freiton"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m freiton "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "FREITON_STATE_FOLDER": str(folder / "state"),
        "FREITON_ETC": str(folder / "etc"),
    }


def entrypoint(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(DOCKER / "entrypoint.sh"), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_what_the_image_copies_is_there_and_is_enough() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    ]
    for source in copied:
        assert (ROOT / source).exists(), source
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    needed = {name.rstrip("*") for name in packages} | {project["project"]["readme"], "config"}
    assert needed <= set(copied)


def test_what_is_mounted_is_there() -> None:
    mounted = re.findall(r"^ +- (\.\./?[\w./-]+):", COMPOSE, re.MULTILINE)
    assert len(mounted) == 2
    for source in mounted:
        assert (DOCKER / source).is_dir(), source


def test_the_calls_have_time_to_end() -> None:
    grace = re.search(r"stop_grace_period: (\d+)s", COMPOSE)
    assert grace is not None
    settings = tomllib.loads((ROOT / "config" / "default.toml").read_text())
    assert int(grace[1]) > settings["shutdown"]["deadline_s"] + EMERGENCY_WAIT_S + GOODBYE_S


def test_the_entry_point_runs_any_command(environment: dict[str, str]) -> None:
    running = entrypoint(environment, "check-config")
    out, _ = running.communicate(timeout=START_S)
    assert running.returncode == 0, out
    assert f"state folder: {environment['FREITON_STATE_FOLDER']}" in out


def test_the_entry_point_starts_a_switch_with_its_site(
    environment: dict[str, str], folder: Path
) -> None:
    (folder / "etc" / "freiton.toml").write_text('domains = ["town.example"]\n')
    (folder / "etc" / "site.toml").write_bytes((ROOT / "config/demo/site.toml").read_bytes())
    addresses = ("--sip", "127.0.0.1:0", "--http", "127.0.0.1:0")
    running = entrypoint(environment, "run", "--no-demo-site", *addresses)
    assert running.stdout is not None
    try:
        shown = ""
        for line in running.stdout:
            shown += line
            if '"ready"' in line:
                break
        assert "7 accounts" in shown, shown
        assert "town.example" in shown
        assert (folder / "state").stat().st_mode & 0o777 == 0o700
        running.send_signal(signal.SIGTERM)
        assert running.wait(START_S) == 0
    finally:
        running.kill()
        running.communicate()
