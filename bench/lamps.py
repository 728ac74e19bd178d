"""A thousand lamps that watch a hundred phones while these call: ``python -m bench.lamps``.

Ten phones watch the same hundred colleagues, by single keys or (``--lists``) by one list each. The
colleagues call each other, first evenly, then all at once. Reported is how late the lamps are,
what that costs, and that calls are set up as quickly as without. A lamp is late by what lies
between the moment its phone's call begins or ends and the NOTIFY that says so; two NOTIFYs of one
subscription are a second apart (RFC 4235 §3.10), and calls last longer than that.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.lamp_phones import LampPhones, Notice
from bench.load import Server, free_port, start_callee, start_switch, stop, write_users
from bench.process_meter import ProcessMeter
from bench.sender import Sender, Tally

PHONES = 100
WATCHERS = 10
HOLD_S = 2.5
STORM_HOLD_S = 4.5
"""Longer than a list takes to tell all, or what came and went would not be told at all."""

CALLS_PER_S = 10.0
LISTS_CALLS_PER_S = 5.0
"""With more, the lamps of one list that change in a second have no room in one NOTIFY."""

STORM_S = 0.01
"""In so short a time every phone calls or is called."""

SETTLE_S = 4.5
LATE_P99_MAX_S = 0.5
LISTS_LATE_P99_MAX_S = (1.5, 4.0)
"""Evenly, and at once: a list waits a second since it spoke last, whoever of it changed; and one
NOTIFY has room for some 40 lamps, the others follow in the next."""

SETUP_P99_MAX_MS = 250.0
GAP_MIN_S = 0.9
"""A second, less what a NOTIFY may come late and the next one early."""


def main() -> int:
    arguments = read_arguments()
    if shutil.which("sipp") is None:
        sys.exit("bench.lamps needs SIPp (Debian: sip-tester)")
    with tempfile.TemporaryDirectory() as text, ExitStack() as stack:
        folder = Path(text)
        users = PHONES + WATCHERS
        write_users(folder / "users.csv", users)
        server = start_switch(folder, users)
        stack.callback(server.stop)
        server.wait_until_it_answers()
        if arguments.lists:
            make_lists(folder)
        callee_port = free_port()
        stack.callback(stop, start_callee(callee_port, folder))
        sender = Sender(server.port, PHONES, callee_port)
        stack.callback(sender.close)
        sender.register_all()
        meter = ProcessMeter({"switch": server.pid, "sender and lamps": os.getpid()})
        missed = measure_all(server, sender, meter, arguments)
    print(f"{missed} bounds missed" if missed else "all bounds are kept")
    return 1 if missed else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lists", action="store_true", help="one list of each watcher")
    parser.add_argument(
        "--rate",
        type=float,
        help="calls a second, at most 14: a phone calls once at a time",
    )
    parser.add_argument("--seconds", type=float, default=15.0)
    return parser.parse_args()


def measure_all(
    server: Server, sender: Sender, meter: ProcessMeter, arguments: argparse.Namespace
) -> int:
    """Return how many bounds were missed."""
    rate = arguments.rate or (LISTS_CALLS_PER_S if arguments.lists else CALLS_PER_S)
    seconds = arguments.seconds
    late_max_s = LISTS_LATE_P99_MAX_S if arguments.lists else (LATE_P99_MAX_S, LATE_P99_MAX_S)
    tally = sender.run(rate, seconds, hold_s=HOLD_S, meter=meter)
    print(f"no lamps: {rate:.0f}/s, set-up p99 {tally.setup_p99_ms():.0f} ms; {meter}")
    lamps = open_lamps(server, are_lists=arguments.lists)
    print(f"{sum(map(len, lamps.lamps.values()))} lamps in {len(lamps.lamps)} subscriptions")
    since = time.monotonic()
    tally = sender.run(rate, seconds, hold_s=HOLD_S, meter=meter)
    time.sleep(SETTLE_S)
    print(f"{rate:.0f}/s ({meter}): ", end="")
    missed = judge(tally, lamps, since, late_max_s=late_max_s[0])
    since = time.monotonic()
    tally = sender.run(PHONES / 2 / STORM_S, STORM_S, hold_s=STORM_HOLD_S)
    time.sleep(SETTLE_S)
    print("at once: ", end="")
    missed += judge(tally, lamps, since, late_max_s=late_max_s[1])
    lamps.stop()
    return missed


def make_lists(folder: Path) -> None:
    """Give each watcher a list of all phones, as the operator does."""
    freiton = [sys.executable, "-m", "freiton", "--config", str(folder / "bench.toml")]
    phones = [f"u{phone}" for phone in range(PHONES)]
    for watcher in range(PHONES, PHONES + WATCHERS):
        command = [*freiton, "lamps", "set", f"u{watcher}", f"team{watcher}", *phones]
        subprocess.run(command, check=True, capture_output=True)


def open_lamps(server: Server, *, are_lists: bool) -> LampPhones:
    lamps = LampPhones(server.port)
    phones = tuple(f"u{phone}" for phone in range(PHONES))
    for watcher in range(PHONES, PHONES + WATCHERS):
        lamps.register(watcher)
        if are_lists:
            lamps.watch(watcher, f"team{watcher}", phones, is_list=True)
            continue
        for phone in phones:
            lamps.watch(watcher, phone, (phone,), is_list=False)
    lamps.start()
    time.sleep(SETTLE_S)
    return lamps


def judge(tally: Tally, lamps: LampPhones, since: float, *, late_max_s: float) -> int:
    """Print what came of a phase, and return how many bounds were missed."""
    notices = lamps.notices(since=since)
    late = sorted(lateness(tally, lamps, notices))
    wrong = sum(notice.is_lit for notice in last_of_each(notices).values())
    changes = 2 * len(tally.spans) * WATCHERS  # on and off, at every watcher
    lost = changes - len(late)
    gap = least_gap(notices)
    setup, late_p99 = tally.setup_p99_ms(), share_of(late, 0.99)
    told = len({(notice.lamp, notice.cseq) for notice in notices})
    print(
        f"{tally.answered} of {tally.attempted} calls, set-up p99 {setup:.0f} ms; {told} NOTIFYs, "
        f"late p50 {share_of(late, 0.5):.0f} ms, p99 {late_p99:.0f} ms; least gap {gap:.2f} s; "
        f"{lost} of {changes} changes lost, {wrong} lamps wrong",
        flush=True,
    )
    missed = (tally.answered < tally.attempted) + (setup > SETUP_P99_MAX_MS) + (gap < GAP_MIN_S)
    return missed + bool(lost) + bool(wrong) + (late_p99 > late_max_s * 1000)


def lateness(tally: Tally, lamps: LampPhones, notices: Sequence[Notice]) -> list[float]:
    """Return how late each lamp lit and went out, for the calls of this phase."""
    told: dict[tuple[str, str], list[Notice]] = {}
    for notice in notices:
        told.setdefault((notice.lamp, notice.phone), []).append(notice)
    found = []
    for phone, begun_at, ended_at in tally.spans:
        for lamp, phones in lamps.lamps.items():
            if phone in phones:
                heard = told.get((lamp, phone), [])
                found += first_after(heard, begun_at, ended_at, is_lit=True)
                found += first_after(heard, ended_at, ended_at + SETTLE_S, is_lit=False)
    return found


def first_after(
    notices: Sequence[Notice], moment: float, until: float, *, is_lit: bool
) -> list[float]:
    """Return how long after a moment a lamp first showed it, nothing when it never did."""
    shown = (one.at for one in notices if moment <= one.at < until and one.is_lit is is_lit)
    return [at - moment for at in shown][:1]


def last_of_each(notices: Sequence[Notice]) -> dict[tuple[str, str], Notice]:
    return {(notice.lamp, notice.phone): notice for notice in notices}


def least_gap(notices: Sequence[Notice]) -> float:
    """Return the shortest time between two NOTIFYs of one subscription."""
    least, before = 3600.0, dict[str, Notice]()
    for notice in notices:
        last = before.get(notice.lamp)
        if last is not None and last.cseq != notice.cseq:
            least = min(least, notice.at - last.at)
        before[notice.lamp] = notice
    return least


def share_of(ordered: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds, 0 of nothing."""
    return ordered[int(len(ordered) * share)] * 1000 if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
