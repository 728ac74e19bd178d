"""Coverage-guided fuzzing of one reader: `python -m tests.fuzz message FOLDER -runs=1000000`.

What follows the name of the reader is for libFuzzer: a folder of seeds, which it extends, and
options. A crash leaves its input beside; give that file instead of the folder to repeat it.
"""

from __future__ import annotations

import sys


def main() -> None:
    import atheris  # noqa: PLC0415 - not on every machine; instruments what is imported after it

    with atheris.instrument_imports(include=["sipcore"]):
        from tests.fuzz.readers import READERS  # noqa: PLC0415 - to be instrumented

    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in READERS:
        raise SystemExit(f"which reader? {', '.join(READERS)}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], READERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
