"""The shipped data is found in a checkout and is part of what is installed."""

import subprocess
import sys
from pathlib import Path

from freiton.config import shipped

ROOT = Path(__file__).parents[3]


def test_the_defaults_are_found_in_a_checkout() -> None:
    assert shipped("default.toml").samefile(ROOT / "config" / "default.toml")


def test_a_built_package_holds_all_shipped_data_and_migrations(tmp_path: Path) -> None:
    built = tmp_path / "lib"
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import setuptools; setuptools.setup()",
            *("--quiet", "egg_info", "--egg-base", str(tmp_path)),
            *("build_py", "--build-lib", str(built)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    for folder in ("config", "freiton/storage/migrations"):
        inside = "freiton/data" if folder == "config" else folder
        expected = {
            path.relative_to(ROOT / folder)
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        found = {
            path.relative_to(built / inside)
            for path in (built / inside).rglob("*")
            if path.is_file()
        }
        assert expected <= found
        assert expected
