"""Plant each named fault in a copy of the project and see that a test turns red.

``python -m tests.mutants [NAME …]`` runs all faults, or the named ones; those of a price rule are
named by it, such as ``EN-02-1``. Each runs only the tests that are said to catch it, in a copy,
so the checkout is never touched. A fault that no test notices, or whose place is no longer found,
makes the run fail; so do tests that are red without any fault.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.faults import FAULTS, Fault
from tests.mutants.rule_faults import rule_faults
from tests.mutants.standard_faults import STANDARD_FAULTS

ROOT = Path(__file__).parent.parent.parent
COPIED = ("sipcore", "rating", "freiton", "tests", "config", "docs", "sipp-scenarios", "bench")
SECONDS_MAX = 300


def plant(fault: Fault, root: Path) -> str | None:
    """Change the copy under ``root``; return what is wrong with the fault's description."""
    path = root / fault.path
    text = path.read_text()
    if text.count(fault.old) != 1:
        return f"its place in {fault.path} is found {text.count(fault.old)} times"
    path.write_text(text.replace(fault.old, fault.new))
    return None


def run_tests(root: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX,
        check=False,
    )  # fmt: skip


@contextmanager
def copied() -> Iterator[Path]:
    """Give a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in COPIED:
            if (ROOT / name).exists():
                shutil.copytree(
                    ROOT / name, root / name, symlinks=True,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )  # fmt: skip
        shutil.copy(ROOT / "pyproject.toml", root)
        yield root


def check_sound(tests: tuple[str, ...]) -> str | None:
    """Return what is wrong with tests that no fault was planted for."""
    with copied() as root:
        result = run_tests(root, tests)
    return None if result.returncode == 0 else f"{' '.join(tests)}:\n{tail_of(result)}"


def whole_files(tests: tuple[str, ...]) -> tuple[str, ...]:
    """Give the files of single tests: if they are sound, so is each of their tests."""
    return tuple(dict.fromkeys(test.partition("::")[0] for test in tests))


def judge(fault: Fault) -> tuple[Fault, str | None]:
    """Return what speaks against the tests, or None when they caught the fault."""
    with copied() as root:
        problem = plant(fault, root)
        if problem is not None:
            return fault, problem
        try:
            result = run_tests(root, fault.tests)
        except subprocess.TimeoutExpired:
            return fault, None  # a test that hangs has noticed
    if result.returncode == 1 and "\nFAILED " in result.stdout:
        return fault, None
    return fault, f"pytest ended with {result.returncode}, no test failed:\n{tail_of(result)}"


def tail_of(result: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(result.stdout.strip().splitlines()[-5:])


def main(names: list[str]) -> int:
    faults = (*FAULTS, *STANDARD_FAULTS, *rule_faults())
    chosen = [fault for fault in faults if not names or fault.name in names]
    unknown = set(names) - {fault.name for fault in chosen}
    if unknown:
        print(f"no such fault: {', '.join(sorted(unknown))}")
        return 2
    survivors = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        sets = list(dict.fromkeys(whole_files(fault.tests) for fault in chosen))
        unsound = [found for found in pool.map(check_sound, sets) if found is not None]
        for found in unsound:
            print(f"red without a fault: {found}", flush=True)
        if unsound:
            return 1
        for number, (fault, problem) in enumerate(pool.map(judge, chosen), start=1):
            verdict = "caught" if problem is None else f"NOT CAUGHT: {problem}"
            print(f"[{number}/{len(chosen)}] {fault.name}: {verdict}", flush=True)
            survivors += problem is not None
    print(f"{len(chosen) - survivors} passed, {survivors} failed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
