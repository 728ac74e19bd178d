"""A small switch for crash tests: it makes calls as fast as asked and tells a witness the truth.

    python -m tests.simulation.charging_driver FOLDER WITNESS SEED

Every line of the witness is written with one system call before the driver goes on, so that
killing the driver loses no line that was true:

    ready                       the log is open, calls begin
    ack POSITION KEY            the writer acknowledged this event
    talk CALL MONO_US           the callee's 200 arrived
    free CALL MONO_US           the BYE arrived
    back CALL                   a later life went on with the call, as if no BYE had arrived
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from freiton.accounting.admission import AdmitRequest, Admitted
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.recovery import recover
from freiton.accounting.slots import SlotClaim, SlotKind
from freiton.storage.writer import ChargingLogWriter
from rating.allowances import AllowanceTerms
from rating.ledger import SpendingTerms
from tests.rating.charging.quotes import make_quote

LIVE_CALLS = 50
FLATRATES = 60
SEGMENT_EVENTS = 400
PAYMENT_MICROS = 50_000_000
BOOT_ID = "the one boot of this test"
# More than the first lives use up, less than all of them.
FREE = AllowanceTerms("FREE", "2026-05", 300)
QUOTE = replace(make_quote(), allowances=(FREE.option_id,))
CLAIM = SlotClaim("account/1", FLATRATES, kind=SlotKind.FLATRATE)


class Driver:
    def __init__(self, folder: Path, witness: int, seed: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable test
        self.seed = seed
        self.witness = witness
        self.keys: dict[int, str] = {}
        self.dialling: dict[int, str] = {}
        self.talking: list[str] = []
        self.number = 0
        self.accounting = CallAccounting(boot_id=BOOT_ID)
        self.writer = ChargingLogWriter(
            self.loop,
            folder,
            self.acknowledged,
            self.failed,
            on_restored=self.restored,
            segment_events=SEGMENT_EVENTS,
        )

    async def run(self) -> None:
        opened = await self.writer.open()
        recovered = recover(
            opened.state, position=opened.position, boot_id=BOOT_ID, at=self.at, now=self.now
        )
        self.accounting = recovered.accounting
        for call in recovered.open_calls:
            if self.chance.random() < 0.5:
                self.tell(f"back {call.call_id}")
                self.accounting.readopt(call.call_id, at=self.at, now=self.now)
                self.talking.append(call.call_id)
            else:
                self.accounting.close_lost(call.call_id, at=self.at, now=self.now)
        self.accounting.top_up(
            "1", PAYMENT_MICROS, reference="the only one", at=self.at, now=self.now
        )
        self.pump()
        self.tell("ready")
        while True:
            self.dial()
            self.hang_up()
            self.accounting.handle_deadlines(at=self.at, now=self.now)
            self.pump()
            await asyncio.sleep(0.001)

    @property
    def at(self) -> datetime:
        return datetime.now(UTC)

    @property
    def now(self) -> float:
        return time.monotonic()

    def dial(self) -> None:
        self.number += 1
        call_id = f"{self.seed}-{self.number}"
        admitted = self.accounting.admit(
            AdmitRequest(
                call_id=call_id,
                account_id="1",
                customer_id="1",
                device_id="1",
                direction="outgoing",
                calling_number="+4930111",
                called_number="+4940222",
                terms=SpendingTerms.prepaid(),
                quote=QUOTE,
                allowances=(FREE,),
                claims=(CLAIM,),
                max_call_s=3_600,
            ),
            at=self.at,
            now=self.now,
        )
        if isinstance(admitted, Admitted):
            self.dialling[admitted.seq] = call_id

    def hang_up(self) -> None:
        while len(self.talking) > LIVE_CALLS:
            call_id = self.talking.pop(self.chance.randrange(len(self.talking)))
            if call_id in self.accounting.state.calls:
                now = self.now
                self.accounting.end(
                    call_id, cause="normal", released_by="caller", at=self.at, now=now
                )
                self.tell(f"free {call_id} {round(now * 1e6)}")

    def acknowledged(self, seq: int, position: int) -> None:
        self.tell(f"ack {position} {self.keys.pop(seq)}")
        self.accounting.appended(seq, position)
        call_id = self.dialling.pop(seq, None)
        if call_id is not None and call_id in self.accounting.state.calls:
            now = self.now
            self.accounting.answer(call_id, b"resume", at=self.at, now=now)
            self.tell(f"talk {call_id} {round(now * 1e6)}")
            self.talking.append(call_id)

    def failed(self, seq: int) -> None:
        key = self.keys.pop(seq, "")
        self.accounting.append_failed(seq, at=self.at, now=self.now)
        call_id = key.removesuffix("/answered")
        if key.endswith("/answered") and call_id in self.accounting.state.calls:
            self.accounting.end(
                call_id, cause="log-down", released_by="switch", at=self.at, now=self.now
            )

    def restored(self) -> None:
        self.accounting.log_restored()
        self.pump()

    def pump(self) -> None:
        records = self.accounting.outgoing()
        self.keys.update((record.seq, record.event.key) for record in records)
        self.writer.submit(records)

    def tell(self, line: str) -> None:
        os.write(self.witness, f"{line}\n".encode())


async def main(folder: str, witness: str, seed: str) -> None:
    descriptor = os.open(witness, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    await Driver(Path(folder), descriptor, int(seed)).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
