"""What client and server transactions share: a place in a machine, and two timers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.errors import LocalError
from sipcore.transaction.deadlines import Deadline
from sipcore.transaction.events import TransactionId
from sipcore.transaction.outputs import Outputs, TimerItem
from sipcore.transaction.table import Action, Input, Machine, State, Step
from sipcore.transport.flow import Flow

_END_OF_STATE: Final = MappingProxyType(
    {
        Action.START_B: Input.TIMER_B,
        Action.START_D: Input.TIMER_D,
        Action.START_F: Input.TIMER_F,
        Action.START_H: Input.TIMER_H,
        Action.START_I: Input.TIMER_I,
        Action.START_J: Input.TIMER_J,
        Action.START_K: Input.TIMER_K,
        Action.START_L: Input.TIMER_L,
        Action.START_M: Input.TIMER_M,
        Action.START_ABANDON: Input.TIMER_ABANDON,
    }
)
"""The timers that end a state, and what each is when it fires."""

_RETRANSMISSION: Final = MappingProxyType(
    {
        Action.START_A: Input.TIMER_A,
        Action.DOUBLE_A: Input.TIMER_A,
        Action.START_E: Input.TIMER_E,
        Action.DOUBLE_E: Input.TIMER_E,
        Action.START_E_AT_T2: Input.TIMER_E,
        Action.START_G: Input.TIMER_G,
        Action.DOUBLE_G: Input.TIMER_G,
    }
)
"""The timers that send something again."""


class Transaction:
    """One machine at work.

    At any time it waits for at most two deadlines: the next retransmission and the end of its
    state. It holds no other object of the layer, and is held by it alone.
    """

    __slots__ = ("_end_of_state", "_interval", "_retransmission", "flow", "id", "machine", "state")

    def __init__(self, transaction: TransactionId, machine: Machine, flow: Flow) -> None:
        self.id = transaction
        self.machine = machine
        self.flow = flow
        self.state = machine.start.state
        self._interval = 0.0
        self._retransmission: Deadline[TimerItem] | None = None
        self._end_of_state: Deadline[TimerItem] | None = None

    @property
    def is_terminated(self) -> bool:
        """Whether the transaction is over and to be forgotten."""
        return self.state is State.TERMINATED

    def step(self, given: Input, outputs: Outputs, *, now: float) -> None:
        """Take an input that comes without a message: a timer or a transport error."""
        arrow = self._advance(given, outputs)
        if arrow is not None:
            for action in arrow.actions:
                self._perform(action, outputs, now)

    def _advance(self, given: Input, outputs: Outputs) -> Step | None:
        """Go along the arrow of an input and return it; None when nothing changes."""
        pair = (self.state, given)
        arrow = self.machine.table.get(pair)
        if arrow is not None:
            self.state = arrow.state
            if arrow.state is State.TERMINATED:
                self._stop(outputs)
            return arrow
        if pair not in self.machine.absorbed:
            raise LocalError(f"{given.name} in {self.state.name} of the {self.machine.name}")
        outputs.counters.ignored += 1
        return None

    def _perform(self, action: Action, outputs: Outputs, now: float) -> None:
        """Do what needs no message; here, all that is about timers."""
        if action is Action.STOP_RETRANSMISSION:
            self._stop_retransmission(outputs)
        elif (given := _RETRANSMISSION.get(action)) is not None:
            # Reliable transports do without A, E and G.
            if not self.flow.is_reliable:
                self._interval = self._next_interval(action, outputs)
                self._repeat_after(self._interval, given, outputs, now=now)
        else:
            self._end_state(action, outputs, now=now)

    def _next_interval(self, action: Action, outputs: Outputs) -> float:
        match action:
            case Action.DOUBLE_A:
                return 2 * self._interval
            case Action.DOUBLE_E | Action.DOUBLE_G:
                return min(2 * self._interval, outputs.timers.t2)
            case Action.START_E_AT_T2:
                return outputs.timers.t2
            case _:
                return outputs.timers.t1

    def _repeat_after(self, interval: float, given: Input, outputs: Outputs, *, now: float) -> None:
        self._retransmission = outputs.deadlines.set(now + interval, (self.id, given))

    def _end_state(self, action: Action, outputs: Outputs, *, now: float) -> None:
        given = _END_OF_STATE[action]
        durations = (
            outputs.durations_reliable if self.flow.is_reliable else outputs.durations_unreliable
        )
        duration = durations[action]
        if duration == 0.0:
            self.step(given, outputs, now=now)
        else:
            self._end_state_at(now + duration, given, outputs)

    def _end_state_at(self, when: float, given: Input, outputs: Outputs) -> None:
        if self._end_of_state is not None:
            outputs.deadlines.cancel(self._end_of_state)
        self._end_of_state = outputs.deadlines.set(when, (self.id, given))

    def _stop_retransmission(self, outputs: Outputs) -> None:
        if self._retransmission is not None:
            outputs.deadlines.cancel(self._retransmission)
            self._retransmission = None

    def _stop(self, outputs: Outputs) -> None:
        self._stop_retransmission(outputs)
        if self._end_of_state is not None:
            outputs.deadlines.cancel(self._end_of_state)
            self._end_of_state = None
