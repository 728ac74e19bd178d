"""Addresses that failed come last for a while, and are few (RFC 3263 §4.3)."""

from __future__ import annotations

from sipcore.limits import BLOCKED_HOPS_MAX
from sipcore.transport.blocked import BLOCKED_S, BlockedHops


def test_what_failed_comes_last_until_it_answers_or_time_is_over() -> None:
    blocked = BlockedHops()
    blocked.block("a", now=0.0)
    assert blocked.last("abc", now=1.0) == ("b", "c", "a")
    assert blocked.last("abc", now=BLOCKED_S) == ("a", "b", "c")
    blocked.block("b", now=40.0)
    blocked.release("b")
    assert not blocked.is_blocked("b", now=41.0)


def test_those_remembered_are_bounded_and_the_newest_stay() -> None:
    blocked = BlockedHops()
    for hop in range(BLOCKED_HOPS_MAX + 10):
        blocked.block(hop, now=0.0)
        assert len(blocked) <= BLOCKED_HOPS_MAX
    assert blocked.is_blocked(BLOCKED_HOPS_MAX + 9, now=1.0)
    blocked.block("late", now=BLOCKED_S + 1.0)
    assert len(blocked) == 1, "what is over makes room first"
