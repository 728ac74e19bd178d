from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from freiton.accounting.admission import AdmissionCause, AdmitRequest, Admitted, Refused
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_events import Heartbeat, LogRecord, PersonalFields, encode_event
from freiton.accounting.instants import Instant
from freiton.accounting.recovery import recover
from freiton.accounting.snapshot import snapshot_of
from freiton.storage.charging_log import read_events
from freiton.storage.charging_log_appender import SEGMENT_EVENTS, LogAppender
from freiton.storage.charging_log_file import LogError
from freiton.storage.charging_log_verify import verify
from freiton.storage.writer import ChargingLogWriter
from freiton.storage.writer_messages import FRAME_BYTES_MAX, FrameBuffer, Opened, frame
from freiton.storage.writer_process import CRASH_VARIABLE
from tests.freiton.accounting.desk import LIMIT, flatrate
from tests.rating.charging.quotes import make_quote

PATIENCE_S = 10.0


class Station:
    """What the shell is to the accounting and its writer: a pump between the two."""

    def __init__(self, folder: Path, *, segment_events: int = SEGMENT_EVENTS) -> None:
        self.loop = asyncio.get_running_loop()
        self.folder = folder
        self.accounting = CallAccounting(boot_id="boot")
        self.acknowledged: dict[int, int] = {}
        self.failed: list[int] = []
        self.restored = 0
        self.writer = ChargingLogWriter(
            self.loop,
            folder,
            self.on_acknowledged,
            self.on_failed,
            on_restored=self.on_restored,
            segment_events=segment_events,
        )

    async def open(self) -> None:
        opened = await self.writer.open()
        recovered = recover(
            opened.state, position=opened.position, boot_id="boot", at=self.at, now=self.now
        )
        self.accounting = recovered.accounting
        self.pump()

    @property
    def at(self) -> datetime:
        return datetime.now(UTC)

    @property
    def now(self) -> float:
        return time.monotonic()

    def on_acknowledged(self, seq: int, position: int) -> None:
        self.acknowledged[seq] = position
        self.accounting.appended(seq, position)

    def on_failed(self, seq: int) -> None:
        self.failed.append(seq)
        self.accounting.append_failed(seq, at=self.at, now=self.now)

    def on_restored(self) -> None:
        self.restored += 1
        self.accounting.log_restored()
        self.pump()

    def pump(self) -> None:
        self.writer.submit(self.accounting.outgoing())

    def admit(self, call_id: str) -> Admitted | Refused:
        answer = self.accounting.admit(
            AdmitRequest(
                call_id=call_id,
                account_id="1",
                customer_id="9",
                device_id="5",
                direction="outgoing",
                calling_number="+4930111",
                called_number="+4940222",
                terms=LIMIT,
                quote=make_quote(),
                claims=(flatrate(1_000),),
                max_call_s=3_600,
            ),
            at=self.at,
            now=self.now,
        )
        self.pump()
        return answer

    def answer(self, call_id: str) -> int:
        seq = self.accounting.answer(call_id, b"resume", at=self.at, now=self.now)
        self.pump()
        return seq

    def end(self, call_id: str) -> None:
        self.accounting.end(call_id, cause="normal", released_by="callee", at=self.at, now=self.now)
        self.pump()

    async def until(self, condition: Callable[[], object]) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < give_up_at, self.writer.last_error
            await asyncio.sleep(0.002)

    async def quiet(self) -> None:
        await self.until(lambda: self.writer.pending_count == 0)

    def kill_writer(self) -> None:
        child = self.writer._child
        assert child is not None
        os.kill(child._process.pid, signal.SIGKILL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
async def station(folder: Path) -> AsyncIterator[Station]:
    station = Station(folder)
    await station.open()
    yield station
    await station.writer.close()


async def test_what_is_acknowledged_is_in_the_log(station: Station) -> None:
    admitted = station.admit("c")
    assert isinstance(admitted, Admitted)
    await station.until(lambda: admitted.seq in station.acknowledged)

    stored = list(read_events(station.folder))
    assert stored[-1].position == station.acknowledged[admitted.seq]
    assert stored[-1].personal == PersonalFields("+4930111", "+4940222")
    assert station.writer.waiting_since is None


async def test_acknowledgements_never_come_from_inside_submit(station: Station) -> None:
    station.writer.is_up = False
    answer = station.admit("c")
    assert isinstance(answer, Admitted)
    assert station.failed == []
    await asyncio.sleep(0)
    assert answer.seq in station.failed
    assert not station.accounting.is_log_up
    station.writer.is_up = True


async def test_a_log_that_comes_back_before_the_failure_is_told_is_not_taken_for_down(
    station: Station,
) -> None:
    station.writer.is_up = False
    station.admit("c")
    station.writer.is_up = True
    await asyncio.sleep(0)
    assert "c" not in station.accounting.state.calls
    assert isinstance(station.admit("d"), Admitted)
    await station.quiet()
    assert verify(station.folder).refused_attempts == 1


async def test_closing_flushes_everything(folder: Path) -> None:
    station = Station(folder)
    await station.open()
    for number in range(300):
        station.admit(f"c{number}")
    assert station.writer.pending_count > 0
    await station.writer.close()

    assert station.writer.pending_count == 0
    assert station.failed == []
    assert verify(folder).open_calls == 300


async def test_the_next_process_takes_over_where_this_one_stopped(folder: Path) -> None:
    first = Station(folder, segment_events=50)
    await first.open()
    for number in range(40):
        first.admit(f"c{number}")
    await first.quiet()
    for number in range(40):
        first.answer(f"c{number}")
    await first.quiet()
    for number in range(20):
        first.end(f"c{number}")
    await first.writer.close()

    second = Station(folder)
    opened = await second.writer.open()
    assert snapshot_of(opened.state) == snapshot_of(first.accounting.state)
    assert opened.epoch == 2
    assert {call.personal.resume for call in opened.state.calls.values()} == {b"resume"}
    await second.writer.close()
    assert verify(folder).is_sound


async def test_a_second_process_gets_one_clear_sentence(station: Station) -> None:
    other = Station(station.folder)
    with pytest.raises(LogError, match="one switch writes one log"):
        await other.writer.open()
    await other.writer.close()
    station.admit("c")
    await station.quiet()


async def test_a_damaged_log_is_one_clear_sentence(folder: Path) -> None:
    folder.mkdir()
    (folder / "segment-000001.sqlite").write_bytes(b"nonsense" * 1_000)
    station = Station(folder)
    with pytest.raises(LogError, match=str(folder)):
        await station.writer.open()


async def test_a_folder_that_cannot_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    station = Station(blocked / "log")
    with pytest.raises(LogError, match="file"):
        await station.writer.open()


async def test_a_writer_that_dies_fails_what_it_had_and_is_replaced(station: Station) -> None:
    station.admit("before")
    await station.quiet()
    station.answer("before")
    await station.quiet()

    station.kill_writer()
    lost = station.admit("lost")
    assert isinstance(lost, Admitted)
    await station.until(lambda: lost.seq in station.failed)
    assert not station.writer.is_up
    assert station.admit("down") == Refused(AdmissionCause.LOG_DOWN)
    station.end("before")

    await station.until(lambda: station.restored)
    await station.quiet()
    assert isinstance(station.admit("after"), Admitted)
    await station.quiet()

    found = verify(station.folder)
    assert found.problems == []
    assert found.epoch == 2
    assert (found.ended_calls, found.refused_attempts, found.open_calls) == (1, 1, 1)


async def test_a_batch_that_was_committed_unheard_is_not_written_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer dies between its commit and its answer, the worst moment of all."""
    monkeypatch.setenv(CRASH_VARIABLE, "append.committed:4")
    station = Station(folder)
    await station.open()
    await station.quiet()
    monkeypatch.delenv(CRASH_VARIABLE)
    station.admit("c")
    await station.quiet()
    station.answer("c")
    await station.quiet()
    station.end("c")
    await station.until(lambda: station.restored)
    await station.quiet()
    await station.writer.close()

    found = verify(folder)
    assert found.problems == []
    assert (found.ended_calls, found.open_calls) == (1, 0)


async def test_a_full_disk_fails_calls_and_loses_nothing(folder: Path) -> None:
    """The first writer may write 300 kB to a file; the one after it as much as it likes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    station = Station(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        await station.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    answers: list[Admitted | Refused] = []
    while not station.failed:
        answers.append(station.admit(f"c{len(answers)}"))
        await asyncio.sleep(0)
    assert "cannot be written" in station.writer.last_error
    running = [
        f"c{number}"
        for number, answer in enumerate(answers)
        if isinstance(answer, Admitted) and answer.seq in station.acknowledged
    ]
    assert len(running) > 10
    for call_id in running:
        station.end(call_id)
    await station.until(lambda: station.restored)
    await station.quiet()
    await station.writer.close()

    found = verify(folder)
    assert found.problems == []
    assert found.open_calls == 0
    assert found.ended_calls == len(running)


async def test_records_larger_than_a_socket_buffer_arrive_whole(station: Station) -> None:
    when = Instant(1, 1, "boot")
    records = [
        LogRecord(
            1_000 + number,
            *encode_event(
                Heartbeat(when=Instant(number, number, "boot"), open_calls=0),
                PersonalFields(resume=bytes(64_000)),
            ),
        )
        for number in range(100)
    ]
    station.writer.submit(records[:50])
    station.writer.submit(records[50:])
    assert when.boot_id == "boot"
    await station.quiet()
    assert [seq for seq in station.acknowledged if seq >= 1_000] == list(range(1_000, 1_100))


async def test_the_age_of_the_oldest_record_is_known(station: Station) -> None:
    child = station.writer._child
    assert child is not None
    await station.quiet()
    os.kill(child._process.pid, signal.SIGSTOP)
    try:
        before = station.loop.time()
        station.admit("c")
        await asyncio.sleep(0.05)
        since = station.writer.waiting_since
        assert since is not None
        assert before <= since <= station.loop.time() - 0.04
    finally:
        os.kill(child._process.pid, signal.SIGCONT)
    await station.quiet()
    assert station.writer.waiting_since is None


async def test_an_acknowledgement_after_the_shell_gave_up_brings_the_log_back(
    station: Station,
) -> None:
    child = station.writer._child
    assert child is not None
    await station.quiet()
    os.kill(child._process.pid, signal.SIGSTOP)
    admitted = station.admit("slow")
    assert isinstance(admitted, Admitted)
    station.accounting.append_failed(admitted.seq, at=station.at, now=station.now)
    assert station.admit("other") == Refused(AdmissionCause.LOG_DOWN)
    os.kill(child._process.pid, signal.SIGCONT)
    await station.until(lambda: station.accounting.is_log_up)
    station.pump()
    await station.quiet()
    assert isinstance(station.admit("other"), Admitted)
    await station.quiet()
    assert verify(station.folder).problems == []
    assert verify(station.folder).open_calls == 1


async def test_signals_to_the_group_do_not_end_the_writer(station: Station) -> None:
    child = station.writer._child
    assert child is not None
    os.kill(child._process.pid, signal.SIGTERM)
    os.kill(child._process.pid, signal.SIGINT)
    station.admit("c")
    await station.quiet()
    assert station.failed == []
    assert os.getpgid(child._process.pid) != os.getpgid(0)


async def test_another_writer_fences_this_one(station: Station) -> None:
    """Its lock was lost; the log now belongs to another process, and this one must not write."""
    await station.quiet()
    (station.folder / "lock").unlink()
    newer = LogAppender(station.folder)
    admitted = station.admit("c")
    assert isinstance(admitted, Admitted)
    await station.until(lambda: admitted.seq in station.failed)
    assert "epoch 2 has replaced epoch 1" in station.writer.last_error
    assert "c" not in station.accounting.state.calls
    newer.close()


async def test_many_callers_for_one_slot_get_exactly_one(station: Station) -> None:
    """A thousand pairs of INVITEs, each pair in one wake-up, with a real log below."""

    async def try_to_call(call_id: str, account: str) -> Admitted | Refused:
        await asyncio.sleep(0)
        answer = station.accounting.admit(
            AdmitRequest(
                call_id=call_id,
                account_id=account,
                customer_id="9",
                device_id="5",
                direction="outgoing",
                calling_number="",
                called_number="",
                terms=LIMIT,
                claims=(flatrate(1, account),),
            ),
            at=station.at,
            now=station.now,
        )
        station.pump()
        return answer

    tries = [try_to_call(f"{name}{pair}", str(pair)) for pair in range(1_000) for name in "xy"]
    answers = await asyncio.gather(*tries)
    await station.quiet()

    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert isinstance(first, Admitted) != isinstance(second, Admitted)
    assert verify(station.folder).open_calls == 1_000


def test_frames_survive_any_cut() -> None:
    message = Opened(1, 2, b"state", {"c": b"x"})
    stream = frame(message) * 3
    for size in (1, 3, 7, len(stream)):
        buffer = FrameBuffer()
        bodies = [
            body
            for start in range(0, len(stream), size)
            for body in buffer.feed(stream[start : start + size])
        ]
        assert bodies == [frame(message)[4:]] * 3


def test_a_frame_of_nonsense_length_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        FrameBuffer().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
