"""Every arrow of the INVITE server transaction (RFC 3261 figure 7, RFC 6026 §8.5)."""

from __future__ import annotations

from sipcore.message import Response
from sipcore.transaction.events import AckMissing
from tests.sipcore.transaction.bench_top import BenchTop, request_text, tcp


def test_a_100_is_sent_if_the_user_says_nothing_for_200_ms() -> None:
    top = BenchTop()
    top.open_server()
    assert top.wait(0.199) == []
    top.wait(0.002)
    (trying,) = top.sent()
    assert isinstance(trying, Response)
    assert trying.status == 100
    assert trying.to.tag is None
    assert top.wait(300) == []


def test_no_100_when_the_user_was_quicker() -> None:
    for status in (180, 200, 486):
        top = BenchTop()
        invite = top.open_server()
        top.answer(invite, status)
        assert top.sent_names() == [str(status)]
        top.receive(request_text("ACK"))
        assert top.wait(1) == []


def test_a_repeated_invite_gets_the_last_provisional() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.receive(request_text())
    top.answer(invite, 180)
    top.receive(request_text())
    top.answer(invite, 183)
    top.receive(request_text())
    assert top.sent_names() == ["100", "180", "180", "183", "183"]
    assert top.events() == []
    assert top.layer.counters.retransmissions_absorbed == 3


def test_a_failure_repeats_until_the_ack() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.answer(invite, 486)
    assert top.wait(12) == [0.5, 1.5, 3.5, 7.5, 11.5]
    top.receive(request_text())  # gets the response once more
    assert top.sent_names() == ["486"] * 7
    top.receive(request_text("ACK"))
    assert top.wait(4.9) == []
    assert top.layer.server_transactions == 1
    top.receive(request_text("ACK"))
    top.receive(request_text())
    assert top.sent() == []
    # Timer I.
    top.wait(0.1)
    assert top.layer.server_transactions == 0
    assert top.events() == []


def test_an_ack_that_never_comes_is_told() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.answer(invite, 486)
    assert top.wait(31.999) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert top.events() == []
    top.wait(0.001)
    (event,) = top.events()
    assert isinstance(event, AckMissing)
    assert event.transaction == invite
    assert top.layer.server_transactions == 0


def test_over_a_reliable_transport_a_failure_is_sent_once_and_the_ack_ends_it() -> None:
    top = BenchTop(tcp())
    invite = top.open_server(transport="TCP")
    top.answer(invite, 486)
    assert top.wait(31) == []
    top.receive(request_text("ACK", transport="TCP"))
    assert top.layer.server_transactions == 0
    assert top.layer.next_deadline() is None


def test_over_a_reliable_transport_timer_h_runs_as_well() -> None:
    top = BenchTop(tcp())
    top.answer(top.open_server(transport="TCP"), 486)
    top.wait(32)
    assert top.event_names() == ["AckMissing"]


def test_a_2xx_is_repeated_by_the_user_alone() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.answer(invite, 200)
    assert top.wait(20) == []
    top.receive(request_text())  # absorbed, since the user repeats its 2xx
    assert top.sent_names() == ["200"]
    top.answer(invite, 200)
    assert top.sent_names() == ["200"]
    # Timer L.
    top.wait(12)
    assert top.layer.server_transactions == 0
    assert top.events() == []
    top.answer(invite, 200)
    assert top.sent() == []
    assert top.layer.counters.responses_too_late == 1


def test_an_ack_with_the_branch_of_its_invite_reaches_the_user() -> None:
    top = BenchTop()
    top.answer(top.open_server(), 200)
    top.receive(request_text("ACK"))
    top.receive(request_text("ACK"))
    assert top.event_names() == ["AckReceived", "AckReceived"]
    assert top.layer.server_transactions == 1


def test_an_ack_before_any_final_response_is_ignored() -> None:
    top = BenchTop()
    top.open_server()
    top.receive(request_text("ACK"))
    assert top.events() == []
    assert top.layer.counters.ignored == 1


def test_the_first_final_response_counts() -> None:
    for first, others in ((486, (180, 200, 603)), (200, (180, 486))):
        top = BenchTop()
        invite = top.open_server()
        top.answer(invite, first)
        for status in others:
            top.answer(invite, status)
        assert top.sent_names() == [str(first)]
        assert top.layer.counters.responses_too_late == len(others)
    top = BenchTop()
    invite = top.open_server()
    top.answer(invite, 486)
    top.receive(request_text("ACK"))
    top.sent()
    for status in (180, 200, 603):
        top.answer(invite, status)
    assert top.sent() == []


def test_a_closed_connection_is_opened_anew_for_the_response() -> None:
    top = BenchTop(tcp(9, ("198.51.100.7", 41234)))
    invite = top.open_server(transport="TCP")
    top.layer.flow_failed(top.flow, now=top.now)
    top.answer(invite, 200)
    (flow,) = top.flows()
    # The port of sent-by at the source address (§18.2.2).
    assert flow == tcp(0, ("198.51.100.7", 5070))
    # When that fails too, the machine stays: the INVITE may come again over a third.
    top.layer.flow_failed(flow, now=top.now)
    assert top.layer.server_transactions == 1
    assert top.events() == []


def test_a_transport_error_changes_no_state() -> None:
    for statuses in ((), (486,), (200,)):
        top = BenchTop(tcp(0))
        invite = top.open_server(transport="TCP")
        for status in statuses:
            top.answer(invite, status)
        top.sent()
        top.layer.flow_failed(top.flow, now=top.now)
        top.layer.flow_failed(tcp(0), now=top.now)
        assert top.layer.server_transactions == 1
    top = BenchTop()
    top.answer(top.open_server(), 486)
    top.receive(request_text("ACK"))
    top.layer.flow_failed(top.flow, now=top.now)
    assert top.layer.server_transactions == 1


def test_a_forgotten_invite_ends_some_day() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.wait(3600)
    assert top.layer.server_transactions == 0
    top.sent()
    top.answer(invite, 200)
    assert top.sent() == []
