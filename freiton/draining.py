"""How a switch comes to rest: most calls end at a deadline, calls for help at their own end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import ceil
from typing import Final, Protocol

from freiton.routing.refusals import reason_value

EMERGENCY_WAIT_S: Final = 600.0
"""How much longer calls for help may go on; a service manager has to be told some bound."""

GOODBYE_S: Final = 2.0
"""What is left for BYEs and their answers after the last call was ended."""

POLL_S: Final = 0.05


class DrainedCalls(Protocol):
    """The calls, as far as their end goes."""

    @property
    def is_idle(self) -> bool:
        """Whether no call is left."""
        ...

    @property
    def has_emergency(self) -> bool:
        """Whether somebody is calling for help."""
        ...

    def hang_up_all(self, reason: str, *, spares_emergency: bool, now: float) -> None:
        """End every call, or all but those for help."""
        ...


class Draining:
    """Waits for calls and ends them; ``settle`` sends what that gives to send."""

    def __init__(
        self,
        calls: DrainedCalls,
        settle: Callable[[], None],
        *,
        emergency_wait_s: float = EMERGENCY_WAIT_S,
    ) -> None:
        self._calls = calls
        self._settle = settle
        self._emergency_wait_s = emergency_wait_s
        self._is_hurried = False

    def hurry(self) -> None:
        """Wait for nobody any more, not even for those who call for help."""
        self._is_hurried = True

    async def end_ordinary(self, deadline_s: float) -> None:
        """Let calls go on to the deadline; then end all but those for help."""
        await self._wait(deadline_s, lambda: self._calls.is_idle or self._is_hurried)
        self._hang_up(spares_emergency=True)

    async def await_emergency(self) -> None:
        """Wait for calls for help to end by themselves."""
        limit_s = self._emergency_wait_s
        await self._wait(limit_s, lambda: not self._calls.has_emergency or self._is_hurried)

    async def end_all(self) -> None:
        """End what is left, and give it the time to say goodbye."""
        self._hang_up(spares_emergency=False)
        await self._wait(GOODBYE_S, lambda: self._calls.is_idle)

    def _hang_up(self, *, spares_emergency: bool) -> None:
        reason = reason_value(41, "shutdown")
        self._calls.hang_up_all(reason, spares_emergency=spares_emergency, now=time.monotonic())
        self._settle()

    async def _wait(self, limit_s: float, is_over: Callable[[], bool]) -> None:
        for _ in range(ceil(limit_s / POLL_S)):
            if is_over():
                return
            await asyncio.sleep(POLL_S)
