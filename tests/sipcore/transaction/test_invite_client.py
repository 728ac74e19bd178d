"""Every arrow of the INVITE client transaction (RFC 3261 figure 5, RFC 6026 §8.4)."""

from __future__ import annotations

from sipcore.message import Request
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from tests.sipcore.transaction.bench_top import BenchTop, tcp, udp


def test_repeats_with_doubled_intervals_until_timer_b() -> None:
    top = BenchTop()
    top.open_client()
    assert top.wait(31.999) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert top.events() == []
    top.wait(0.001)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert not event.is_transport_failure
    assert event.owner == ("owner",)
    assert top.layer.client_transactions == 0
    assert top.layer.counters.timeouts == 1
    assert top.layer.counters.retransmissions_sent == 6


def test_retransmissions_are_the_same_bytes() -> None:
    top = BenchTop()
    top.open_client()
    top.wait(4)
    assert len({outgoing.data for outgoing in top.layer.outgoing()}) == 1


def test_a_reliable_transport_sends_once_and_times_out_alike() -> None:
    top = BenchTop(tcp(0))
    top.open_client()
    assert top.wait(32) == []
    assert top.event_names() == ["TransactionFailed"]


def test_a_provisional_ends_retransmission_and_every_one_is_told() -> None:
    top = BenchTop()
    invite = top.open_client()
    for status in (100, 180, 180, 183):
        top.receive_answer(invite, status)
    assert top.event_names() == ["ResponseReceived"] * 4
    assert top.wait(600) == []
    assert top.layer.client_transactions == 1


def test_a_failure_is_acknowledged_and_told_once() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 486)
    top.receive_answer(invite, 486)
    (event,) = top.events()
    assert isinstance(event, ResponseReceived)
    assert event.response.status == 486
    assert top.sent_names() == ["ACK", "ACK"]
    # Timer D: 32 s over UDP.
    top.wait(31.9)
    assert top.layer.client_transactions == 1
    top.wait(0.1)
    assert top.layer.client_transactions == 0
    assert top.events() == []


def test_the_ack_for_a_failure_is_that_of_the_invite() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 180)
    top.receive_answer(invite, 404, to_tag="callee")
    (ack,) = top.sent()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert ack.uri_text == invite.uri_text
    assert ack.values("via") == invite.values("via")
    assert ack.to.tag == "callee"
    assert ack.required("from") == invite.required("from")
    assert ack.call_id == invite.call_id
    assert str(ack.cseq) == "7 ACK"
    assert ack.values("route") == invite.values("route")
    assert ack.body == b""


def test_over_a_reliable_transport_a_failure_ends_it_at_once() -> None:
    top = BenchTop(tcp(0))
    invite = top.open_client()
    top.receive_answer(invite, 486)
    assert top.sent_names() == ["ACK"]
    assert top.layer.client_transactions == 0
    assert top.layer.next_deadline() is None


def test_every_2xx_is_told_and_none_acknowledged() -> None:
    top = BenchTop()
    invite = top.open_client()
    for tag in ("one", "one", "two"):
        top.receive_answer(invite, 200, to_tag=tag)
    tags = [event.response.to.tag for event in top.events() if isinstance(event, ResponseReceived)]
    assert tags == ["one", "one", "two"]
    assert top.sent() == []
    # Timer M.
    top.wait(31.9)
    top.receive_answer(invite, 200)
    assert top.event_names() == ["ResponseReceived"]
    top.wait(0.2)
    assert top.layer.client_transactions == 0
    top.receive_answer(invite, 200)
    assert top.events() == []
    assert top.layer.counters.responses_unmatched == 1


def test_after_a_final_response_the_others_change_nothing() -> None:
    top = BenchTop()
    refused = top.open_client(owner="refused")
    top.receive_answer(refused, 486)
    answered = top.open_client(owner="answered")
    top.receive_answer(answered, 200)
    top.events()
    top.sent()
    for invite, status in ((refused, 180), (refused, 200), (answered, 180), (answered, 486)):
        top.receive_answer(invite, status)
    assert top.events() == []
    assert top.sent() == []
    assert top.layer.counters.ignored == 4


def test_a_transport_error_is_told() -> None:
    top = BenchTop()
    top.open_client()
    top.layer.flow_failed(top.flow, now=top.now)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert event.is_transport_failure
    assert top.layer.next_deadline() is None


def test_an_icmp_error_does_not_end_what_was_answered() -> None:
    top = BenchTop()
    top.receive_answer(top.open_client(), 180)
    top.events()
    top.layer.flow_failed(top.flow, now=top.now)
    assert top.events() == []


def test_a_closed_connection_ends_what_was_not_answered() -> None:
    top = BenchTop(tcp(0))
    ringing = top.open_client(owner="ringing")
    answered = top.open_client(owner="answered")
    top.receive_answer(ringing, 180)
    top.receive_answer(answered, 200)
    top.events()
    top.layer.flow_failed(top.flow, now=top.now)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert event.owner == ("ringing",)
    assert event.is_transport_failure


def test_the_error_of_another_flow_is_not_ours() -> None:
    top = BenchTop()
    top.open_client()
    top.layer.flow_failed(udp(("198.51.100.8", 5070)), now=top.now)
    assert top.events() == []


def test_cancel_waits_for_a_provisional() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.layer.cancel(("owner",), fields=[("reason", 'SIP;cause=200;text="elsewhere"')], now=top.now)
    assert top.sent() == []
    top.receive_answer(invite, 180)
    (cancel,) = top.sent()
    assert isinstance(cancel, Request)
    assert cancel.method == "CANCEL"
    assert cancel.values("via") == invite.values("via")
    assert cancel.uri_text == invite.uri_text
    assert str(cancel.cseq) == "7 CANCEL"
    assert cancel.value("reason") == 'SIP;cause=200;text="elsewhere"'
    assert cancel.values("route") == invite.values("route")
    assert cancel.to.tag is None


def test_cancel_while_it_rings_goes_at_once_and_once() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 180)
    top.events()
    top.layer.cancel(("owner",), now=top.now)
    top.layer.cancel(("owner",), now=top.now)
    (cancel,) = top.sent()
    assert isinstance(cancel, Request)
    top.receive_answer(cancel, 200)
    top.receive_answer(invite, 487)
    (event,) = top.events()
    assert isinstance(event, ResponseReceived)
    assert event.response.status == 487
    assert top.sent_names() == ["ACK"]


def test_a_cancelled_invite_without_an_answer_is_given_up() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 180)
    top.layer.cancel(("owner",), now=top.now)
    top.events()
    top.wait(31.9)
    assert top.events() == []
    top.wait(0.1)
    (event,) = top.events()
    assert isinstance(event, TransactionFailed)
    assert not event.is_transport_failure
    assert top.layer.client_transactions == 0


def test_an_answer_may_cross_the_cancel() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 180)
    top.layer.cancel(("owner",), now=top.now)
    top.receive_answer(invite, 200)
    assert top.event_names() == ["ResponseReceived", "ResponseReceived"]


def test_cancel_has_no_effect_on_what_is_over_or_unknown() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 200)
    top.layer.cancel(("owner",), now=top.now)
    top.layer.cancel(("nobody",), now=top.now)
    assert top.sent() == []


def test_a_wish_to_cancel_ends_with_a_final_response() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.layer.cancel(("owner",), now=top.now)
    top.receive_answer(invite, 486)
    assert top.sent_names() == ["ACK"]


def test_a_forgotten_invite_ends_some_day() -> None:
    top = BenchTop()
    top.receive_answer(top.open_client(), 180)
    top.events()
    top.wait(3599)
    assert top.layer.client_transactions == 1
    top.wait(1)
    assert top.event_names() == ["TransactionFailed"]
    assert top.layer.client_transactions == 0
