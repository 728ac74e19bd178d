"""Every arrow of the non-INVITE server transaction (RFC 3261 figure 8)."""

from __future__ import annotations

import pytest

from sipcore.transaction.events import RequestReceived
from tests.sipcore.transaction.bench_top import BenchTop, request_text, tcp


def test_a_repeated_request_is_absorbed_while_the_user_works() -> None:
    top = BenchTop()
    top.receive(request_text("OPTIONS"))
    top.receive(request_text("OPTIONS"))
    (event,) = top.events()
    assert isinstance(event, RequestReceived)
    assert top.sent() == []
    assert top.wait(31) == []


def test_a_repeated_request_gets_the_last_response() -> None:
    top = BenchTop()
    options = top.open_server("OPTIONS")
    for status in (182, 183, 200):
        top.answer(options, status)
        top.receive(request_text("OPTIONS"))
    assert top.sent_names() == ["182", "182", "183", "183", "200", "200"]
    # Timer J.
    assert top.wait(31.9) == []
    assert top.layer.server_transactions == 1
    top.wait(0.1)
    assert top.layer.server_transactions == 0


def test_a_final_response_may_be_the_first() -> None:
    top = BenchTop()
    options = top.open_server("OPTIONS")
    top.answer(options, 404)
    top.receive(request_text("OPTIONS"))
    assert top.sent_names() == ["404", "404"]


def test_other_final_responses_are_discarded() -> None:
    top = BenchTop()
    options = top.open_server("OPTIONS")
    for status in (200, 404, 100):
        top.answer(options, status)
    assert top.sent_names() == ["200"]
    assert top.layer.counters.responses_too_late == 2


def test_over_a_reliable_transport_a_final_response_ends_it() -> None:
    top = BenchTop(tcp())
    top.answer(top.open_server("OPTIONS", transport="TCP"), 200)
    assert top.layer.server_transactions == 0
    assert top.layer.next_deadline() is None


@pytest.mark.parametrize("status", [None, 183])
def test_a_request_nobody_answers_ends_with_its_client(status: int | None) -> None:
    top = BenchTop()
    options = top.open_server("OPTIONS")
    if status is not None:
        top.answer(options, status)
    top.wait(31.9)
    assert top.layer.server_transactions == 1
    top.wait(0.1)
    assert top.layer.server_transactions == 0


def test_transport_errors() -> None:
    top = BenchTop(tcp(0))
    untouched = top.open_server("OPTIONS", transport="TCP")
    for _ in range(2):  # the first one turns to a new connection
        top.layer.flow_failed(tcp(0), now=top.now)
    assert top.layer.server_transactions == 1
    top.answer(untouched, 183)
    top.layer.flow_failed(tcp(0), now=top.now)
    assert top.layer.server_transactions == 0


def test_an_icmp_error_ends_nothing() -> None:
    top = BenchTop()
    top.answer(top.open_server("OPTIONS"), 200)
    top.layer.flow_failed(top.flow, now=top.now)
    assert top.layer.server_transactions == 1
