"""Two calls, one flatrate: every order of INVITE, 18x, 200, Appended, AppendFailed, CANCEL, BYE,
timer and crash, on the composed switch (house rule for everything that is no table).

The search goes through the states depth first. A state is reached by replaying its events on a
fresh switch, so a failure prints the shortest story there is: the list of its events.
"""

from __future__ import annotations

import pytest

from tests.simulation.small_calls import Bounds, Event, SmallTown

PRICED = "01701234561"


class Search:
    """Depth first through all states of a small town; each state once."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.states: set[tuple[object, ...]] = set()
        self.ends = 0

    def run(self) -> None:
        open_paths: list[tuple[Event, ...]] = [()]
        while open_paths:
            path = open_paths.pop()
            try:
                open_paths += self._follow(path)
            except Exception as error:
                raise AssertionError(f"after {path}: {error}") from error

    def _follow(self, path: tuple[Event, ...]) -> list[tuple[Event, ...]]:
        """Replay a path, then go on to a state that is known or an end; give the turns left out."""
        town = SmallTown(self.bounds)
        for event in path:
            town.happen(event)
        turns: list[tuple[Event, ...]] = []
        while True:
            state = town.fingerprint()
            if state in self.states:
                return turns
            self.states.add(state)
            events = list(town.events())
            if not events:
                self.ends += 1
                self._finish(town, path)
                return turns
            turns += [(*path, event) for event in events[1:]]
            path = (*path, events[0])
            town.happen(events[0])

    def _finish(self, town: SmallTown, path: tuple[Event, ...]) -> None:
        try:
            town.finish()
        except AssertionError as error:
            raise AssertionError(f"in the end of {path}: {error}") from error


SHORT = {
    "orders": (Bounds(), 500),
    "timers": (Bounds(timers=2, rings=False), 4_000),
    "log fails": (Bounds(log_failures=1), 1_500),
    "crash": (Bounds(crashes=1, rings=False), 1_500),
    "emergency": (Bounds(dialled=(PRICED, "112"), log_failures=1, rings=False, cancels=False), 800),
}
LONG = {
    "two timers": (Bounds(timers=2), 8_000),
    "crash and ring": (Bounds(crashes=1), 5_000),
    "crash and timer": (Bounds(crashes=1, timers=1, rings=False), 8_000),
    "crash and a failing log": (Bounds(crashes=1, log_failures=1, rings=False), 5_000),
    "emergency and a failing log": (Bounds(dialled=(PRICED, "112"), log_failures=1), 1_500),
    "emergency and timers": (Bounds(dialled=(PRICED, "112"), timers=2, rings=False), 4_000),
    "emergency and crash": (Bounds(dialled=(PRICED, "112"), crashes=1, rings=False), 2_000),
    "two emergencies": (Bounds(dialled=("110", "112"), log_failures=1, rings=False), 1_000),
}


@pytest.mark.parametrize(("bounds", "states"), SHORT.values(), ids=SHORT)
def test_every_order_of_two_calls(bounds: Bounds, states: int) -> None:
    assert_every_order(bounds, states)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("bounds", "states"), LONG.values(), ids=LONG)
def test_every_order_of_two_calls_when_more_goes_wrong(bounds: Bounds, states: int) -> None:
    assert_every_order(bounds, states)


def assert_every_order(bounds: Bounds, states: int) -> None:
    search = Search(bounds)
    search.run()
    # A search that finds less has lost sight of something that may happen.
    assert len(search.states) >= states
    assert search.ends > 0
