"""The credit-control server's session machine (RFC 8506 §7, the fifth machine) as a table.

Where the RFC's session falls back to Idle and is gone, ours is CLOSED: it stays for a while so
that a repeated request gets its first answer. A request that the account cannot bear is met in
two ways: before the first grant it is refused, later it makes the running grant the final one
(Final-Unit-Indication, §5.6) and the session stays open until that is used up.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class State(IntEnum):
    """IDLE and OPEN are the RFC's; CLOSED is its Idle after an Open."""

    IDLE = 0
    OPEN = 1
    CLOSED = 2


class Input(IntEnum):
    """A request together with what the account said to it."""

    INITIAL_GRANTED = 0
    INITIAL_REFUSED = 1
    UPDATE_GRANTED = 2
    UPDATE_EXHAUSTED = 3
    TERMINATION = 4
    SUPERVISION_EXPIRED = 5


class Action(IntEnum):
    """What a step does to the book."""

    RESERVE_UNITS = 0
    DEBIT_USED = 1
    RELEASE_UNUSED = 2


class Step(NamedTuple):
    """One arrow of the figure."""

    next_state: State
    actions: tuple[Action, ...]


TABLE: Final[dict[tuple[State, Input], Step]] = {
    (State.IDLE, Input.INITIAL_GRANTED): Step(State.OPEN, (Action.RESERVE_UNITS,)),
    (State.IDLE, Input.INITIAL_REFUSED): Step(State.IDLE, ()),
    (State.OPEN, Input.UPDATE_GRANTED): Step(State.OPEN, (Action.DEBIT_USED, Action.RESERVE_UNITS)),
    (State.OPEN, Input.UPDATE_EXHAUSTED): Step(State.OPEN, (Action.DEBIT_USED,)),
    (State.OPEN, Input.TERMINATION): Step(State.CLOSED, (Action.DEBIT_USED, Action.RELEASE_UNUSED)),
    (State.OPEN, Input.SUPERVISION_EXPIRED): Step(State.CLOSED, (Action.RELEASE_UNUSED,)),
    (State.CLOSED, Input.TERMINATION): Step(State.CLOSED, ()),
    (State.CLOSED, Input.SUPERVISION_EXPIRED): Step(State.CLOSED, ()),
}

# Pairs that only our own mistake can bring about; the session raises LocalError.
MISUSES: Final = frozenset(
    {
        (State.IDLE, Input.UPDATE_GRANTED),
        (State.IDLE, Input.UPDATE_EXHAUSTED),
        (State.IDLE, Input.TERMINATION),
        (State.IDLE, Input.SUPERVISION_EXPIRED),
        (State.OPEN, Input.INITIAL_GRANTED),
        (State.OPEN, Input.INITIAL_REFUSED),
        (State.CLOSED, Input.INITIAL_GRANTED),
        (State.CLOSED, Input.INITIAL_REFUSED),
        (State.CLOSED, Input.UPDATE_GRANTED),
        (State.CLOSED, Input.UPDATE_EXHAUSTED),
    }
)
