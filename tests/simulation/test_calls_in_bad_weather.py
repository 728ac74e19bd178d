"""Calls in any order of legal and illegal steps, with packets lost, doubled and late."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.call_machine import CallMachine

NO_CHECKS = tuple(HealthCheck)


def test_any_order_of_one_call() -> None:
    run_state_machine_as_test(
        CallMachine,
        settings=settings(
            derandomize=True, max_examples=400, stateful_step_count=30, deadline=None,
            suppress_health_check=NO_CHECKS,
        ),
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_any_order_of_one_call_for_longer() -> None:
    run_state_machine_as_test(
        CallMachine,
        settings=settings(
            max_examples=5_000, stateful_step_count=50, deadline=None, print_blob=True,
            suppress_health_check=NO_CHECKS,
        ),
    )  # fmt: skip
