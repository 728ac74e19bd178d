"""Calls in any order of legal and illegal steps, with packets lost, doubled and late."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.simulation.call_machine import CallMachine
from tests.simulation.town_machine import TownMachine

MACHINES = {"calls": (CallMachine, 400), "town": (TownMachine, 200)}
MACHINES_LONG = {"calls": (CallMachine, 10_000), "town": (TownMachine, 5_000)}


@pytest.mark.parametrize(("machine", "examples"), MACHINES.values(), ids=MACHINES)
def test_any_order(machine: type[RuleBasedStateMachine], examples: int) -> None:
    run(machine, settings(max_examples=examples, stateful_step_count=30, derandomize=True))


@pytest.mark.long
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize(("machine", "examples"), MACHINES_LONG.values(), ids=MACHINES_LONG)
def test_any_order_for_longer(machine: type[RuleBasedStateMachine], examples: int) -> None:
    """Other orders each time; a failure is kept in .hypothesis and printed as a program."""
    run(machine, settings(max_examples=examples, stateful_step_count=50, derandomize=False))


def run(machine: type[RuleBasedStateMachine], how: settings) -> None:
    # What a machine may do next depends on what it did: that is slow to find, and no mistake.
    checks = tuple(HealthCheck)
    run_state_machine_as_test(
        machine, settings=settings(how, deadline=None, suppress_health_check=checks)
    )
