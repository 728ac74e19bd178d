"""What a switch does with more than it can: ``python -m bench.overload``.

C is the highest rate of calls at which the switch's process takes at most 80 % of one core and
99 of 100 calls are set up within 250 ms. Then the same calls come at two, five and ten times C,
with one emergency call a second among them; goodput is what is answered, as a share of C. The
sender is a small one of our own (``bench/sender.py``); what it could not send is reported, so that
the rate is the one that really came. At the end it is seen how soon the switch is itself again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.load import Server, free_port, start_callee, start_switch, stop, write_users
from bench.sender import Sender, Tally

CPU_SHARE_MAX = 0.8
SETUP_P99_MAX_MS = 250.0
USERS = 400
RATES = (100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800)
FACTORS = (2, 5, 10)
GOODPUT_MIN = {2: 0.95, 5: 0.90, 10: 0.80}
WARM_UP_S = 2.0
RECOVERY_MAX_S = 5.0


def main() -> int:
    arguments = read_arguments()
    if shutil.which("sipp") is None:
        sys.exit("bench.overload needs SIPp (Debian: sip-tester)")
    with tempfile.TemporaryDirectory() as text, ExitStack() as stack:
        folder = Path(text)
        write_users(folder / "users.csv", USERS)
        callee_port, carrier_port = free_port(), free_port()
        server = start_switch(folder, USERS, carrier_port=carrier_port)
        stack.callback(server.stop)
        server.wait_until_it_answers()
        for port in (callee_port, carrier_port):
            stack.callback(stop, start_callee(port, folder))
        sender = Sender(server.port, USERS, callee_port)
        stack.callback(sender.close)
        sender.register_all()
        capacity = find_capacity(server, sender, arguments)
        return 1 if measure_overload(sender, capacity, arguments) else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each phase")
    parser.add_argument("--capacity", type=float, help="C, if it is known")
    return parser.parse_args()


def find_capacity(server: Server, sender: Sender, arguments: argparse.Namespace) -> float:
    """Go up until a bound is passed; the last rate before is C."""
    if arguments.capacity:
        return float(arguments.capacity)
    capacity = 0.0
    for rate in RATES:
        before, started = process_cpu_s(server.pid), time.monotonic()
        tally = sender.run(rate, arguments.seconds)
        # Those that are still under way when the last has begun cost as well.
        share = (process_cpu_s(server.pid) - before) / min(
            time.monotonic() - started, arguments.seconds + 0.5
        )
        p99 = tally.setup_p99_ms()
        print(f"{rate:5}/s  core {share:5.0%}  p99 {p99:6.1f} ms  {line_of(tally)}", flush=True)
        if share > CPU_SHARE_MAX or p99 > SETUP_P99_MAX_MS or tally.answered < tally.attempted:
            break
        capacity = rate
    if not capacity:
        sys.exit("not even the lowest rate is held; is the machine busy with something else?")
    print(f"C = {capacity:.0f}/s\n")
    return capacity


def measure_overload(sender: Sender, capacity: float, arguments: argparse.Namespace) -> int:
    """Return how many bounds were missed."""
    missed = 0
    for factor in FACTORS:
        start = time.monotonic()
        tally = sender.run(factor * capacity, arguments.seconds, emergency_rate=1.0)
        window = (start + WARM_UP_S, start + arguments.seconds)
        answered = sum(window[0] <= at < window[1] for at in tally.answered_at)
        goodput = answered / (window[1] - window[0]) / capacity
        helped = tally.emergencies_answered == tally.emergencies
        print(
            f"{factor:3} x C  goodput {goodput:5.0%}  p99 {tally.setup_p99_ms():6.1f} ms  "
            f"emergency {tally.emergencies_answered} of {tally.emergencies}  {line_of(tally)}",
            flush=True,
        )
        missed += (goodput < GOODPUT_MIN[factor]) + (not helped)
    recovery_s = measure_recovery(sender, capacity, arguments)
    print(f"recovery {recovery_s:.1f} s after the flood")
    return missed + (recovery_s > RECOVERY_MAX_S)


def measure_recovery(sender: Sender, capacity: float, arguments: argparse.Namespace) -> float:
    """Flood once more, then send half of C; return when the last of those was refused."""
    sender.run(10 * capacity, 4.0)
    start = time.monotonic()
    tally = sender.run(capacity / 2, arguments.seconds)
    return max((at - start for at in tally.refused_at), default=0.0)


def process_cpu_s(pid: int) -> float:
    """Return the seconds of the switch's own process; the log's writer has a core of its own."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def line_of(tally: Tally) -> str:
    return (
        f"{tally.answered} answered, {tally.refused} refused, {tally.unanswered} unanswered "
        f"of {tally.attempted}; sender dropped {tally.dropped_here}"
    )


if __name__ == "__main__":
    sys.exit(main())
