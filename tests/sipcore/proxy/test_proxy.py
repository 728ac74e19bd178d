"""What comes back: RFC 3261 §16.7."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.message.message import Response
from sipcore.proxy import Proxy
from sipcore.proxy.response_context import choose_best_response
from sipcore.transaction.commands import SendRequest
from tests.sipcore.proxy.builders import (
    FIRST,
    FOURTH,
    SECOND,
    THIRD,
    answer,
    failure,
    forward,
    message,
    proxy,
    response,
    sent,
    take,
)


def under_way(targets: int = 2) -> tuple[Proxy, list[SendRequest]]:
    core = proxy()
    return core, sent(forward(core, message(), [FIRST, SECOND, THIRD, FOURTH][:targets]))


def test_the_first_2xx_answers_at_once_and_the_others_are_kept_quiet() -> None:
    core, (first, second) = under_way()
    result = answer(take(core, response(second, 202, fields=(("server", "Phone"),))))
    assert (result.status, result.reason, result.to.tag) == (202, "Accepted", "t202")
    assert result.values("via") == message().values("via")
    assert (result.value("server"), result.call_id, str(result.cseq)) == ("Phone", "a", "7 MESSAGE")
    assert core.context_count == 1
    assert take(core, response(first, 200)) == []
    assert core.context_count == 0


def test_provisional_responses_stay_here() -> None:
    core, (first,) = under_way(1)
    assert take(core, response(first, 100)) == []
    assert take(core, response(first, 183)) == []
    assert answer(take(core, response(first, 200))).status == 200


def test_the_best_answers_when_all_have_ended() -> None:
    core, (first, second) = under_way()
    assert take(core, response(first, 404)) == []
    assert answer(take(core, response(second, 302))).status == 302


def test_a_6xx_waits_for_a_2xx() -> None:
    core, (first, second) = under_way()
    assert take(core, response(first, 603)) == []
    assert answer(take(core, response(second, 200))).status == 200
    core, (first, second) = under_way()
    take(core, response(first, 603))
    assert answer(take(core, response(second, 404))).status == 603


def test_silence_is_a_408() -> None:
    core, (first, second) = under_way()
    assert take(core, failure(first)) == []
    result = answer(take(core, failure(second)))
    assert (result.status, result.to.tag) == (408, "tag1")
    assert core.context_count == 0


def test_one_answer_is_better_than_silence() -> None:
    core, (first, second) = under_way()
    take(core, failure(first))
    assert answer(take(core, response(second, 404))).status == 404


@pytest.mark.parametrize("is_transport_failure", [True, False])
def test_a_503_of_a_target_is_a_500_of_ours(*, is_transport_failure: bool) -> None:
    core, (first,) = under_way(1)
    event = (
        failure(first, is_transport_failure=True)
        if is_transport_failure
        else response(first, 503, fields=(("retry-after", "3600"),))
    )
    result = answer(take(core, event))
    assert result.status == 500
    assert not result.has("retry-after")


def test_events_of_strangers_are_ignored() -> None:
    core, (first,) = under_way(1)
    take(core, response(first, 404))
    assert take(core, response(first, 200)) == []
    assert take(core, failure(first)) == []


def test_identity_of_the_target_does_not_pass() -> None:
    core, (first,) = under_way(1)
    fields = (("p-asserted-identity", "<sip:ben@example.org>"), ("x-secret", "1"), ("warning", "w"))
    result = answer(take(core, response(first, 404, fields=fields)))
    assert not result.has("p-asserted-identity")
    assert not result.has("x-secret")
    assert result.value("warning") == "w"


def test_a_response_without_a_readable_to_passes_with_ours() -> None:
    core, (first,) = under_way(1)
    event = response(first, 404)
    event.response = Response(404, "Not Found", [("to", "<sip:broken")])
    assert answer(take(core, event)).required("to") == "<sip:ben@example.org>"


def test_challenges_of_all_targets_are_collected() -> None:
    core, (first, second) = under_way()
    take(core, response(first, 401, fields=(("www-authenticate", 'Digest realm="a"'),)))
    event = response(second, 407, fields=(("proxy-authenticate", 'Digest realm="b"'),))
    result = answer(take(core, event))
    assert result.status == 401
    assert result.values("www-authenticate") == ['Digest realm="a"']
    assert result.values("proxy-authenticate") == ['Digest realm="b"']


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ((404, 486), {404, 486}),
        ((404, 407, 501, 503), {407}),
        ((500, 404), {404}),
        ((302, 404), {302}),
        ((603, 302), {603}),
        ((503, 500), {500}),
        ((480, 484), {484}),
        ((503,), {None}),
        ((503, 503), {None}),
    ],
)
def test_best_response_in_any_order(statuses: tuple[int, ...], best: set[int | None]) -> None:
    for order in permutations(statuses):
        chosen = choose_best_response([Response(status, "") for status in order])
        assert (None if chosen is None else chosen.status) in best


EVENTS = st.sampled_from([100, 180, 200, 302, 404, 503, 600, 0, -1])


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 3), EVENTS), max_size=30))
def test_exactly_one_final_response_and_nothing_left_behind(
    targets: int, steps: list[tuple[int, int]]
) -> None:
    core, commands = under_way(targets)
    answers = []
    endings = [(index, -1) for index in range(targets)]
    for index, status in [*steps, *endings]:
        command = commands[index % targets]
        if status > 0:
            answers += take(core, response(command, status))
        else:
            answers += take(core, failure(command, is_transport_failure=status == 0))
    assert len(answers) == 1
    assert core.context_count == 0
    assert core.next_deadline() is None
