"""Every measurement, one after the other: ``python -m bench``."""

from __future__ import annotations

import platform
import subprocess
import sys
import time

MEASUREMENTS = ("parse", "digest", "rating", "charging_log", "load", "overload", "lamps")


def main() -> int:
    print(f"{time.strftime('%Y-%m-%d')} Python {platform.python_version()} {platform.platform()}")
    failed = 0
    for name in MEASUREMENTS:
        print(f"\n== bench.{name}", flush=True)
        failed += (
            subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
