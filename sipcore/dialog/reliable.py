"""Reliable provisional responses of one early dialog (RFC 3262 §3 and §4).

The table is the server's side: one response at a time is unacknowledged; it is repeated with an
interval that doubles from T1 until its PRACK comes or 64·T1 are over. The client's side is an
order of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from sipcore.errors import LocalError

RSEQ_FIRST_MAX: Final = 2**31 - 1
"""§3: the first number is drawn below this, so that counting on never wraps."""


class State(IntEnum):
    """What the server waits for."""

    IDLE = 1
    UNACKNOWLEDGED = 2
    EXPIRED = 3
    """No PRACK within 64·T1: the request is to be refused with a 5xx."""
    CLOSED = 4
    """A final response was sent; nothing is repeated, a PRACK may still come."""


class Input(IntEnum):
    """What happens."""

    SEND = 1
    PRACK = 2
    """A PRACK for just the response that is unacknowledged."""
    REPEAT_DUE = 3
    EXPIRY_DUE = 4
    FINAL = 5


class Action(IntEnum):
    """What is done then."""

    START = 1
    REPEAT = 2
    STOP = 3
    GIVE_UP = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow."""

    state: State
    actions: tuple[Action, ...] = ()


TABLE: Final = MappingProxyType(
    {
        (State.IDLE, Input.SEND): Step(State.UNACKNOWLEDGED, (Action.START,)),
        (State.IDLE, Input.FINAL): Step(State.CLOSED),
        (State.UNACKNOWLEDGED, Input.PRACK): Step(State.IDLE, (Action.STOP,)),
        (State.UNACKNOWLEDGED, Input.REPEAT_DUE): Step(State.UNACKNOWLEDGED, (Action.REPEAT,)),
        (State.UNACKNOWLEDGED, Input.EXPIRY_DUE): Step(
            State.EXPIRED, (Action.STOP, Action.GIVE_UP)
        ),
        (State.UNACKNOWLEDGED, Input.FINAL): Step(State.CLOSED, (Action.STOP,)),
        (State.EXPIRED, Input.FINAL): Step(State.CLOSED),
    }
)

ABSORBED: Final = frozenset(
    {
        # §3: whoever sent a final response must still be prepared for the PRACK.
        (State.CLOSED, Input.PRACK),
        (State.CLOSED, Input.FINAL),
        # It came too late; the refusal is on its way.
        (State.EXPIRED, Input.PRACK),
    }
)
"""Pairs that happen and change nothing; every other pair that is no row is a fault of ours."""


class ReliableServer:
    """The reliable provisional responses to one INVITE within one early dialog.

    ``first_number`` is drawn from 1 to ``RSEQ_FIRST_MAX``.
    """

    __slots__ = ("_expires_at", "_interval_s", "_number", "_repeat_at", "_t1", "state")

    def __init__(self, *, first_number: int, t1: float) -> None:
        self._number = first_number - 1
        self._t1 = t1
        self._interval_s = t1
        self._repeat_at: float | None = None
        self._expires_at: float | None = None
        self.state = State.IDLE

    @property
    def is_unacknowledged(self) -> bool:
        """Whether a response waits for its PRACK, so that no other one may follow it."""
        return self.state is State.UNACKNOWLEDGED

    def send(self, *, now: float) -> int:
        """Take the next response; returns its RSeq."""
        self._number += 1
        self._step(Input.SEND, now=now)
        return self._number

    def acknowledge(self, number: int, *, now: float) -> bool:
        """Take a PRACK; False when it is for no response that waits for one (481).

        After a final response the last one counts as waiting still.
        """
        if number != self._number or self.state is State.IDLE:
            return False
        self._step(Input.PRACK, now=now)
        return True

    def close(self, *, now: float) -> None:
        """Learn that a final response was sent."""
        self._step(Input.FINAL, now=now)

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        if self._repeat_at is None or self._expires_at is None:
            return None
        return min(self._repeat_at, self._expires_at)

    def fire(self, *, now: float) -> Action | None:
        """Take the time; REPEAT or GIVE_UP when one is due."""
        if self._expires_at is not None and self._expires_at <= now:
            self._step(Input.EXPIRY_DUE, now=now)
            return Action.GIVE_UP
        if self._repeat_at is not None and self._repeat_at <= now:
            self._step(Input.REPEAT_DUE, now=now)
            return Action.REPEAT
        return None

    def _step(self, given: Input, *, now: float) -> None:
        pair = (self.state, given)
        step = TABLE.get(pair)
        if step is None:
            if pair in ABSORBED:
                return
            raise LocalError(f"{given.name} while {self.state.name}")
        self.state = step.state
        for action in step.actions:
            if action is Action.START:
                self._interval_s = self._t1
                self._repeat_at = now + self._t1
                self._expires_at = now + 64 * self._t1
            elif action is Action.REPEAT:
                # No ceiling of T2 here: §3 doubles until the end.
                self._interval_s *= 2
                self._repeat_at = now + self._interval_s
            elif action is Action.STOP:
                self._repeat_at = self._expires_at = None


class Verdict(IntEnum):
    """What a reliable provisional response is to a client (§4)."""

    NEXT = 1
    """To be acknowledged and acted on."""
    REPEATED = 2
    OUT_OF_ORDER = 3
    """One before it is missing: neither acknowledged nor acted on; it will be repeated."""


class ReliableClient:
    """The reliable provisional responses that one early dialog of ours has brought."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: int | None = None

    def take(self, number: int) -> Verdict:
        """Take the RSeq of a response; the first may be any."""
        if self._last is None or number == self._last + 1:
            self._last = number
            return Verdict.NEXT
        return Verdict.REPEATED if number <= self._last else Verdict.OUT_OF_ORDER
