"""What it costs to price, to close and to rate calls again: ``python -m bench.rating``.

All on the shipped tables of all four providers, on one core. Each figure with a target says
whether it is met; the exit status is 1 if one is missed.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bench.rating_calls import AT, BERLIN, CASES, close_call, make_records
from rating.engine import (
    Quote,
    RatingParams,
    grant_seconds,
    price_of_seconds,
    quote,
    rate_call,
)
from rating.numbering import Numbering, is_emergency, load_numbering
from rating.pricing import Tariffs, load_tariffs
from rating.replay import Replay, rerate

ROUNDS: Final = 7
CALLS: Final = 5_000
CONFIG: Final = Path(__file__).parents[1] / "config"

QUOTE_US_MAX: Final = 30
CLOSE_US_MAX: Final = 60
RERATE_S_MAX: Final = 60
LOAD_S_MAX: Final = 1
LOAD_MB_MAX: Final = 60

RERATED: Final = 1_000_000
ACCOUNTS: Final = 100
CALLS_OF_ACCOUNT: Final = 1_000

# Read, loaded and measured in a process of its own: peak resident memory, interpreter included.
LOADING: Final = """
import time
from bench.rating import texts
from rating.pricing import load_tariffs
began = time.perf_counter()
tariffs = load_tariffs(texts("tariffs"))
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""


class Verdicts:
    """Prints figures; remembers how many missed their targets."""

    def __init__(self) -> None:
        self.missed = 0

    def print(self, name: str, value: float, unit: str, *, target: int | None = None) -> None:
        verdict = ""
        if target is not None:
            self.missed += value > target
            verdict = f"   at most {target} {unit}: {'met' if value <= target else 'MISSED'}"
        print(f"{name:<32} {value:9.2f} {unit}{verdict}", flush=True)


def main() -> int:
    verdicts = Verdicts()
    numbering, tariffs = load_numbering(texts("numbering")), load_tariffs(texts("tariffs"))
    measure_numbers(verdicts, numbering)
    measure_prices(verdicts, tariffs, numbering)
    measure_loading(verdicts)
    measure_rerating(verdicts, tariffs, numbering)
    return 1 if verdicts.missed else 0


def measure_numbers(verdicts: Verdicts, numbering: Numbering) -> None:
    plan, table = numbering.plan, numbering.prefix_table
    steps: dict[str, Callable[[], object]] = {
        "is_emergency": lambda: is_emergency("03012345678"),
        "normalize, digits": lambda: plan.normalize("03012345678", BERLIN),
        "normalize, written": lambda: plan.normalize("+49 (0)30 123 45-678", BERLIN),
        "prefix look-up": lambda: table.lookup("447700900123"),
    }
    for name, step in steps.items():
        verdicts.print(name, microseconds(step), "µs")


def measure_prices(verdicts: Verdicts, tariffs: Tariffs, numbering: Numbering) -> None:
    for case in CASES:
        params = case.params(tariffs, numbering)
        warm = microseconds(partial(quote, params))
        verdicts.print(f"quote: {case.name}", warm, "µs", target=QUOTE_US_MAX)
    found = quote(CASES[1].params(tariffs, numbering))
    assert isinstance(found, Quote)
    call, record = RatingParams(found, 61_500_000), found.to_record()
    steps: dict[str, Callable[[], object]] = {
        "quote.to_record": found.to_record,
        "Quote.from_record": lambda: Quote.from_record(record),
        "grant_seconds": lambda: grant_seconds(found, 1_000_000, cap_s=14_400),
        "price_of_seconds": lambda: price_of_seconds(found, 120),
        "rate_call": lambda: rate_call(call),
    }
    for name, step in steps.items():
        verdicts.print(name, microseconds(step), "µs")
    close = microseconds(lambda: close_call(found, "+447700900123", AT, 61_500_000).to_record())
    verdicts.print("close: rate_call and record", close, "µs", target=CLOSE_US_MAX)


def measure_loading(verdicts: Verdicts) -> None:
    command = [sys.executable, "-c", LOADING]
    runs = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        for _ in range(ROUNDS)
    ]
    seconds = statistics.median(float(run[0]) for run in runs)
    megabytes = statistics.median(float(run[1]) for run in runs)
    verdicts.print("load all price lists", seconds, "s", target=LOAD_S_MAX)
    verdicts.print("peak memory of that process", megabytes, "MB", target=LOAD_MB_MAX)
    loading = microseconds(lambda: load_numbering(texts("numbering")), calls=1)
    verdicts.print("load numbering", loading / 1e6, "s")


def measure_rerating(verdicts: Verdicts, tariffs: Tariffs, numbering: Numbering) -> None:
    """Rate records again, each pass by a replay that knows no quote yet."""
    with (CONFIG / "numbering" / numbering.version / "prefixes.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["line_type"] in ("fixed", "mobile")]
    abroad = [row["prefix"] for row in rows if row["region"] != "DE"]
    made = make_records(tariffs, numbering, abroad, accounts=ACCOUNTS, calls=CALLS_OF_ACCOUNT)
    accounts = list(made)
    began = time.perf_counter()
    rated = changed = 0
    for run in range(1, RERATED // (ACCOUNTS * CALLS_OF_ACCOUNT) + 1):
        replay = Replay(tariffs, numbering.prefix_table)
        for subscription, records in accounts:
            for found in rerate(records, replay.of(subscription), numbering.plan, run=run):
                rated += 1
                changed += found.rerated is not None
    seconds = time.perf_counter() - began
    assert rated == RERATED
    print(f"of {rated} calls {changed} change: their allowances are shared in order now")
    verdicts.print(f"re-rate {rated:,} records", seconds, "s", target=RERATE_S_MAX)


def microseconds(step: Callable[[], object], calls: int = CALLS) -> float:
    # The fastest round: what else runs on the machine can only add to it.
    return min(timeit.repeat(step, number=calls, repeat=ROUNDS)) / calls * 1e6


def texts(folder: str) -> dict[str, str]:
    root = CONFIG / folder
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
