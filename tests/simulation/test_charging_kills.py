"""kill -9 at random moments under fifty charged calls: of the switch, and of its writer."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest

from freiton.accounting.recovery import recover
from freiton.storage import charging_log_appender, location_file, writer_process
from freiton.storage.charging_log import iterate_cdrs, read_events
from freiton.storage.charging_log_appender import CRASH_POINTS, LogAppender
from freiton.storage.charging_log_verify import verify
from freiton.storage.writer_process import CRASH_VARIABLE
from tests.simulation.charging_driver import (
    BOOT_ID,
    CLAIM,
    FREE,
    LIVE_CALLS,
    PAYMENT_MICROS,
    SEGMENT_EVENTS,
    Driver,
)

KILLS = 20
PATIENCE_S = 20.0


class Witness:
    """What the driver said before it died, over all its lives."""

    def __init__(self, path: Path) -> None:
        self.acknowledged: dict[str, int] = {}
        self.talk_us: dict[str, int] = {}
        self.free_us: dict[str, int] = {}
        for line in path.read_text().splitlines():
            match line.split():
                case ["ack", position, *key]:
                    assert self.acknowledged.setdefault(" ".join(key), int(position)) == int(
                        position
                    ), line
                case ["talk", call_id, mono_us]:
                    self.talk_us[call_id] = int(mono_us)
                case ["free", call_id, mono_us]:
                    self.free_us[call_id] = int(mono_us)
                case ["back", call_id]:
                    # The BYE was lost with the life that saw it.
                    self.free_us.pop(call_id, None)

    def compare(self, folder: Path) -> None:
        """Nothing acknowledged is lost; nobody is charged twice, or for more than he talked."""
        positions = {stored.event.key: stored.position for stored in read_events(folder)}
        assert self.acknowledged.items() <= positions.items()
        seen: set[str] = set()
        now_us = round(time.monotonic() * 1e6)
        for record in iterate_cdrs(folder):
            assert record.call_id not in seen
            seen.add(record.call_id)
            if record.rated_us:
                began_us = self.talk_us[record.call_id]
                talked_us = self.free_us.get(record.call_id, now_us) - began_us
                assert record.charged_s <= ceil(talked_us / 1e6)
                assert record.rated_us <= talked_us


def start(folder: Path, witness: Path, seed: int, crash: str = "") -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "tests.simulation.charging_driver", str(folder), str(witness),
        str(seed),
    ]  # fmt: skip
    return subprocess.Popen(command, env={**os.environ, CRASH_VARIABLE: crash})


def wait_until_ready(witness: Path, lives: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not witness.exists() or witness.read_text().count("ready\n") < lives:
        assert time.monotonic() < give_up_at, "the driver does not start"
        time.sleep(0.005)


def finish(folder: Path) -> None:
    """Open the log once more, close every call, and see that nothing is left."""
    at, now = datetime.now(UTC), time.monotonic()
    log = LogAppender(folder, segment_events=SEGMENT_EVENTS)
    recovered = recover(log.state, position=log.position, boot_id=BOOT_ID, at=at, now=now)
    accounting = recovered.accounting
    for call in recovered.open_calls:
        accounting.close_lost(call.call_id, at=at, now=now)
    log.close()
    state = accounting.state
    assert state.calls == {}
    assert state.slots.count(CLAIM.owner) == 0
    account = state.book.account("prepaid/1")
    records = [*iterate_cdrs(folder), *accounting._ended.values()]
    assert account.debits_pending == 0
    assert account.balance_micros == PAYMENT_MICROS - sum(one.amount_micros for one in records)
    (allowance,) = state.allowances.states()
    assert allowance.reserved_s == 0
    assert allowance.used_s == sum(one.allowance_used_s.get("FREE", 0) for one in records)
    assert 0 < allowance.used_s <= FREE.granted_s


def test_twenty_kills_of_the_switch_lose_nothing_and_charge_nothing_twice(tmp_path: Path) -> None:
    folder, witness = tmp_path / "log", tmp_path / "witness"
    chance = random.Random(2)  # noqa: S311 - a repeatable test
    for life in range(1, KILLS + 1):
        process = start(folder, witness, life)
        try:
            wait_until_ready(witness, life)
            time.sleep(chance.uniform(0.0, 0.2))
        finally:
            process.kill()
            process.wait()

    LogAppender(folder).close()  # waits for the last writer to end
    found = verify(folder)
    assert found.problems == []
    assert found.epoch == KILLS
    assert found.segments > 1
    assert found.ended_calls > 10 * KILLS
    assert found.charged_micros > 0
    Witness(witness).compare(folder)
    finish(folder)


async def test_twenty_kills_of_the_writer_lose_nothing_and_charge_nothing_twice(
    tmp_path: Path,
) -> None:
    folder, witness = tmp_path / "log", tmp_path / "witness"
    chance = random.Random(3)  # noqa: S311 - a repeatable test
    descriptor = os.open(witness, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    driver = Driver(folder, descriptor, 1)
    running = asyncio.create_task(driver.run())
    for _ in range(KILLS):
        await until(running, lambda: driver.writer.is_up and len(driver.talking) >= 5)
        await asyncio.sleep(chance.uniform(0.0, 0.1))
        child = driver.writer._child
        if child is not None:
            os.kill(child._process.pid, signal.SIGKILL)
        await until(running, lambda: not driver.writer.is_up)
    await until(running, lambda: driver.writer.is_up and driver.accounting.is_log_up)
    await asyncio.sleep(0.05)
    running.cancel()
    await driver.writer.close()
    os.close(descriptor)

    found = verify(folder)
    assert found.problems == []
    assert found.epoch == KILLS + 1
    assert found.ended_calls > 0
    Witness(witness).compare(folder)
    finish(folder)


async def until(running: asyncio.Task[None], condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at
        assert not running.done(), running.exception()
        await asyncio.sleep(0.002)


DURABLE_STEPS = [point for point in CRASH_POINTS if not point.startswith(("open.", "bindings."))]


@pytest.mark.parametrize("point", DURABLE_STEPS)
async def test_a_writer_that_dies_at_any_durable_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    folder, witness = tmp_path / "log", tmp_path / "witness"
    count = 1 if point.startswith("roll.") else 40
    monkeypatch.setenv(CRASH_VARIABLE, f"{point}:{count}")
    descriptor = os.open(witness, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    driver = Driver(folder, descriptor, 1)
    running = asyncio.create_task(driver.run())
    await until(running, lambda: driver.writer.is_up)
    monkeypatch.delenv(CRASH_VARIABLE)
    await until(running, lambda: driver.writer._epoch == 2 and len(driver.talking) >= LIVE_CALLS)
    running.cancel()
    await driver.writer.close()
    os.close(descriptor)

    found = verify(folder)
    assert found.problems == []
    assert found.epoch == 2
    Witness(witness).compare(folder)
    finish(folder)


def test_every_durable_step_has_its_crash_point_and_every_point_its_test() -> None:
    """A point that nobody passes would be proven by a test that proves nothing."""
    modules = (charging_log_appender, location_file, writer_process)
    sources = "".join(Path(str(module.__file__)).read_text() for module in modules)
    for point in CRASH_POINTS:
        assert sources.count(f'rash("{point}")') == 1, point
