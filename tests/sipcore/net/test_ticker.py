"""The one timer."""

from __future__ import annotations

import asyncio
import time

from sipcore.net.ticker import Ticker
from tests.sipcore.net.peers import until


async def test_it_fires_once_and_not_before_its_time() -> None:
    fired: list[float] = []
    ticker = Ticker(asyncio.get_running_loop(), lambda: fired.append(time.monotonic()))
    when = time.monotonic() + 0.03
    ticker.arm(when)
    await until(lambda: bool(fired))
    await asyncio.sleep(0.03)
    assert len(fired) == 1
    assert fired[0] >= when


async def test_an_earlier_moment_replaces_a_later_one() -> None:
    fired: list[float] = []
    ticker = Ticker(asyncio.get_running_loop(), lambda: fired.append(time.monotonic()))
    start = time.monotonic()
    ticker.arm(start + 3600)
    ticker.arm(start + 0.01)
    ticker.arm(start + 1800)
    ticker.arm(None)
    await until(lambda: bool(fired))


async def test_a_stopped_one_does_not_fire() -> None:
    fired: list[float] = []
    ticker = Ticker(asyncio.get_running_loop(), lambda: fired.append(1.0))
    ticker.arm(time.monotonic())
    ticker.stop()
    await asyncio.sleep(0.02)
    assert fired == []


async def test_what_is_wanted_at_once_is_not_late() -> None:
    fired: list[float] = []
    ticker = Ticker(asyncio.get_running_loop(), lambda: fired.append(ticker.when))
    start = time.monotonic()
    ticker.arm(0.0)
    ticker.arm(start - 5.0)
    await until(lambda: bool(fired))
    assert len(fired) == 1
    assert fired[0] >= start
