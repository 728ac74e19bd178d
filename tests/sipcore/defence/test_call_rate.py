"""The rate of new calls against a model of a switch that serves so many a second."""

from __future__ import annotations

import pytest

from sipcore.defence.call_rate import CallRate
from sipcore.limits import CALLS_PER_S_MIN

SERVED_PER_S = 300.0
STEP_S = 0.001


def serve(load: float, *, seconds: float = 20.0, warm_up_s: float = 5.0) -> tuple[float, float]:
    """Return how much of its work a switch does that gets `load` times what it can.

    And how long its queue became, in seconds.
    """
    rate, queue, longest, served, offered, now = CallRate(), 0.0, 0.0, 0.0, 0.0, 100.0
    end = now + seconds
    while now < end:
        now += STEP_S
        offered += load * SERVED_PER_S * STEP_S
        rate.observe(queue / SERVED_PER_S, now=now)
        while offered >= 1.0:
            offered -= 1.0
            if rate.admits(queue / SERVED_PER_S, now=now):
                queue += 1.0
        done = min(queue, SERVED_PER_S * STEP_S)
        queue -= done
        if now > 100.0 + warm_up_s:
            served += done
            longest = max(longest, queue / SERVED_PER_S)
    return served / (SERVED_PER_S * (seconds - warm_up_s)), longest


@pytest.mark.parametrize("load", [2.0, 5.0, 10.0])
def test_a_switch_that_is_asked_too_much_stays_busy(load: float) -> None:
    share, longest_s = serve(load)
    assert share > 0.94
    assert longest_s < 0.25


def test_a_switch_that_is_not_asked_too_much_refuses_nothing() -> None:
    assert serve(0.8)[0] == pytest.approx(0.8, abs=0.01)


def test_some_calls_are_always_tried() -> None:
    rate, now = CallRate(), 100.0
    for _ in range(2_000):
        now += 0.05
        rate.observe(1.0, now=now)
    assert rate.rate == CALLS_PER_S_MIN
    assert rate.admits(0.0, now=now)
