"""A `CallAccounting` on a virtual clock, with a log in memory that can be broken at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from freiton.accounting.admission import AdmitRequest, Admitted, Cut, Refused
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_events import AnyEvent, LogRecord, PersonalFields
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.recovery import Recovered, recover
from freiton.accounting.slots import SlotClaim, SlotKind
from freiton.accounting.snapshot import StateSnapshot, snapshot_of
from rating.allowances import AllowanceKey, AllowanceTerms
from rating.cdr import CallDetailRecord
from rating.engine import Quote
from rating.ledger import SpendingTerms
from tests.rating.charging.quotes import make_quote

PREPAID = SpendingTerms.prepaid()
LIMIT = SpendingTerms.postpaid(20_000_000)
CENT = 10_000


def flatrate(count: int, account: str = "1") -> SlotClaim:
    return SlotClaim(f"account/{account}/flatrates", count, kind=SlotKind.FLATRATE)


def trunk(name: str, channels: int, reserved: int = 0) -> SlotClaim:
    return SlotClaim(f"trunk/{name}", channels, reserved, kind=SlotKind.TRUNK)


class MemoryLog:
    """What the writer process does, without a disk: unique keys, positions, encoded bytes."""

    def __init__(self) -> None:
        self.rows: list[tuple[bytes, PersonalFields | None]] = []
        self.positions: dict[str, int] = {}

    def append(self, record: LogRecord) -> int:
        first = self.positions.get(record.event.key)
        if first is not None:
            return first
        self.rows.append((record.body, record.personal))
        self.positions[record.event.key] = len(self.rows)
        return len(self.rows)

    def fold(self) -> ChargingState:
        state = ChargingState()
        for body, personal in self.rows:
            event: AnyEvent = msgspec.msgpack.decode(body, type=AnyEvent)
            state.apply(event, personal)
        return state


class Desk:
    """Call control's side of the accounting, in one line each."""

    def __init__(self, *, boot_id: str = "boot1", now: float = 1_000.0) -> None:
        self.now = now
        self.at = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
        self.boot_id = boot_id
        self.log = MemoryLog()
        self.accounting = CallAccounting(boot_id=boot_id)
        self.is_log_broken = False
        self.cuts: list[Cut] = []

    def admit(
        self,
        call_id: str,
        *claims: SlotClaim,
        account: str = "1",
        quote: Quote | None = None,
        allowances: Sequence[AllowanceTerms] = (),
        is_free: bool = False,
        terms: SpendingTerms = LIMIT,
        max_call_s: int | None = 14_400,
        is_emergency: bool = False,
        trunk_id: str | None = None,
        called_number: str = "+4940222",
    ) -> Admitted | Refused:
        names = tuple(one.option_id for one in allowances)
        return self.accounting.admit(
            AdmitRequest(
                call_id=call_id,
                account_id=account,
                customer_id="9",
                device_id="5",
                direction="outgoing",
                calling_number="+4930111",
                called_number=called_number,
                terms=terms,
                quote=None if is_free else quote or replace(make_quote(), allowances=names),
                allowances=allowances,
                claims=claims,
                max_call_s=max_call_s,
                is_emergency=is_emergency,
                trunk_id=trunk_id,
            ),
            at=self.at,
            now=self.now,
        )

    def answer(self, call_id: str) -> int:
        return self.accounting.answer(call_id, b"resume", at=self.at, now=self.now)

    def end(self, call_id: str, cause: str = "normal") -> CallDetailRecord:
        return self.accounting.end(
            call_id, cause=cause, released_by="caller", at=self.at, now=self.now
        )

    def connect(
        self,
        call_id: str,
        *claims: SlotClaim,
        terms: SpendingTerms = LIMIT,
        allowances: Sequence[AllowanceTerms] = (),
    ) -> None:
        """Admit and answer, each durable."""
        admitted = self.admit(call_id, *claims, terms=terms, allowances=allowances)
        assert isinstance(admitted, Admitted)
        self.write()
        self.answer(call_id)
        self.write()

    def pay(self, micros: int, reference: str, account: str = "1") -> int:
        return self.accounting.top_up(
            account, micros, reference=reference, at=self.at, now=self.now
        )

    def write(self) -> None:
        """Make durable what waits, or fail it."""
        for record in self.accounting.outgoing():
            if self.is_log_broken:
                self.fail(record.seq)
            else:
                self.accounting.appended(record.seq, self.log.append(record))

    def fail(self, *seqs: int) -> None:
        for seq in seqs:
            self.accounting.append_failed(seq, at=self.at, now=self.now)

    def repair(self) -> None:
        self.is_log_broken = False
        self.accounting.log_restored()
        self.write()

    def run(self, seconds: float) -> list[Cut]:
        """Let time pass, waking at every deadline as the shell does."""
        end = round(self.now + seconds, 6)
        cuts: list[Cut] = []
        while (deadline := self.accounting.next_deadline()) is not None and deadline <= end:
            self._set(max(deadline, self.now))
            cuts += self.accounting.handle_deadlines(at=self.at, now=self.now)
            self.write()
        self._set(end)
        return cuts

    def step_wall_clock(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def die(self, *, down_s: float = 0.0, boot_id: str | None = None) -> Recovered:
        """Lose everything that is not in the log, and come back some time later."""
        self.at += timedelta(seconds=down_s)
        self.now += down_s
        if boot_id is not None:
            self.boot_id, self.now = boot_id, 7.0
        recovered = recover(
            self.log.fold(),
            position=len(self.log.rows),
            boot_id=self.boot_id,
            at=self.at,
            now=self.now,
        )
        self.accounting = recovered.accounting
        self.write()
        return recovered

    def folded(self) -> StateSnapshot:
        return snapshot_of(self.log.fold())

    def in_memory(self) -> StateSnapshot:
        return snapshot_of(self.accounting.state)

    def balance(self, account: str = "1") -> int:
        return self.accounting.state.book.account(f"prepaid/{account}").balance_micros

    def available(self, account: str = "1") -> int:
        book = self.accounting.state.book
        available = book.available_micros(f"prepaid/{account}", at=self.at)
        assert available is not None
        return available

    def owed(self, account: str = "1") -> int:
        return self.accounting.state.book.account(f"postpaid/{account}").debits_posted

    def allowance(self, terms: AllowanceTerms, account: str = "1") -> tuple[int, int]:
        """Give the seconds of an allowance that are used, and those that are reserved."""
        key = AllowanceKey(account, terms.option_id, terms.period)
        state = self.accounting.state.allowances.state(key)
        return state.used_s, state.reserved_s

    def slots(self, claim: SlotClaim) -> set[str]:
        return set(self.accounting.state.slots.holders(claim.owner))

    def _set(self, now: float) -> None:
        self.at += timedelta(seconds=now - self.now)
        self.now = now


def seqs_of(records: Sequence[LogRecord]) -> list[int]:
    return [record.seq for record in records]
