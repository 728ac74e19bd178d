"""What a switch does with more than it can: ``python -m bench.overload``.

C is the highest rate of calls at which the switch's process takes at most 80 % of one core and
99 of 100 calls are set up within 250 ms; it is searched for twice, and the mean taken. Then the
same calls come at two, five and ten times C, with one emergency call a second among them; goodput
is what is answered, as a share of C. The calls are those of registered phones; a last phase has
half of C from them beside ten times C from strangers.

The sender is a small one of our own (``bench/sender.py``); what it could not send is reported, so
that the rate is the one that really came. So is what it, the callee and the charging log's
process use of a core: beside a sender at 100 % a switch is not measured. At the end it is seen how
soon the switch is itself again, what its memory has become, and that nothing is left.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from bench.load import HOST, Server, free_port, start_callee, start_switch, stop, write_users
from bench.process_meter import ProcessMeter, children, resident_kb
from bench.sender import Sender, Tally

CPU_SHARE_MAX = 0.8
SETUP_P99_MAX_MS = 250.0
USERS = 400
FIRST_RATE = 100.0
STEP = 1.12
"""From one rate to the next; C is found to half of this."""

SEARCHES = 2
FACTORS = (2, 5, 10)
GOODPUT_MIN = {2: 0.95, 5: 0.90, 10: 0.80}
BESIDE_STRANGERS_MIN = 0.99
WARM_UP_S = 2.0
RECOVERY_FLOOD_S = 4.0
RECOVERY_MAX_S = 5.0
QUIET_MAX_S = 45.0
"""Timers B, F and H end the last transaction 32 s after its last message."""

LONGEST_S = 1_800


class Bench:
    """A switch, who calls, who is called, and what all of them use."""

    def __init__(self, stack: ExitStack, folder: Path, seconds: float) -> None:
        write_users(folder / "users.csv", USERS)
        callee_port, carrier_port = free_port(), free_port()
        self.seconds = seconds
        self.server: Server = start_switch(folder, USERS, carrier_port=carrier_port)
        stack.callback(self.server.stop)
        self.server.wait_until_it_answers()
        callees = [
            start_callee(port, folder, most_s=LONGEST_S) for port in (callee_port, carrier_port)
        ]
        for callee in callees:
            stack.callback(stop, callee)
        self.sender = Sender(self.server.port, USERS, callee_port)
        stack.callback(self.sender.close)
        pids = {"switch": self.server.pid, "sender": os.getpid(), "callee": callees[0].pid}
        for writer in children(self.server.pid)[:1]:
            pids["log"] = writer
        self.meter = ProcessMeter(pids)
        self.sender.register_all()

    def run(
        self, rate: float, *, emergency_rate: float = 0.0, strangers_rate: float = 0.0
    ) -> Tally:
        return self.sender.run(
            rate,
            self.seconds,
            emergency_rate=emergency_rate,
            strangers_rate=strangers_rate,
            meter=self.meter,
        )

    def memory_mb(self) -> float:
        return resident_kb(self.server.pid) / 1024

    def transactions(self) -> int:
        url = f"http://{HOST}:{self.server.http_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            int(float(line.rpartition(" ")[2]))
            for line in lines
            if line.startswith("freiton_sip_transactions{")
        )


def main() -> int:
    arguments = read_arguments()
    if shutil.which("sipp") is None:
        sys.exit("bench.overload needs SIPp (Debian: sip-tester)")
    with tempfile.TemporaryDirectory() as text, ExitStack() as stack:
        bench = Bench(stack, Path(text), arguments.seconds)
        capacity = arguments.capacity or statistics.mean(
            find_capacity(bench) for _ in range(SEARCHES)
        )
        print(f"C = {capacity:.0f}/s\n")
        missed = measure_overload(bench, capacity)
        missed += measure_beside_strangers(bench, capacity)
        missed += measure_recovery(bench, capacity)
        missed += measure_what_is_left(bench)
    print(f"{missed} bounds missed" if missed else "all bounds are kept")
    return 1 if missed else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each phase")
    parser.add_argument("--capacity", type=float, help="C, if it is known")
    return parser.parse_args()


def find_capacity(bench: Bench) -> float:
    """Go up until a bound is passed twice, since once may be a hiccup; the rate before is C."""
    rate, capacity = FIRST_RATE, 0.0
    while holds(bench, rate) or holds(bench, rate):
        capacity, rate = rate, rate * STEP
    if not capacity:
        sys.exit("not even the lowest rate is held; is the machine busy with something else?")
    return capacity


def holds(bench: Bench, rate: float) -> bool:
    tally = bench.run(rate)
    share, p99 = bench.meter.shares["switch"], tally.setup_p99_ms()
    print(f"{rate:5.0f}/s  p99 {p99:6.1f} ms  {bench.meter}  {line_of(tally)}", flush=True)
    is_whole = tally.answered == tally.attempted and not tally.dropped_here
    return is_whole and share <= CPU_SHARE_MAX and p99 <= SETUP_P99_MAX_MS


def measure_overload(bench: Bench, capacity: float) -> int:
    """Return how many bounds were missed, as all that measure here."""
    missed = 0
    for factor in FACTORS:
        start = time.monotonic()
        tally = bench.run(factor * capacity, emergency_rate=1.0)
        goodput = answered_per_s(tally, start, bench.seconds) / capacity
        print(f"{factor:3} x C  goodput {goodput:5.0%}  {overload_line(bench, tally)}", flush=True)
        missed += (goodput < GOODPUT_MIN[factor]) + is_help_missing(tally)
    return missed


def measure_beside_strangers(bench: Bench, capacity: float) -> int:
    tally = bench.run(capacity / 2, emergency_rate=1.0, strangers_rate=10 * capacity)
    share = tally.answered / max(1, tally.attempted)
    print(
        f"half of C beside {tally.strangers / bench.seconds:.0f} strangers a second  "
        f"served {share:5.1%}  {overload_line(bench, tally)}",
        flush=True,
    )
    return (share < BESIDE_STRANGERS_MIN) + is_help_missing(tally)


def measure_recovery(bench: Bench, capacity: float) -> int:
    """Flood once more, then send half of C: the last one refused tells when it is over."""
    bench.sender.run(10 * capacity, RECOVERY_FLOOD_S)
    start = time.monotonic()
    tally = bench.run(capacity / 2)
    seconds = max((at - start for at in tally.refused_at), default=0.0)
    print(f"recovery {seconds:.1f} s after a flood of 10 x C  {line_of(tally)}", flush=True)
    return int(seconds > RECOVERY_MAX_S)


def measure_what_is_left(bench: Bench) -> int:
    before = bench.memory_mb()
    until = time.monotonic() + QUIET_MAX_S
    while (left := bench.transactions()) and time.monotonic() < until:
        time.sleep(1.0)
    print(f"left {left} transactions; memory {before:.0f} MB, quiet {bench.memory_mb():.0f} MB")
    return int(left > 0)


def answered_per_s(tally: Tally, start: float, seconds: float) -> float:
    """Count those answered while the flood stands, without its beginning."""
    first, last = start + WARM_UP_S, start + seconds
    return sum(first <= at < last for at in tally.answered_at) / (last - first)


def is_help_missing(tally: Tally) -> bool:
    return tally.emergencies_answered < tally.emergencies


def overload_line(bench: Bench, tally: Tally) -> str:
    return (
        f"p99 {tally.setup_p99_ms():6.1f} ms  "
        f"emergency {tally.emergencies_answered} of {tally.emergencies}  "
        f"{bench.meter}  {bench.memory_mb():.0f} MB  {line_of(tally)}"
    )


def line_of(tally: Tally) -> str:
    return (
        f"{tally.answered} answered, {tally.refused} refused, {tally.unanswered} unanswered "
        f"of {tally.attempted}; sender dropped {tally.dropped_here}"
    )


if __name__ == "__main__":
    sys.exit(main())
