from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from freiton.metrics.histogram import LATENCY_BOUNDS_S, Histogram


def test_a_duration_on_a_bound_belongs_to_it() -> None:
    histogram = Histogram((0.001, 0.01))
    for seconds in (0.0, 0.001, 0.001_1, 0.01, 5.0):
        histogram.observe(seconds)
    assert histogram.counts == [2, 2, 1]
    assert histogram.cumulative() == [("0.001", 2), ("0.01", 4), ("+Inf", 5)]
    assert histogram.total_us == 1_000 + 1_100 + 10_000 + 5_000_000


def test_bounds_grow_and_their_labels_differ() -> None:
    assert all(low < high for low, high in pairwise(LATENCY_BOUNDS_S))
    labels = [label for label, _ in Histogram().cumulative()]
    assert len(set(labels)) == len(LATENCY_BOUNDS_S) + 1
    assert [float(label) for label in labels[:-1]] == list(LATENCY_BOUNDS_S)


@given(st.lists(st.floats(min_value=0, max_value=100)))
def test_nothing_is_lost_and_the_counts_never_fall(durations: list[float]) -> None:
    histogram = Histogram()
    for seconds in durations:
        histogram.observe(seconds)
    cumulative = [count for _, count in histogram.cumulative()]
    assert cumulative == sorted(cumulative)
    assert cumulative[-1] == len(durations)
    for bound, count in zip(LATENCY_BOUNDS_S, cumulative, strict=False):
        assert count == sum(seconds <= bound for seconds in durations)
