"""Every arrow of the non-INVITE client transaction (RFC 3261 figure 6)."""

from __future__ import annotations

import pytest

from sipcore.transaction.events import ResponseReceived, TransactionFailed
from tests.sipcore.transaction.bench_top import BenchTop, tcp


def test_repeats_up_to_t2_until_timer_f() -> None:
    top = BenchTop()
    top.open_client("OPTIONS")
    assert top.wait(31.999) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert top.events() == []
    top.wait(0.001)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert not event.is_transport_failure
    assert top.layer.client_transactions == 0


def test_a_reliable_transport_sends_once() -> None:
    top = BenchTop(tcp(0))
    top.open_client("OPTIONS")
    assert top.wait(32) == []
    assert top.event_names() == ["TransactionFailed"]


def test_after_a_provisional_it_repeats_every_t2_and_still_times_out() -> None:
    top = BenchTop()
    request = top.open_client("OPTIONS")
    top.receive_answer(request, 100)
    top.receive_answer(request, 183)
    assert top.event_names() == ["ResponseReceived", "ResponseReceived"]
    assert top.wait(32) == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert top.event_names() == ["TransactionFailed"]


@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
@pytest.mark.parametrize("is_after_provisional", [False, True])
def test_a_final_is_told_once_and_its_repeats_absorbed(
    status: int, *, is_after_provisional: bool
) -> None:
    top = BenchTop()
    request = top.open_client("MESSAGE")
    if is_after_provisional:
        top.receive_answer(request, 100)
        top.events()
    top.receive_answer(request, status)
    top.receive_answer(request, status)
    top.receive_answer(request, 100)
    (event,) = top.events()
    assert isinstance(event, ResponseReceived)
    assert event.response.status == status
    # Timer K: T4 over UDP.
    assert top.wait(4.9) == []
    assert top.layer.client_transactions == 1
    top.wait(0.1)
    assert top.layer.client_transactions == 0
    assert top.sent() == []


def test_over_a_reliable_transport_a_final_ends_it_at_once() -> None:
    top = BenchTop(tcp(0))
    top.receive_answer(top.open_client("BYE"), 200)
    assert top.layer.client_transactions == 0
    assert top.layer.next_deadline() is None


@pytest.mark.parametrize("is_after_provisional", [False, True])
def test_a_closed_connection_is_told(*, is_after_provisional: bool) -> None:
    top = BenchTop(tcp(0))
    request = top.open_client("BYE")
    if is_after_provisional:
        top.receive_answer(request, 100)
        top.events()
    top.layer.flow_failed(top.flow, now=top.now)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert event.is_transport_failure
    assert top.layer.client_transactions == 0


def test_an_icmp_error_ends_only_what_had_no_answer() -> None:
    top = BenchTop()
    top.open_client("OPTIONS", owner="silent")
    top.receive_answer(top.open_client("OPTIONS", owner="answered"), 100)
    top.events()
    top.layer.flow_failed(top.flow, now=top.now)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert event.owner == ("silent",)
