from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from freiton.accounting.charging_events import CallEvent
from freiton.accounting.snapshot import snapshot_of
from freiton.storage.charging_log import (
    erase_personal_before,
    erase_personal_of_call,
    iterate_cdrs,
    read_events,
)
from freiton.storage.charging_log_appender import (
    CRASH_POINTS,
    AppendRecord,
    Fenced,
    LogAppender,
)
from freiton.storage.charging_log_file import LogError, segment_path
from freiton.storage.charging_log_verify import Verification, verify
from tests.freiton.accounting.desk import Desk
from tests.freiton.storage.calls_for_log import make_calls, records_of, write

SEGMENT = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "log"
    fill(folder)
    return folder


@pytest.fixture
def filled(original: Path, folder: Path) -> Path:
    """A log of four segments with 18 calls that ended and 6 that did not."""
    shutil.copytree(original, folder)
    return folder


def fill(folder: Path, count: int = 24) -> Desk:
    desk = Desk()
    log = LogAppender(folder, segment_events=SEGMENT)
    make_calls(log, desk, count)
    log.close()
    return desk


def change(path: Path, statement: str, *arguments: object) -> None:
    path.chmod(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(statement, arguments).rowcount == 1


def problems(folder: Path) -> str:
    return "; ".join(verify(folder).problems)


def test_what_was_appended_can_be_read_and_proven(folder: Path) -> None:
    desk = fill(folder)

    events = list(read_events(folder))
    assert [stored.position for stored in events] == list(range(1, len(events) + 1))
    assert len(list(read_events(folder, after=30))) == len(events) - 30
    found = verify(folder)
    assert found.problems == []
    assert (found.position, found.ended_calls, found.open_calls) == (len(events), 18, 6)
    assert found.segments == len(list(folder.glob("segment-*.sqlite"))) > 3
    assert found.charged_micros == 18 * 4_000
    assert found.head == events[-1].hash.hex()
    assert desk.balance() == 10_000_000 - found.charged_micros


def test_reopening_gives_the_state_back_with_the_numbers_of_open_calls(folder: Path) -> None:
    desk = fill(folder)
    log = LogAppender(folder, segment_events=SEGMENT)

    assert snapshot_of(log.state) == desk.in_memory()
    assert len(log.state.calls) == 6
    for call in log.state.calls.values():
        assert call.personal.called_number == "+4940222"
        assert call.personal.resume == b"resume"
    assert log.epoch == 2
    log.close()


def test_every_attempt_has_its_record(filled: Path) -> None:
    records = list(iterate_cdrs(filled))
    assert len(records) == 18
    assert all(record.amount_micros == 4_000 and record.is_consistent() for record in records)
    assert {record.calling_number for record in records} == {"+4930111"}


def test_a_repeat_is_acknowledged_with_its_first_position(folder: Path) -> None:
    desk = Desk()
    log = LogAppender(folder, segment_events=SEGMENT)
    desk.admit("c")
    records = records_of(desk)
    first = log.append(records)
    again = [AppendRecord(record.seq + 100, record.event, record.personal) for record in records]

    assert log.append([*again, *again]) == [(seq + 100, position) for seq, position in first] * 2
    assert log.position == len(records)
    log.close()
    assert verify(folder).is_sound


def test_a_repeat_is_recognised_in_the_segment_before(folder: Path) -> None:
    desk = Desk()
    log = LogAppender(folder, segment_events=SEGMENT)
    desk.admit("c")
    records = records_of(desk)
    first = log.append(records)
    log.fold()
    make_calls(log, desk, 8)
    assert len(list(folder.glob("segment-*.sqlite"))) == 2
    assert log.append(records) == first
    log.close()


def test_a_payment_is_recognised_however_old_it_is(folder: Path) -> None:
    desk = fill(folder, 40)
    log = LogAppender(folder, segment_events=SEGMENT)
    desk.pay(10_000_000, "before 0")
    write(log, desk)
    log.close()
    assert verify(folder).is_sound
    assert desk.balance() < 10_000_000


def test_a_closed_segment_is_one_file_that_nobody_may_write(filled: Path) -> None:
    *closed, last = sorted(filled.glob("segment-*.sqlite"))
    for path in closed:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
        assert not path.with_name(path.name + "-wal").exists()
    assert stat.S_IMODE(last.stat().st_mode) & 0o200


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(folder: Path) -> None:
    """FULL (2) flushes the write-ahead log at every commit; NORMAL (1) only at checkpoints."""
    log = LogAppender(folder, segment_events=SEGMENT)
    for _ in range(2):
        connection = log._segment.connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        make_calls(log, Desk(), 8)
    assert log._segment.number > 1
    log.close()


def test_one_log_has_one_writer(folder: Path) -> None:
    log = LogAppender(folder)
    with pytest.raises(LogError, match=f"in use by process {os.getpid()}"):
        LogAppender(folder, lock_wait_s=0.05)
    log.close()
    LogAppender(folder).close()


def test_a_writer_of_an_older_epoch_is_refused_however_long_it_slept(folder: Path) -> None:
    """The lock was lost, as on a network disk, and another writer has opened the log."""
    desk = Desk()
    sleeper = LogAppender(folder)
    (folder / "lock").unlink()
    newer = LogAppender(folder)
    make_calls(newer, desk, 2)

    desk.admit("late")
    with pytest.raises(Fenced):
        sleeper.append(records_of(desk))
    with pytest.raises(Fenced):
        newer.check_writer(sleeper.epoch)

    newer.close()
    sleeper.close()
    found = verify(folder)
    assert found.is_sound
    assert found.epoch == 2


def test_the_start_reads_the_last_segment_only(folder: Path) -> None:
    fill(folder, 40)
    LogAppender(folder, segment_events=SEGMENT).close()
    change(segment_path(folder, 1), "UPDATE events SET event = x'00' WHERE position = 3")
    log = LogAppender(folder, segment_events=SEGMENT)
    log.close()
    assert "event 3" in problems(folder)


# Damage and tampering.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET seq = 999 WHERE position = ?",
        "UPDATE events SET epoch = 9 WHERE position = ?",
        "UPDATE events SET kind = 'moved' WHERE position = ?",
        "UPDATE events SET at_us = 5 WHERE position = ?",
        "UPDATE events SET call_id = 'other' WHERE position = ?",
        "UPDATE events SET key = 'other' WHERE position = ?",
        "UPDATE events SET version = 2 WHERE position = ?",
        "UPDATE events SET hash = zeroblob(32) WHERE position = ?",
        "UPDATE events SET commitment = zeroblob(32) WHERE position = ?",
        "UPDATE events SET event = substr(event, 1, 10) WHERE position = ?",
        "DELETE FROM events WHERE position = ?",
        "UPDATE personal SET fields = x'93a12bA12ba0' WHERE position = ?",
        "UPDATE meta SET value = randomblob(32) WHERE name = 'previous'",
        "UPDATE meta SET value = '2' WHERE name = 'first_position'",
        "UPDATE meta SET value = 'other' WHERE name = 'log_id'",
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_tampering_is_found(filled: Path, statement: str, number: int) -> None:
    assert verify(filled).is_sound
    with closing(sqlite3.connect(segment_path(filled, number))) as connection:
        (first,) = connection.execute("SELECT min(position) FROM personal").fetchone()
    change(segment_path(filled, number), statement.replace("?", str(first + 1)))
    assert problems(filled)


def test_a_charge_that_does_not_follow_from_the_promise_is_found(folder: Path) -> None:
    """A forger who knows the chain and makes it anew still cannot change one amount alone."""
    desk = Desk()
    log = LogAppender(folder)
    desk.connect("c")
    desk.run(5)
    desk.end("c")
    desk.write()
    real = [AppendRecord(number, body, None) for number, (body, _) in enumerate(desk.log.rows, 1)]
    five, four = (5_000).to_bytes(2, "big"), (4_000).to_bytes(2, "big")
    forged = [record._replace(event=record.event.replace(five, four)) for record in real]
    assert forged != real
    log.append(forged)
    log.close()
    assert "gives another amount" in problems(folder)


def test_a_swapped_snapshot_is_found(filled: Path) -> None:
    with closing(sqlite3.connect(segment_path(filled, 1))) as connection:
        (empty,) = connection.execute("SELECT state FROM snapshot").fetchone()
    change(segment_path(filled, 3), "UPDATE snapshot SET state = ?", empty)
    assert "snapshot is not the fold" in problems(filled)


def test_a_missing_segment_is_found(filled: Path) -> None:
    segment_path(filled, 2).unlink()
    assert "a segment of the charging log is missing" in problems(filled)
    with pytest.raises(LogError, match="missing"):
        LogAppender(filled)


def test_a_missing_first_segment_is_found(filled: Path) -> None:
    segment_path(filled, 1).unlink()
    assert "before it are missing" in problems(filled)


def test_a_writer_does_not_continue_a_broken_chain(folder: Path) -> None:
    fill(folder, 3)
    change(segment_path(folder, 1), "UPDATE events SET at_us = 5 WHERE position = 4")
    with pytest.raises(LogError, match="event 4"):
        LogAppender(folder)


def copy_of(folder: Path, to: Path) -> Path:
    """Copy a log as a crash leaves it: the write-ahead log beside the file, not folded in."""
    to.mkdir()
    for path in folder.iterdir():
        if not path.name.endswith("-shm"):
            (to / path.name).write_bytes(path.read_bytes())
    return to


def crashed(folder: Path) -> tuple[LogAppender, int]:
    """Give a log that still stands in its write-ahead log, and what was acknowledged."""
    desk = Desk()
    log = LogAppender(folder)
    make_calls(log, desk, 12)
    return log, log.position


@pytest.mark.parametrize("seed", range(14))
def test_a_torn_tail_opens_cleanly_and_loses_only_the_tail(
    folder: Path, tmp_path: Path, seed: int
) -> None:
    """The disk lost or scrambled the end of what was written last, as at a power cut."""
    log, position = crashed(folder)
    original = [stored.hash for stored in read_events(folder)]
    torn = copy_of(folder, tmp_path / "torn")
    log.close()
    tail = next(torn.glob("segment-*.sqlite-wal"))
    data = bytearray(tail.read_bytes())
    chance = random.Random(seed)  # noqa: S311 - a repeatable test
    cut = chance.randrange(0, len(data))
    if seed % 2:
        del data[cut:]
    else:
        data[cut:] = chance.randbytes(len(data) - cut)
    tail.write_bytes(data)

    reopened = LogAppender(torn)
    assert reopened.position <= position
    reopened.close()
    assert [stored.hash for stored in read_events(torn)] == original[: reopened.position]
    assert verify(torn).is_sound


@pytest.mark.parametrize("keep", [0, 100, 5_000])
def test_a_truncated_file_is_named_in_one_sentence(folder: Path, keep: int) -> None:
    fill(folder, 5)
    path = segment_path(folder, 1)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(LogError, match=str(path)) as caught:
        LogAppender(folder)
    assert "\n" not in str(caught.value)
    assert problems(folder)


def test_a_file_that_is_no_database_is_named(folder: Path) -> None:
    fill(folder, 5)
    path = segment_path(folder, 1)
    path.write_bytes(b"not a database, but long enough to look at" * 200)
    with pytest.raises(LogError, match="cannot be read as a segment"):
        LogAppender(folder)


def test_a_log_of_a_newer_switch_is_not_misread(folder: Path) -> None:
    fill(folder, 3)
    change(segment_path(folder, 1), "UPDATE events SET version = 2 WHERE position = 4")
    with pytest.raises(LogError, match="has version 2, this switch reads 1"):
        LogAppender(folder)


# Erasing people.


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_erasing_numbers_keeps_the_proof(filled: Path) -> None:
    assert b"+4940222" in bytes_of(filled)
    head = verify(filled).head

    assert erase_personal_before(filled, 2**62) > 0

    found = verify(filled)
    assert found.problems == []
    assert found.head == head
    assert found.erased > 0
    assert b"+4940222" not in bytes_of(filled)
    assert {record.called_number for record in iterate_cdrs(filled)} == {""}
    assert sum(record.amount_micros for record in iterate_cdrs(filled)) == found.charged_micros


def test_what_was_erased_cannot_be_put_back_otherwise(filled: Path) -> None:
    erase_personal_before(filled, 2**62)
    change(
        segment_path(filled, 1),
        "UPDATE events SET commitment = zeroblob(32) WHERE position = 3",
    )
    assert "event 3: the hash chain is broken" in problems(filled)


def test_only_what_is_old_enough_is_erased(folder: Path) -> None:
    desk = Desk()
    log = LogAppender(folder)
    make_calls(log, desk, 5)
    desk.step_wall_clock(86_400)
    border = round(desk.at.timestamp() * 1_000_000)
    make_calls(log, desk, 5, first=5)
    erase_personal_before(folder, border)
    log.close()
    numbers = [record.called_number for record in iterate_cdrs(folder)]
    assert numbers == [""] * 3 + ["+4940222"] * 3
    assert verify(folder).is_sound


def test_one_call_can_be_erased(filled: Path) -> None:
    erased = erase_personal_of_call(filled, "call5")
    assert erased == 3
    for record in iterate_cdrs(filled):
        assert (record.called_number == "") == (record.call_id == "call5")
    assert verify(filled).is_sound


def test_erasing_closed_segments_leaves_them_closed(filled: Path) -> None:
    erase_personal_before(filled, 2**62)
    assert not stat.S_IMODE(segment_path(filled, 1).stat().st_mode) & 0o222


def test_the_log_goes_on_while_people_are_erased(folder: Path) -> None:
    desk = Desk()
    log = LogAppender(folder, segment_events=SEGMENT)
    make_calls(log, desk, 10)
    erase_personal_before(folder, 2**62)
    make_calls(log, desk, 10, first=10)
    log.close()
    assert verify(folder).is_sound


def test_no_number_stands_in_an_event_or_a_snapshot(filled: Path) -> None:
    for path in filled.glob("segment-*.sqlite"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT event FROM events UNION SELECT state FROM snapshot")
            assert not any(b"+49" in row[0] for row in rows)


def test_the_key_of_the_commitments_is_its_owners_alone(folder: Path) -> None:
    fill(folder, 1)
    assert stat.S_IMODE((folder / "personal.key").stat().st_mode) == 0o600


def test_a_guessed_number_cannot_be_confirmed_once_it_is_erased(folder: Path) -> None:
    """Equal fields are committed to differently each time, by a salt that is erased with them."""
    fill(folder, 6)
    with closing(sqlite3.connect(segment_path(folder, 1))) as connection:
        rows = connection.execute("SELECT commitment FROM events WHERE commitment IS NOT NULL")
        commitments = [row[0] for row in rows]
    assert len(set(commitments)) == len(commitments) > 6


# Crash points in one process: the writer dies there, another opens the log.

CRASH_AT_OPEN = """
import sys
from pathlib import Path
from freiton.storage.charging_log_appender import LogAppender
from freiton.storage.writer_process import crash_point_of
log = LogAppender(Path(sys.argv[1]), crash=crash_point_of(sys.argv[2]))
"""


OPENING = [point for point in CRASH_POINTS if point.startswith("open.")]


@pytest.mark.parametrize("point", OPENING)
def test_a_writer_that_dies_while_opening_leaves_a_log_that_opens(folder: Path, point: str) -> None:
    died = subprocess.run([sys.executable, "-c", CRASH_AT_OPEN, str(folder), point], check=False)
    assert died.returncode == -9
    desk = Desk()
    log = LogAppender(folder)
    make_calls(log, desk, 3)
    log.close()
    assert verify(folder).is_sound


def test_leftovers_of_a_crash_are_removed(folder: Path) -> None:
    fill(folder, 2)
    leftover = folder / "segment-000002.new"
    leftover.write_bytes(b"half a segment")
    LogAppender(folder).close()
    assert not leftover.exists()
    assert verify(folder).is_sound


def test_a_segment_that_was_not_sealed_in_time_is_sealed_at_the_next_opening(
    filled: Path,
) -> None:
    path = segment_path(filled, 1)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    LogAppender(filled).close()
    assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    assert verify(filled).is_sound


def test_a_full_disk_is_an_error_and_never_half_a_batch(folder: Path) -> None:
    desk = Desk()
    log = LogAppender(folder)
    make_calls(log, desk, 3)
    before = log.position
    log._segment.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LogError, match="full"):
        make_calls(log, desk, 200, first=3)
    assert log.position >= before
    log.close()
    found = verify(folder)
    assert found.is_sound
    assert found.position == log.position


def test_the_calls_of_an_event_can_be_followed(folder: Path) -> None:
    fill(folder, 3)
    kinds = [
        stored.event.kind
        for stored in read_events(folder)
        if isinstance(stored.event, CallEvent) and stored.event.call_id == "call1"
    ]
    assert kinds == ["admitted", "answered", "ended"]


def test_an_empty_log_is_sound(folder: Path) -> None:
    LogAppender(folder).close()
    assert verify(folder) == Verification(segments=1)


def test_a_folder_without_a_log_is_named(folder: Path) -> None:
    assert problems(folder)
