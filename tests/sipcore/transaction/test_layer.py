"""What the layer does around its machines: matching, CANCEL, limits, ways, memory."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from sipcore.errors import LocalError, RemoteError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import Request, Response
from sipcore.message.derive import respond
from sipcore.transaction.events import AckReceived, CancelReceived, RequestReceived
from tests.sipcore.transaction.bench_top import (
    BenchTop,
    parsed,
    request_text,
    tcp,
    udp,
)


def top_response(top: BenchTop) -> Response:
    (response,) = top.sent()
    assert isinstance(response, Response)
    return response


# Matching (§17.1.3, §17.2.3)


@pytest.mark.parametrize(
    "changes",
    [
        {"branch": "z9hG4bKother"},
        {"sent_by": "198.51.100.7:5071"},
        {"sent_by": "198.51.100.8:5070"},
    ],
)
def test_another_branch_or_sent_by_is_another_transaction(changes: dict[str, str]) -> None:
    top = BenchTop()
    first = top.open_server("OPTIONS")
    second = top.open_server("OPTIONS", **changes)
    assert first != second
    assert top.layer.server_transactions == 2


def test_another_method_is_another_transaction() -> None:
    top = BenchTop()
    assert top.open_server("OPTIONS") != top.open_server("MESSAGE")


def test_a_branch_used_again_under_another_cseq_is_no_repeat() -> None:
    """aiosip answers a challenge so; its ACK and CANCEL still find the INVITE by their CSeq."""
    top = BenchTop()
    first = top.open_server("REGISTER")
    top.answer(first, 401)
    top.receive(request_text("REGISTER").replace("CSeq: 3", "CSeq: 4"))
    (event,) = (one for one in top.events() if isinstance(one, RequestReceived))
    assert event.transaction != first


@pytest.mark.parametrize("branch", ["1234", "z9hG4b", "z9hG4bK"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "ACK", "CANCEL"])
def test_a_request_of_rfc_2543_is_refused(branch: str, method: str) -> None:
    top = BenchTop()
    with pytest.raises(RemoteError) as caught:
        top.receive(request_text(method, branch=branch))
    assert caught.value.status_hint == 400
    assert top.layer.server_transactions == 0


@pytest.mark.parametrize(
    "text",
    [
        request_text("OPTIONS", cseq_method="INVITE"),
        request_text("OPTIONS").replace("To: ", "To: <"),
        request_text("OPTIONS").replace("CSeq: 3", "CSeq: x"),
        request_text("OPTIONS").replace("Call-ID: call-of-peer\n", ""),
        request_text("OPTIONS", extra="From: <sip:eve@h>;tag=1\n"),
        request_text("OPTIONS").replace("SIP/2.0/UDP", "SIP/2.0/"),
    ],
)
def test_a_request_without_what_every_request_needs_is_refused(text: str) -> None:
    top = BenchTop()
    with pytest.raises(RemoteError):
        top.receive(text)
    assert top.layer.server_transactions == 0
    assert top.events() == []


def test_a_stray_response_is_dropped() -> None:
    top = BenchTop()
    request = top.open_client("OPTIONS")
    stray = respond(request, 200, to_tag="x")
    via = request.via
    for changed in (
        f"SIP/2.0/UDP 192.0.2.1:5060;branch={via.branch}x",
        f"SIP/2.0/UDP 192.0.2.9:5060;branch={via.branch}",
        f"SIP/2.0/UDP 192.0.2.1:5061;branch={via.branch}",
    ):
        fields = [(key, changed if key == "via" else value) for key, value in stray.fields]
        top.receive(Response(200, "OK", fields))
    fields = [(key, "7 MESSAGE" if key == "cseq" else value) for key, value in stray.fields]
    top.receive(Response(200, "OK", fields))
    assert top.events() == []
    assert top.layer.counters.responses_unmatched == 4
    assert top.layer.client_transactions == 1


def test_a_response_may_come_over_another_flow() -> None:
    top = BenchTop()
    request = top.open_client("OPTIONS")
    top.receive(respond(request, 200, to_tag="x"), udp(("203.0.113.1", 5060)))
    assert top.event_names() == ["ResponseReceived"]


def test_a_malformed_response_is_no_answer() -> None:
    top = BenchTop()
    request = top.open_client("OPTIONS")
    response = respond(request, 200)
    response.fields = [(key, "<" if key == "to" else value) for key, value in response.fields]
    with pytest.raises(RemoteError):
        top.receive(Response(200, "OK", response.fields))
    assert top.events() == []


def test_vias_below_ours_stay() -> None:
    top = BenchTop()
    request = Request(
        "OPTIONS",
        "sip:bob@h",
        [
            ("via", "SIP/2.0/UDP upstream;branch=z9hG4bKup"),
            ("from", "<sip:a@h>;tag=1"),
            ("to", "<sip:b@h>"),
            ("call-id", "c"),
            ("cseq", "1 OPTIONS"),
        ],
    )
    top.layer.request(request, top.flow, owner=("proxy",), now=top.now)
    (sent,) = top.sent()
    assert sent.values("via") == [
        "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1",
        "SIP/2.0/UDP upstream;branch=z9hG4bKup",
    ]
    top.receive(respond(request, 200, to_tag="x"))
    assert top.event_names() == ["ResponseReceived"]


# Ways (§18.2, RFC 3581)


def test_the_response_goes_back_the_way_of_the_request() -> None:
    top = BenchTop(udp(("203.0.113.9", 40000)))
    top.answer(top.open_server("OPTIONS", via_parameters=";rport"), 200)
    assert top.flows() == [udp(("203.0.113.9", 40000))]
    assert top.request.via.received == "203.0.113.9"
    assert top.request.via.rport == 40000


def test_without_rport_it_goes_to_the_port_of_sent_by() -> None:
    top = BenchTop(udp(("203.0.113.9", 40000)))
    top.answer(top.open_server("OPTIONS"), 200)
    assert top.flows() == [udp(("203.0.113.9", 5070))]


# ACK and CANCEL


def test_an_ack_for_a_2xx_belongs_to_no_transaction() -> None:
    top = BenchTop()
    top.answer(top.open_server(), 200)
    top.receive(request_text("ACK", branch="z9hG4bKack"))
    (event,) = top.events()
    assert isinstance(event, AckReceived)
    assert event.flow == top.flow


def test_the_ack_we_send_has_a_branch_of_its_own_and_no_transaction() -> None:
    top = BenchTop()
    invite = top.open_client()
    top.receive_answer(invite, 200)
    ack = Request("ACK", "sip:bob@198.51.100.7", [("cseq", "7 ACK")])
    top.layer.send_ack(ack, top.flow, now=top.now)
    (sent,) = top.sent()
    assert sent.via.branch not in (None, invite.via.branch)
    assert top.layer.client_transactions == 1


def test_cancel_is_answered_and_told_while_the_invite_is_open() -> None:
    top = BenchTop()
    invite = top.open_server()
    top.receive(request_text("CANCEL"))
    top.receive(request_text("CANCEL"))
    (event,) = top.events()
    assert isinstance(event, CancelReceived)
    assert event.transaction == invite
    assert top.sent_names() == ["200", "200"]
    top.answer(invite, 487)
    assert top.sent_names() == ["487"]


def test_the_200_for_a_cancel_carries_the_tag_of_the_invites_responses() -> None:
    top = BenchTop()
    top.answer(top.open_server(), 180)
    top.sent()
    top.receive(request_text("CANCEL"))
    response = top_response(top)
    assert response.to.tag == "ours"
    assert str(response.cseq) == "3 CANCEL"


@pytest.mark.parametrize("status", [200, 486])
def test_a_cancel_after_the_final_response_has_no_effect(status: int) -> None:
    top = BenchTop()
    top.answer(top.open_server(), status)
    top.sent()
    top.receive(request_text("CANCEL"))
    assert top_response(top).status == 200
    assert top.events() == []


def test_a_cancel_for_nothing_gets_481() -> None:
    top = BenchTop()
    top.receive(request_text("CANCEL"))
    response = top_response(top)
    assert response.status == 481
    assert response.to.tag is not None
    assert top.events() == []


def test_a_cancel_of_somebody_else_does_not_match() -> None:
    top = BenchTop()
    top.open_server()
    top.receive(request_text("CANCEL", sent_by="203.0.113.66:5060"))
    assert top_response(top).status == 481
    assert top.events() == []


# Misuse


def test_ack_and_cancel_are_no_requests_of_the_user() -> None:
    top = BenchTop()
    for method in ("ACK", "CANCEL"):
        with pytest.raises(LocalError):
            top.layer.request(Request(method, "sip:h"), top.flow, owner=("x",), now=top.now)


def test_an_owner_has_one_open_invite() -> None:
    top = BenchTop()
    invite = top.open_client()
    with pytest.raises(LocalError):
        top.open_client()
    top.open_client("OPTIONS")  # any number of these
    top.open_client("OPTIONS")
    top.receive_answer(invite, 200)
    top.open_client()


def test_an_owner_may_send_other_requests_beside_its_invite() -> None:
    top = BenchTop()
    invite = top.open_client()
    options = top.open_client("OPTIONS")
    top.receive_answer(options, 200)
    top.receive_answer(invite, 180)
    top.layer.cancel(("owner",), now=top.now)
    assert top.sent_names() == ["CANCEL"]


# Limits

SMALL = replace(DEFAULT_LIMITS, server_transactions_max=2, server_transactions_reserve=2)


def crowded() -> BenchTop:
    top = BenchTop(limits=SMALL, is_emergency=lambda request: "112" in request.uri_text)
    for number in range(2):
        top.open_server("OPTIONS", branch=f"z9hG4bKcrowd{number}")
    return top


def test_beyond_the_limit_new_requests_get_503_and_leave_nothing() -> None:
    top = crowded()
    top.receive(request_text("OPTIONS", branch="z9hG4bKmore"))
    response = top_response(top)
    assert response.status == 503
    assert 5 <= int(response.required("retry-after")) <= 30
    assert top.layer.server_transactions == 2
    assert top.events() == []
    assert top.layer.counters.overload_refusals == 1
    # Its ACK would be passed up as one for a 2xx; a stateless refusal gets the same tag again.
    top.receive(request_text("OPTIONS", branch="z9hG4bKmore"))
    assert top_response(top).to.tag == response.to.tag


@pytest.mark.parametrize(
    "text",
    [
        request_text("BYE", to="<sip:alice@192.0.2.1>;tag=ours"),
        request_text("INVITE", to="<sip:alice@192.0.2.1>;tag=ours"),
        request_text("CANCEL", branch="z9hG4bKmore"),
        request_text("INVITE").replace("sip:alice@", "sip:112@"),
    ],
)
def test_calls_that_stand_and_emergencies_pass_the_limit(text: str) -> None:
    top = crowded()
    top.receive(text)
    assert top.layer.counters.overload_refusals == 0
    assert top.layer.server_transactions == 3


def test_even_these_end_at_the_reserve() -> None:
    top = crowded()
    for number in range(3):
        top.receive(request_text("BYE", branch=f"z9hG4bK{number}", to="<sip:a@h>;tag=x"))
    assert top.layer.server_transactions == 4
    assert top.layer.counters.overload_refusals == 1


STRANGERS = replace(SMALL, server_transactions_strangers_max=1)


@pytest.mark.parametrize(
    ("text", "is_served"),
    [
        (request_text("OPTIONS"), False),
        (request_text("BYE", to="<sip:alice@192.0.2.1>;tag=made-up"), False),
        (request_text("CANCEL", branch="z9hG4bKnothing"), False),
        (request_text("CANCEL", branch="z9hG4bKopen"), True),
        (request_text("INVITE").replace("sip:alice@", "sip:112@"), True),
    ],
)
def test_strangers_have_a_part_of_the_places(text: str, *, is_served: bool) -> None:
    top = BenchTop(limits=STRANGERS, is_emergency=lambda request: "112" in request.uri_text)
    top.open_server("INVITE", branch="z9hG4bKopen")
    top.layer.is_expected = lambda _request, _flow: False
    top.receive(text)
    assert top.layer.server_transactions == 1 + is_served
    assert top.layer.counters.overload_refusals == (not is_served)


def test_the_rest_of_them_is_for_registered_phones() -> None:
    top = BenchTop(limits=STRANGERS)
    top.open_server("OPTIONS", branch="z9hG4bKstranger")
    top.layer.is_expected = lambda _request, _flow: True
    top.receive(request_text("OPTIONS"))
    assert top.layer.server_transactions == 2


def test_the_reserve_is_not_for_calls_for_help_of_strangers() -> None:
    top = crowded()
    top.layer.is_expected = lambda _request, _flow: False
    top.receive(request_text("INVITE").replace("sip:alice@", "sip:112@"))
    assert top.layer.counters.overload_refusals == 1


def test_acks_and_repeats_pass_any_limit() -> None:
    top = crowded()
    top.receive(request_text("ACK", branch="z9hG4bKack"))
    top.receive(request_text("OPTIONS", branch="z9hG4bKcrowd0"))
    assert top.event_names() == ["AckReceived"]
    assert top.layer.counters.overload_refusals == 0


# Counting


def test_messages_are_counted_by_method_and_status() -> None:
    top = BenchTop()
    top.answer(top.open_server("OPTIONS"), 200)
    top.open_server("FROBNICATE", branch="z9hG4bK2")
    top.receive_answer(top.open_client(), 486)
    counters = top.layer.counters
    assert counters.requests_received["OPTIONS"] == 1
    assert counters.requests_received["other"] == 1
    assert counters.responses_sent == {200: 1}
    assert counters.requests_sent["INVITE"] == 1
    assert counters.requests_sent["ACK"] == 1
    assert counters.responses_received == {486: 1}


def test_respond_statelessly_keeps_nothing_and_never_answers_an_ack() -> None:
    top = BenchTop()
    for method in ("OPTIONS", "ACK"):
        request = parsed(request_text(method))
        assert isinstance(request, Request)
        top.layer.respond_statelessly(request, respond(request, 503), top.flow)
    assert top.sent_names() == ["503"]
    assert top.layer.server_transactions == 0


# Memory


def test_transactions_leave_no_cycle_and_nothing_behind() -> None:
    top = BenchTop()
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            one_of_everything(top, str(number))
        top.wait(4000)
        assert gc.collect() == 0
    finally:
        gc.enable()
    layer = top.layer
    assert layer.client_transactions == layer.server_transactions == 0
    assert layer.next_deadline() is None
    assert layer._invites == {}
    assert layer._by_flow == {}
    assert len(layer._outputs.deadlines._heap) == 0


def test_a_request_is_let_go_when_it_is_answered() -> None:
    top = BenchTop()
    options = top.open_server("OPTIONS")
    server = top.layer._servers[options]
    assert server._request is top.request
    top.answer(options, 200)
    assert server._request is None


def one_of_everything(top: BenchTop, number: str) -> None:
    for status in (200, 486):
        branch = f"z9hG4bK{number}-{status}"
        top.answer(top.open_server(branch=branch), status)
        top.receive(request_text("ACK", branch=branch))
        invite = top.open_client(owner=f"{number}-{status}")
        top.receive_answer(invite, 180)
        top.layer.cancel((f"{number}-{status}",), now=top.now)
        top.receive_answer(invite, status)
        top.events()
    top.flow = tcp(0)
    top.open_client(owner=f"{number}-closed")
    top.open_server("OPTIONS", branch=f"z9hG4bK{number}-closed", transport="TCP")
    top.layer.flow_failed(top.flow, now=top.now)
    top.flow = udp()
    top.open_client("OPTIONS", owner=f"{number}-silent")
    top.events()
    top.sent()
    del top.request


def test_the_request_is_passed_once_with_its_flow() -> None:
    top = BenchTop()
    top.receive(request_text())
    (event,) = top.events()
    assert isinstance(event, RequestReceived)
    assert event.flow == top.flow
    assert top.events() == []
