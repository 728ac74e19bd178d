"""Records for log tests, made by the real accounting on a virtual clock."""

from __future__ import annotations

from freiton.storage.charging_log_appender import AppendRecord, LogAppender
from tests.freiton.accounting.desk import PREPAID, Desk, flatrate


def records_of(desk: Desk) -> list[AppendRecord]:
    """Take what the accounting hands out, as it travels to the writer."""
    return [
        AppendRecord(record.seq, record.body, record.personal_body)
        for record in desk.accounting.outgoing()
    ]


def write(log: LogAppender, desk: Desk) -> None:
    """Make durable what waits, in one commit, and tell the accounting."""
    for seq, position in log.append(records_of(desk)):
        desk.accounting.appended(seq, position)
    log.fold()
    log.roll_if_full()


def make_calls(log: LogAppender, desk: Desk, count: int, *, first: int = 0) -> None:
    """Let calls of three and a half seconds happen, four at a time; one of four stays open."""
    desk.pay(10_000_000, f"before {first}")
    write(log, desk)
    for start in range(first, first + count, 4):
        call_ids = [f"call{number}" for number in range(start, min(start + 4, first + count))]
        for call_id in call_ids:
            desk.admit(call_id, flatrate(50), terms=PREPAID)
        write(log, desk)
        for call_id in call_ids:
            desk.answer(call_id)
        write(log, desk)
        desk.now += 3.5
        for call_id in call_ids[1:]:
            desk.end(call_id)
        write(log, desk)
