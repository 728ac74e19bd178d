from __future__ import annotations

from itertools import product

from rating.charging import TABLE, Action, Input, State
from rating.charging.table import MISUSES


def test_every_pair_is_a_row_or_a_named_misuse() -> None:
    pairs = set(product(State, Input))
    assert set(TABLE) | MISUSES == pairs
    assert not set(TABLE) & MISUSES


def test_what_is_reserved_is_released_on_every_way_to_the_end() -> None:
    for (state, _input), step in TABLE.items():
        if state is State.OPEN and step.next_state is State.CLOSED:
            assert Action.RELEASE_UNUSED in step.actions


def test_a_closed_session_does_nothing_more() -> None:
    for (state, _input), step in TABLE.items():
        if state is State.CLOSED:
            assert step.next_state is State.CLOSED
            assert step.actions == ()
