"""What a failure becomes on the other side, and the page that says so."""

from __future__ import annotations

import itertools

import pytest

from docs.render_response_mapping import PAGE, render_page
from sipcore.b2bua.best_response import choose_best_response
from sipcore.b2bua.response_mapping import (
    INVITATION,
    NO_RESPONSE,
    WITHIN_CALL,
    Mapping,
    fields_for_caller,
    status_for_caller,
    status_within_call,
)
from sipcore.message import Response
from sipcore.message.reason_phrases import REASON_PHRASES
from tests.support.phones import Network, sdp


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()


@pytest.mark.parametrize("table", [INVITATION, WITHIN_CALL])
def test_rows_do_not_overlap_and_lead_to_failures_that_cross_as_they_are(
    table: tuple[Mapping, ...],
) -> None:
    spoken_of = status_for_caller if table is INVITATION else status_within_call
    for before, after in itertools.pairwise(table):
        assert before.last < after.first
    for row in table:
        assert row.spoken in REASON_PHRASES
        assert spoken_of(row.spoken) == row.spoken


def test_no_3xx_and_no_challenge_ever_crosses() -> None:
    for status in range(300, 700):
        for spoken in (status_for_caller(status), status_within_call(status)):
            assert 400 <= spoken <= 699
            assert spoken not in (401, 407)


def failure(status: int) -> Response:
    response = Response(status, "x")
    response.add("reason", 'Q.850;cause=34;text="No circuit", X.26;cause=1')
    response.add("retry-after", "30")
    response.add("server", "Secret 1.0")
    return response


def test_the_cause_crosses_and_when_to_try_again_only_with_its_own_status() -> None:
    cause = ("reason", 'Q.850;cause=34;text="No circuit"')
    assert fields_for_caller(failure(486), 486) == (("retry-after", "30"), cause)
    assert fields_for_caller(failure(503), 500) == (cause,)
    assert fields_for_caller(failure(500), 500) == (cause,)
    assert fields_for_caller(None, 408) == ()


@pytest.mark.parametrize("row", INVITATION[1:])
def test_a_target_says_it_and_the_caller_hears_what_the_table_says(row: Mapping) -> None:
    net = Network()
    net.dial()
    net.bob.refuse(row.first)
    assert net.alice.finals() == [row.spoken]
    net.assert_over()


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
@pytest.mark.parametrize("row", WITHIN_CALL[1:])
def test_a_request_within_a_call_fails_as_the_table_says(row: Mapping, method: str) -> None:
    net = Network()
    net.connect()
    net.bob.answers[method] = row.first
    net.alice.say(method, body=sdp("alice", 2))
    assert net.alice.finals(method)[-1] == row.spoken
    net.alice.say("BYE")
    net.assert_over()


def test_silence_counts_as_what_the_tables_say() -> None:
    assert status_for_caller(NO_RESPONSE) == 408
    assert choose_best_response([status_for_caller(NO_RESPONSE), 486]) == 1
    assert status_within_call(NO_RESPONSE) == 504
