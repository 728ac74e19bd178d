"""Which carrier is tried when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.context import RouteContext, TrunkState
from freiton.routing.directory import Trunk, TrunkKind
from freiton.routing.refusals import RefusalCause
from freiton.routing.trunks import emergency_trunks, fails_over, ordinary_trunks
from tests.freiton.routing.builders import CARRIER, RESCUE, Scene, numbering
from tests.support.phones import CountingIdentifiers


class Chance(CountingIdentifiers):
    def __init__(self, seed: int) -> None:
        super().__init__("")
        self._random = Random(seed)  # noqa: S311 - the same draws in every run

    def spread(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


def trunk(number: int, priority: int = 10, weight: int = 1, channels: int = 30) -> Trunk:
    return replace(
        CARRIER,
        id=number,
        name=f"t{number}",
        priority=priority,
        weight=weight,
        channels=channels,
        sources=(),
    )


def context(
    *trunks: Trunk, states: dict[int, TrunkState] | None = None, seed: int = 1
) -> RouteContext:
    return RouteContext(
        directory=Scene(trunks=trunks).directory(),
        numbering=numbering(),
        locations=Scene(),
        trunk_states=states or {},
        identifiers=Chance(seed),
    )


def names(result: tuple[Trunk, ...] | RefusalCause) -> list[str]:
    assert not isinstance(result, RefusalCause), result
    return [one.name for one in result]


def test_lower_priority_first() -> None:
    assert names(ordinary_trunks(context(trunk(1, 30), trunk(2, 10), trunk(3, 20)))) == [
        "t2",
        "t3",
        "t1",
    ]


def test_weights_are_shares_of_the_first_call() -> None:
    trunks = (trunk(1, weight=1), trunk(2, weight=3), trunk(3, weight=0))
    first = Counter(names(ordinary_trunks(context(*trunks, seed=seed)))[0] for seed in range(2000))
    assert first["t3"] == 0
    assert 0.70 < first["t2"] / 2000 < 0.80


@pytest.mark.parametrize("weight", [0, 1, 100])
def test_every_trunk_is_on_the_list_once(weight: int) -> None:
    trunks = [trunk(number, weight=weight) for number in range(1, 6)]
    assert sorted(names(ordinary_trunks(context(*trunks)))) == ["t1", "t2", "t3", "t4", "t5"]


def test_what_is_down_or_full_is_left_out_and_what_failed_comes_last() -> None:
    states = {
        1: TrunkState(is_registered=False),
        2: TrunkState(is_registered=True, open_calls=30),
        3: TrunkState(is_registered=True, is_blocked=True),
        4: TrunkState(is_registered=True, open_calls=29),
    }
    trunks = [trunk(number, priority=number) for number in range(1, 6)]
    assert names(ordinary_trunks(context(*trunks, states=states))) == ["t4", "t5", "t3"]


def test_the_only_trunk_is_tried_even_when_it_just_failed() -> None:
    blocked = {1: TrunkState(is_registered=True, is_blocked=True)}
    assert names(ordinary_trunks(context(trunk(1), states=blocked))) == ["t1"]


def test_a_trunk_that_is_new_is_up_only_with_a_fixed_address() -> None:
    by_registration = replace(trunk(1), kind=TrunkKind.REGISTRATION)
    assert ordinary_trunks(context(by_registration)) is RefusalCause.NO_TRUNK
    assert names(ordinary_trunks(context(trunk(1)))) == ["t1"]


def test_reserved_channels_are_for_emergencies() -> None:
    shared = replace(RESCUE, channels=10, reserved_for_emergency=4)
    for open_calls, is_free in ((5, True), (6, False), (9, False)):
        states = {RESCUE.id: TrunkState(is_registered=True, open_calls=open_calls)}
        result = ordinary_trunks(context(shared, states=states))
        assert (result is not RefusalCause.TRUNK_LIMIT) is is_free
        assert names(emergency_trunks(context(shared, states=states))) == ["rescue"]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 31)), max_size=5),
    st.integers(0, 100),
)
def test_emergency_leaves_no_trunk_out(conditions: list[tuple[bool, bool, int]], seed: int) -> None:
    trunks = [
        replace(trunk(number), is_emergency=number % 2 == 0) for number in range(len(conditions))
    ]
    states = {
        number: TrunkState(is_registered=up, is_blocked=blocked, open_calls=calls)
        for number, (up, blocked, calls) in enumerate(conditions)
    }
    order = emergency_trunks(context(*trunks, states=states, seed=seed))
    assert sorted(one.id for one in order) == list(range(len(conditions)))
    assert [one.is_emergency for one in order] == sorted(
        (one.is_emergency for one in order), reverse=True
    )


@pytest.mark.parametrize("status", [None, 401, 407, 408, 500, 502, 503, 504])
def test_what_speaks_about_the_carrier_fails_over(status: int | None) -> None:
    assert fails_over(status, is_transport_failure=False, has_rung=False)


@pytest.mark.parametrize(
    "status", [400, 403, 404, 410, 480, 484, 486, 487, 488, 501, 505, 513, 600, 603, 604]
)
def test_what_speaks_about_the_called_line_is_the_answer(status: int) -> None:
    assert not fails_over(status, is_transport_failure=False, has_rung=False)
    assert fails_over(status, is_transport_failure=True, has_rung=False)


@pytest.mark.parametrize("status", [None, 408, 500, 503])
@pytest.mark.parametrize("is_transport_failure", [False, True])
def test_nothing_fails_over_once_it_rang(status: int | None, *, is_transport_failure: bool) -> None:
    assert not fails_over(status, is_transport_failure=is_transport_failure, has_rung=True)
