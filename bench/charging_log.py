"""How fast the charging log answers, and what a charged call costs in CPU.

    python -m bench.charging_log [--seconds N] [--folder DIR]

Records are offered at a steady rate, one submission per millisecond as a busy switch does; the
time from `submit` to the acknowledgement is measured in the loop that waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import uvloop

from freiton.accounting.admission import AdmitRequest
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.slots import SlotClaim, SlotKind
from freiton.storage.writer import ChargingLogWriter
from rating.engine import Quote
from rating.ledger import SpendingTerms
from rating.numbering import LineType
from rating.pricing import Basis, Increments, UnitPrice

RATES = (500, 2_000)
EVENTS_PER_CALL = 3
CPU_CALLS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.charging_log")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    print(f"admit + answer + end: {cpu_us_per_call():.1f} µs CPU per call, log not included")
    for rate in RATES:
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        try:
            print(uvloop.run(measure(folder, rate, arguments.seconds)))
        finally:
            shutil.rmtree(folder)


def cpu_us_per_call() -> float:
    """Give the CPU of one prepaid call's three decisions, with a log that takes everything."""
    calls = Calls()
    began = time.process_time()
    for number in range(CPU_CALLS):
        now = 100.0 + number
        calls.admit(now)
        calls.acknowledge_all()
        calls.answer(now + 1)
        calls.acknowledge_all()
        calls.end(now + 6)
        calls.acknowledge_all()
    return (time.process_time() - began) / CPU_CALLS * 1e6


async def measure(folder: Path, rate: int, seconds: float) -> str:
    loop = asyncio.get_running_loop()
    calls = Calls()
    submitted: dict[int, float] = {}
    took: list[float] = []

    def acknowledged(seq: int, position: int) -> None:
        took.append(loop.time() - submitted.pop(seq))
        calls.accounting.appended(seq, position)

    def failed(seq: int) -> None:
        raise RuntimeError(f"record {seq} failed: {writer.last_error}")

    writer = ChargingLogWriter(loop, folder, acknowledged, failed)
    await writer.open()
    began = time.monotonic()
    offered = 0
    while (elapsed := time.monotonic() - began) < seconds:
        while offered < rate * elapsed:
            calls.admit(elapsed)
            calls.answer(elapsed)
            calls.end(elapsed + 5)
            offered += EVENTS_PER_CALL
            # Three calls' events never come in one wake-up: each goes out by itself.
            for record in calls.accounting.outgoing():
                submitted[record.seq] = time.monotonic()
                writer.submit([record])
        await asyncio.sleep(0.001)
    await writer.close()
    took.sort()
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    p50, p99, worst = (took[int(len(took) * share)] * 1e3 for share in (0.5, 0.99, 0.99999))
    return (
        f"{rate} events/s: {len(took)} acknowledged, p50 {p50:.2f} ms, p99 {p99:.2f} ms, max "
        f"{worst:.2f} ms; all writers so far {child.ru_utime + child.ru_stime:.2f} s CPU"
    )


class Calls:
    """One prepaid customer who calls again and again."""

    def __init__(self) -> None:
        self.accounting = CallAccounting(boot_id="bench")
        self._at = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
        self._number = 0
        self._quote = Quote(
            destination="Germany",
            line_type=LineType.FIXED,
            prefix="49",
            table_version="bench",
            row_id="bench/1",
            source=None,
            list_id="bench",
            list_version="1",
            unit_price=UnitPrice.compile(Fraction(0), Fraction("0.019")),
            increments=Increments(1, 1),
            free_first_s=0,
            basis=Basis.GROSS,
            vat_rate=Fraction(19, 100),
            covered_by=None,
            readings=(),
            caps_s=None,
        )
        self._terms = SpendingTerms.postpaid(10**15)

    def admit(self, now: float) -> None:
        self._number += 1
        self.accounting.admit(
            AdmitRequest(
                call_id=f"call{self._number}",
                account_id="17",
                customer_id="4",
                device_id="21",
                direction="outgoing",
                calling_number="+4930123456",
                called_number="+4940654321",
                terms=self._terms,
                quote=self._quote,
                claims=(
                    SlotClaim("account/17/flatrates", 2, kind=SlotKind.FLATRATE),
                    SlotClaim("trunk/carrier", 100, reserved=2, kind=SlotKind.TRUNK),
                ),
                max_call_s=14_400,
                trunk_id="carrier",
            ),
            at=self._at,
            now=now,
        )

    def answer(self, now: float) -> None:
        self.accounting.answer(f"call{self._number}", bytes(400), at=self._at, now=now)

    def end(self, now: float) -> None:
        self.accounting.end(
            f"call{self._number}", cause="normal", released_by="caller", at=self._at, now=now
        )

    def acknowledge_all(self) -> None:
        for record in self.accounting.outgoing():
            self.accounting.appended(record.seq, record.seq)


if __name__ == "__main__":
    main()
