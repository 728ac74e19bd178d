"""The tables are complete, and their drawing in the documentation is theirs."""

from __future__ import annotations

from itertools import product

import pytest

from docs.render_state_machines import MACHINES, PAGE, render_page
from sipcore.transaction.table import Action, Input, Machine, State
from sipcore.transaction.timers import Timers

TIMERS_OF_STATE = {
    "INVITE client transaction": {
        State.CALLING: {Input.TIMER_A, Input.TIMER_B},
        State.PROCEEDING: {Input.TIMER_ABANDON},
        State.COMPLETED: {Input.TIMER_D},
        State.ACCEPTED: {Input.TIMER_M},
    },
    "non-INVITE client transaction": {
        State.TRYING: {Input.TIMER_E, Input.TIMER_F},
        State.PROCEEDING: {Input.TIMER_E, Input.TIMER_F},
        State.COMPLETED: {Input.TIMER_K},
    },
    "INVITE server transaction": {
        State.PROCEEDING: {Input.TIMER_TRYING, Input.TIMER_ABANDON},
        State.COMPLETED: {Input.TIMER_G, Input.TIMER_H},
        State.CONFIRMED: {Input.TIMER_I},
        State.ACCEPTED: {Input.TIMER_L},
    },
    "non-INVITE server transaction": {
        State.TRYING: {Input.TIMER_F},
        State.PROCEEDING: {Input.TIMER_F},
        State.COMPLETED: {Input.TIMER_J},
    },
}
"""Which timers run where; any other timer was stopped when its state was left."""

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def is_timer(given: Input) -> bool:
    return given.name.startswith("TIMER_")


@each_machine
def test_every_pair_is_a_row_or_absorbed(machine: Machine) -> None:
    timers = TIMERS_OF_STATE[machine.name]
    for state, given in product(machine.states, machine.inputs):
        pair = (state, given)
        if state is State.TERMINATED or (is_timer(given) and given not in timers[state]):
            assert pair not in machine.table
            assert pair not in machine.absorbed
        else:
            assert (pair in machine.table) != (pair in machine.absorbed), pair


@each_machine
def test_every_state_is_reached_and_left(machine: Machine) -> None:
    reached = {machine.start.state}
    while True:
        further = {
            step.state for (state, _), step in machine.table.items() if state in reached
        } - reached
        if not further:
            break
        reached |= further
    assert reached == set(machine.states)
    assert State.TERMINATED in reached


@each_machine
def test_a_timer_that_may_be_zero_starts_last(machine: Machine) -> None:
    zero = {
        action
        for action, duration in Timers().durations(is_reliable=True).items()
        if duration == 0.0
    }
    assert zero == {Action.START_D, Action.START_I, Action.START_J, Action.START_K}
    for step in machine.table.values():
        for action in step.actions[:-1]:
            assert action not in zero


def test_the_page_is_drawn_from_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()
