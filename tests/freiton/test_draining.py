"""A switch comes to rest: who is waited for, and how long."""

from __future__ import annotations

import asyncio
import time

from freiton.draining import POLL_S, Draining

SHORT_S = 3 * POLL_S
LONG_S = 60.0


class Calls:
    """Ordinary calls and calls for help, as numbers."""

    def __init__(self, *, ordinary: int = 0, emergency: int = 0) -> None:
        self.ordinary = ordinary
        self.emergency = emergency
        self.settled = 0

    @property
    def is_idle(self) -> bool:
        return not self.ordinary and not self.emergency

    @property
    def has_emergency(self) -> bool:
        return self.emergency > 0

    def hang_up_all(self, reason: str, *, spares_emergency: bool, now: float) -> None:
        assert "shutdown" in reason
        assert now <= time.monotonic()
        self.ordinary = 0
        if not spares_emergency:
            self.emergency = 0

    def settle(self) -> None:
        self.settled += 1


async def test_ordinary_calls_are_ended_at_the_deadline_and_calls_for_help_are_not() -> None:
    calls = Calls(ordinary=2, emergency=1)
    draining = Draining(calls, calls.settle, emergency_wait_s=LONG_S)
    began = time.monotonic()
    await draining.end_ordinary(SHORT_S)
    assert time.monotonic() - began >= SHORT_S
    assert (calls.ordinary, calls.emergency, calls.settled) == (0, 1, 1)


async def test_a_call_for_help_is_waited_for_until_it_ends() -> None:
    calls = Calls(emergency=1)
    waiting = asyncio.ensure_future(
        Draining(calls, calls.settle, emergency_wait_s=LONG_S).await_emergency()
    )
    await asyncio.sleep(SHORT_S)
    assert not waiting.done()
    calls.emergency = 0
    await asyncio.wait_for(waiting, LONG_S / 2)


async def test_not_even_a_call_for_help_keeps_a_switch_for_ever() -> None:
    calls = Calls(emergency=1)
    draining = Draining(calls, calls.settle, emergency_wait_s=SHORT_S)
    await asyncio.wait_for(draining.await_emergency(), LONG_S)
    assert calls.emergency == 1
    await draining.end_all()
    assert (calls.emergency, calls.settled) == (0, 1)


async def test_who_hurries_waits_for_nobody() -> None:
    calls = Calls(ordinary=1, emergency=1)
    draining = Draining(calls, calls.settle, emergency_wait_s=LONG_S)
    waiting = asyncio.ensure_future(draining.end_ordinary(LONG_S))
    await asyncio.sleep(SHORT_S)
    assert not waiting.done()
    draining.hurry()
    await asyncio.wait_for(waiting, LONG_S / 2)
    await asyncio.wait_for(draining.await_emergency(), LONG_S / 2)
    assert (calls.ordinary, calls.emergency) == (0, 1)
    await draining.end_all()
    assert calls.is_idle
