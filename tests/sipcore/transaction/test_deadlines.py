"""The heap of deadlines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.transaction.deadlines import Deadlines


def test_they_come_in_the_order_of_time_then_of_setting() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for when, item in ((3.0, "c"), (1.0, "a"), (1.0, "b"), (4.0, "d")):
        deadlines.set(when, item)
    assert deadlines.next() == 1.0
    assert list(deadlines.due(3.0)) == ["a", "b", "c"]
    assert deadlines.next() == 4.0
    assert len(deadlines) == 1


def test_a_cancelled_one_is_not_due() -> None:
    deadlines: Deadlines[str] = Deadlines()
    first = deadlines.set(1.0, "first")
    deadlines.set(2.0, "second")
    deadlines.cancel(first)
    deadlines.cancel(first)
    assert len(deadlines) == 1
    assert deadlines.next() == 2.0
    assert list(deadlines.due(5.0)) == ["second"]
    assert deadlines.next() is None


def test_what_fires_may_cancel_what_is_due_with_it() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set(1.0, "first")
    second = deadlines.set(1.0, "second")
    fired = []
    for item in deadlines.due(1.0):
        fired.append(item)
        deadlines.cancel(second)
    assert fired == ["first"]
    deadlines.cancel(second)
    assert len(deadlines) == 0


def test_what_sets_itself_anew_for_now_waits_for_the_next_call() -> None:
    deadlines: Deadlines[int] = Deadlines()
    deadlines.set(1.0, 0)
    for item in deadlines.due(1.0):
        deadlines.set(1.0, item + 1)
    assert list(deadlines.due(1.0)) == [1]


def test_shells_are_swept_even_while_others_fire() -> None:
    deadlines: Deadlines[int] = Deadlines()
    handles = [deadlines.set(float(number), number) for number in range(2_000)]
    fired = []
    for item in deadlines.due(1_999.0):
        fired.append(item)
        if item == 10:
            for handle in handles[11:1_990]:
                deadlines.cancel(handle)
            assert len(deadlines._heap) < 1_000
    assert fired == [*range(11), *range(1_990, 2_000)]
    assert len(deadlines) == 0


@given(
    st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60),
    st.floats(0, 100),
)
def test_exactly_what_is_due_and_not_cancelled_fires(
    planned: list[tuple[float, bool]], now: float
) -> None:
    deadlines: Deadlines[int] = Deadlines()
    for number, (when, is_cancelled) in enumerate(planned):
        handle = deadlines.set(when, number)
        if is_cancelled:
            deadlines.cancel(handle)
    expected = [
        number
        for number, (when, is_cancelled) in enumerate(planned)
        if when <= now and not is_cancelled
    ]
    assert list(deadlines.due(now)) == sorted(expected, key=lambda number: planned[number][0])
    later = [when for when, is_cancelled in planned if when > now and not is_cancelled]
    assert deadlines.next() == (min(later) if later else None)
