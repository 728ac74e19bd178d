"""The optional build with mypyc: ``FREITON_COMPILE=1 python setup.py build_ext --inplace``.

Without ``FREITON_COMPILE=1`` nothing is compiled, and all that is to be said stands in
``pyproject.toml``. Compiled are the rooms that a call goes through and that only compute
(docs/howto/compile.md).
"""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import Final

from setuptools import Extension, setup

ROOT: Final = Path(__file__).parent

LIBRARIES: Final = MappingProxyType(
    {
        "sipcore": (
            "sipcore", "sipcore/message", "sipcore/transport", "sipcore/transaction",
            "sipcore/defence", "sipcore/dialog", "sipcore/auth", "sipcore/registrar",
            "sipcore/b2bua",
        ),
        "rating": (
            "rating", "rating/numbering", "rating/ledger", "rating/allowances", "rating/engine",
            "rating/charging", "rating/cdr",
        ),
        "service": ("freiton/accounting", "freiton/routing", "freiton/calls"),
        "trace": ("freiton/trace",),
    }
)  # fmt: skip
"""The rooms, by the library that they become a part of; within one, calls are calls of C."""

INTERPRETED: Final = frozenset(
    {
        # msgspec makes their classes.
        "sipcore/registrar/record.py", "sipcore/b2bua/resume.py",
        "freiton/accounting/charging_events.py", "freiton/accounting/snapshot.py",
        "freiton/calls/stream.py", "freiton/trace/ladder.py", "freiton/trace/trace_file.py",
        # Has a subclass that measures, outside of these rooms.
        "freiton/calls/pricing.py",
        # Files and sockets; no call waits for them.
        "freiton/trace/hep_exporter.py", "freiton/trace/plain.py", "freiton/trace/trace_folder.py",
        "freiton/trace/tracing.py",
    }
)  # fmt: skip


def compiled_files(room: str) -> list[str]:
    """Return the files of a room that are compiled."""
    paths = [str(path.relative_to(ROOT)) for path in sorted((ROOT / room).glob("[!_]*.py"))]
    return [path for path in paths if path not in INTERPRETED]


def extensions() -> list[Extension]:
    """Translate the rooms to C, if it is wanted; needs mypy and a C compiler."""
    if os.environ.get("FREITON_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - only this build needs it

    libraries: list[tuple[list[str], str | None]] = [
        ([file for room in rooms for file in compiled_files(room)], name)
        for name, rooms in LIBRARIES.items()
    ]
    files = [file for library, _ in libraries for file in library]
    level = os.environ.get("FREITON_COMPILE_LEVEL", "1")
    return mypycify(["--strict", *files], opt_level=level, debug_level="0", separate=libraries)


if __name__ == "__main__":
    setup(ext_modules=extensions())
