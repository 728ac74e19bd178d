"""The words in which the four machines are written: states, inputs, actions and steps.

A machine is data. Its rows are the arrows of its RFC's figure, in the figure's order; what an
action does stands in ``layer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """The states of RFC 3261 §17 and RFC 6026."""

    CALLING = 1
    TRYING = 2
    PROCEEDING = 3
    COMPLETED = 4
    ACCEPTED = 5
    CONFIRMED = 6
    TERMINATED = 7


class Input(IntEnum):
    """What can happen to a transaction.

    A response comes from the wire to a client machine, from the user to a server machine.
    """

    REQUEST = 1
    """A retransmission; the first request makes the transaction."""
    ACK = 2
    CANCEL = 3
    """The user wants its INVITE cancelled."""
    PROVISIONAL = 4
    SUCCESS = 5
    FAILURE = 6
    """300 to 699."""
    FINAL = 7
    """200 to 699, where the machine does not tell them apart."""
    TRANSPORT_ERROR = 8
    TIMER_A = 9
    TIMER_B = 10
    TIMER_D = 11
    TIMER_E = 12
    TIMER_F = 13
    TIMER_G = 14
    TIMER_H = 15
    TIMER_I = 16
    TIMER_J = 17
    TIMER_K = 18
    TIMER_L = 19
    TIMER_M = 20
    TIMER_TRYING = 21
    """The 200 ms after which an INVITE gets a 100 (§17.2.1)."""
    TIMER_ABANDON = 22
    """Nobody can still wait for this transaction; ours, see Timers."""


class Action(IntEnum):
    """What a machine wants done; a timer that starts replaces the other of its kind."""

    SEND_REQUEST = 1
    SEND_ACK = 2
    SEND_CANCEL = 3
    SEND_REMEMBERED_CANCEL = 4
    PASS_RESPONSE = 5
    TELL_TIMEOUT = 6
    TELL_TRANSPORT_FAILURE = 7
    PASS_REQUEST = 8
    PASS_ACK = 9
    TELL_ACK_MISSING = 10
    SEND_TRYING = 11
    SEND_RESPONSE = 12
    SEND_RESPONSE_AGAIN = 13
    # Timers of retransmission.
    START_A = 14
    DOUBLE_A = 15
    START_E = 16
    DOUBLE_E = 17
    START_E_AT_T2 = 18
    START_G = 19
    DOUBLE_G = 20
    START_TRYING = 21
    STOP_RETRANSMISSION = 22
    # Timers that end a state.
    START_B = 23
    START_D = 24
    START_F = 25
    START_H = 26
    START_I = 27
    START_J = 28
    START_K = 29
    START_L = 30
    START_M = 31
    START_ABANDON = 32


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow: where it leads and what is done on the way.

    A timer that may be zero stands last, since it fires at once.
    """

    state: State
    actions: tuple[Action, ...] = ()


Pair = tuple[State, Input]


@dataclass(frozen=True, slots=True)
class Machine:
    """One of the four machines.

    ``absorbed`` pairs happen and change nothing; every other pair that is no row is impossible,
    so that meeting it is a fault of ours.
    """

    name: str
    source: str
    start: Step
    table: Mapping[Pair, Step]
    absorbed: frozenset[Pair]

    @property
    def states(self) -> tuple[State, ...]:
        """The states of this machine, in the order of the figure."""
        found = {self.start.state} | {step.state for step in self.table.values()}
        return tuple(state for state in State if state in found)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs that this machine knows."""
        found = {given for _, given in self.table} | {given for _, given in self.absorbed}
        return tuple(given for given in Input if given in found)
