"""What a switch keeps in memory: ``python -m bench.memory``.

Registrations and subscriptions are made over the wire of a real switch, which is then started
anew: what it has after that it keeps, without the traces of the requests that made it. Each costs
what the process is larger by, divided by their number; of subscriptions it is the most, since each
of them is told anew after a start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.lamp_phones import LampPhones
from bench.load import Server, free_port, start_switch
from bench.process_meter import resident_kb
from bench.sender import Sender

REGISTRATIONS = 10_000
SUBSCRIPTIONS = 1_000
PER_WATCHER = 100
QUIET_S = 40.0
"""Transactions of UDP are kept for 32 s."""

SETTLE_S = 2.0
"""What was registered last is on disk by then."""


def main() -> int:
    arguments = read_arguments()
    with tempfile.TemporaryDirectory() as text, ExitStack() as stack:
        empty = memory_kb(Path(text) / "empty", 1, stack)
        folder = Path(text) / "full"
        folder.mkdir()
        server = start_switch(folder, arguments.registrations)
        stack.callback(server.stop)
        server.wait_until_it_answers(seconds=120.0)
        loaded = resident_kb(server.pid)
        report("account", loaded - empty, arguments.registrations)
        sender = Sender(server.port, arguments.registrations, free_port())
        stack.callback(sender.close)
        sender.register_all()
        registered = restarted_kb(server)
        report("registration", registered - loaded, arguments.registrations)
        lamps = LampPhones(server.port)
        for watcher in range(SUBSCRIPTIONS // PER_WATCHER):
            lamps.register(watcher)
            for phone in range(PER_WATCHER):
                lamps.watch(watcher, f"u{phone}", (f"u{phone}",), is_list=False)
        lamps.start()
        report("subscription", restarted_kb(server) - registered, SUBSCRIPTIONS)
        print(f"whole process {resident_kb(server.pid) / 1024:.0f} MB")
        lamps.stop()
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--registrations", type=int, default=REGISTRATIONS)
    return parser.parse_args()


def memory_kb(folder: Path, accounts: int, stack: ExitStack) -> int:
    """Return what a switch takes that serves almost nobody."""
    folder.mkdir()
    server = start_switch(folder, accounts)
    stack.callback(server.stop)
    server.wait_until_it_answers()
    return resident_kb(server.pid)


def restarted_kb(server: Server) -> int:
    time.sleep(SETTLE_S)
    server.restart()
    time.sleep(QUIET_S)
    return resident_kb(server.pid)


def report(name: str, grown_kb: int, count: int) -> None:
    print(
        f"{name:13} {grown_kb * 1024 / count:6.0f} bytes each ({count}: {grown_kb / 1024:.1f} MB)"
    )


if __name__ == "__main__":
    sys.exit(main())
