"""Reliable provisional responses: the server's table, its timing, the client's order (RFC 3262)."""

from __future__ import annotations

import itertools

import pytest

from sipcore.dialog.reliable import (
    ABSORBED,
    RSEQ_FIRST_MAX,
    TABLE,
    Action,
    Input,
    ReliableClient,
    ReliableServer,
    State,
    Verdict,
)
from sipcore.errors import LocalError

OURS = {
    # Timers run only while a response is unacknowledged, and one PRACK stops them.
    *itertools.product((State.IDLE, State.EXPIRED, State.CLOSED), (Input.REPEAT_DUE,)),
    *itertools.product((State.IDLE, State.EXPIRED, State.CLOSED), (Input.EXPIRY_DUE,)),
    # §3: a second one only after the PRACK for the first, none after a final response.
    (State.UNACKNOWLEDGED, Input.SEND),
    (State.EXPIRED, Input.SEND),
    (State.CLOSED, Input.SEND),
    # ``acknowledge`` says 481 before it comes to that.
    (State.IDLE, Input.PRACK),
}


def server(first: int = 17) -> ReliableServer:
    return ReliableServer(first_number=first, t1=0.5)


def test_every_pair_has_its_place() -> None:
    for pair in itertools.product(State, Input):
        assert (pair in TABLE) + (pair in ABSORBED) + (pair in OURS) == 1, pair


def test_numbers_count_up_by_one() -> None:
    one = server()
    numbers = []
    for _ in range(3):
        number = one.send(now=0)
        numbers.append(number)
        assert one.acknowledge(number, now=0)
    assert numbers == [17, 18, 19]


def test_the_highest_first_number_leaves_room_for_all_that_follow() -> None:
    assert server(RSEQ_FIRST_MAX).send(now=0) == 2**31 - 1


def test_it_is_repeated_with_doubling_intervals_until_its_time_is_over() -> None:
    one = server()
    one.send(now=0)
    seen: list[tuple[float, Action | None]] = []
    while (due := one.next_deadline()) is not None:
        seen.append((due, one.fire(now=due)))
    repeats = [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert seen == [*((at, Action.REPEAT) for at in repeats), (32.0, Action.GIVE_UP)]
    assert one.state is State.EXPIRED


def test_a_prack_ends_the_repeats() -> None:
    one = server()
    number = one.send(now=0)
    assert one.is_unacknowledged
    assert one.acknowledge(number, now=0.2)
    assert one.next_deadline() is None
    assert one.fire(now=100) is None


@pytest.mark.parametrize("number", [0, 16, 18, 2**32 - 1])
def test_a_prack_for_another_number_is_for_nothing(number: int) -> None:
    one = server()
    one.send(now=0)
    assert not one.acknowledge(number, now=0)
    assert one.is_unacknowledged


def test_a_second_prack_for_the_same_is_for_nothing() -> None:
    one = server()
    number = one.send(now=0)
    one.acknowledge(number, now=0)
    assert not one.acknowledge(number, now=0)


def test_no_second_one_before_the_prack_for_the_first() -> None:
    one = server()
    one.send(now=0)
    with pytest.raises(LocalError):
        one.send(now=1)


def test_after_a_final_response_nothing_is_repeated_and_a_prack_is_still_welcome() -> None:
    one = server()
    number = one.send(now=0)
    one.close(now=0.1)
    assert one.next_deadline() is None
    assert one.acknowledge(number, now=0.3)
    one.close(now=0.4)


@pytest.mark.parametrize(
    ("numbers", "verdicts"),
    [
        ((5, 6, 7), (Verdict.NEXT, Verdict.NEXT, Verdict.NEXT)),
        ((5, 5, 6), (Verdict.NEXT, Verdict.REPEATED, Verdict.NEXT)),
        ((5, 7, 6, 7), (Verdict.NEXT, Verdict.OUT_OF_ORDER, Verdict.NEXT, Verdict.NEXT)),
        ((5, 6, 5), (Verdict.NEXT, Verdict.NEXT, Verdict.REPEATED)),
    ],
)
def test_the_client_takes_numbers_in_order(
    numbers: tuple[int, ...], verdicts: tuple[Verdict, ...]
) -> None:
    client = ReliableClient()
    assert tuple(client.take(number) for number in numbers) == verdicts
