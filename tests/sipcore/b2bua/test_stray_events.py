"""Events that come late, twice or from nowhere change nothing."""

from __future__ import annotations

import pytest

from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.call_events import (
    Appended,
    AppendFailed,
    CallEvent,
    DeadlineReached,
    Dial,
    Ended,
    Hangup,
    Probe,
    Proven,
    Refuse,
    SendAck,
    SendResponse,
)
from sipcore.message import Request, Response
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)
from tests.support.phones import Line, Network, sdp


def ringing() -> Network:
    net = Network()
    net.dial()
    net.bob.ring()
    net.bob.open_early_line()
    return net


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("OPTIONS", b"", 200),
        ("UPDATE", b"", 200),
        ("UPDATE", sdp("bob"), 491),
        ("INVITE", sdp("bob"), 491),
        ("INFO", b"5", 491),
        ("MESSAGE", b"5", 491),
        ("REFER", b"", 491),
    ],
)
def test_a_ringing_target_is_answered_by_us(method: str, body: bytes, status: int) -> None:
    net = ringing()
    net.bob.say(method, body=body)
    assert net.bob.finals(method) == [status]
    assert "UPDATE" in (net.bob.last_response(method).value("allow") or "")
    assert not net.alice.received
    net.bob.lines.clear()
    net.bob.answer()
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_a_second_bye_of_a_ringing_target_is_answered_too() -> None:
    net = Network("bob", "carol")
    net.dial()
    bob = net.callees["bob"]
    bob.ring()
    bob.answers["CANCEL"] = None
    bob.open_early_line()
    bob.say("BYE")
    bob.say("BYE")
    assert bob.finals("BYE") == [200, 200]
    assert len(bob.cancels) == 1


def owners(net: Network) -> list[tuple[str | int, ...]]:
    call_id = net.switch.call.call_id
    return [(call_id, 1, 1), (call_id, 1, 99), (call_id, 77, 1), (call_id, 0, 5)]


def response_to(net: Network, status: int, owner: tuple[str | int, ...]) -> ResponseReceived:
    invite = net.bob.requests("INVITE")[0]
    response = Response(status, "x")
    for key in ("from", "to", "call-id", "cseq"):
        response.add(key, invite.required(key))
    return ResponseReceived(("x",), owner, invite, response, net.switch.flow(net.bob.address))


@pytest.mark.parametrize("status", [100, 180, 200, 407, 422, 500])
def test_responses_for_a_leg_that_never_was(status: int) -> None:
    net = ringing()
    event = response_to(net, status, owners(net)[2])
    assert net.switch.call.step(event, now=net.now) == []


@pytest.mark.parametrize("status", [407, 422, 500, 603])
def test_a_failure_of_an_invite_that_was_sent_again_since(status: int) -> None:
    net = ringing()
    event = response_to(net, status, owners(net)[1])
    assert net.switch.call.step(event, now=net.now) == []


@pytest.mark.parametrize("status", [100, 180, 407, 422, 500])
def test_responses_for_a_request_that_was_given_up(status: int) -> None:
    net = ringing()
    event = response_to(net, status, owners(net)[3])
    assert net.switch.call.step(event, now=net.now) == []


def test_the_2xx_of_an_invite_that_was_given_up_has_its_ack() -> None:
    net = ringing()
    commands = net.switch.call.step(response_to(net, 200, owners(net)[3]), now=net.now)
    assert [type(command) for command in commands] == [SendAck]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_failures_for_nobody(place: int) -> None:
    net = ringing()
    event = TransactionFailed(
        ("x",), owners(net)[place], net.bob.requests("INVITE")[0], is_transport_failure=True
    )
    assert net.switch.call.step(event, now=net.now) == []
    net.bob.lines.clear()
    net.bob.answer()
    assert net.alice.finals() == [200]


def test_an_ack_and_a_cancel_for_nobody() -> None:
    net = Network()
    net.connect()
    stranger = Line("c", "<sip:x@y>;tag=1", "<sip:z@y>;tag=2", "sip:a@b").build("ACK", 100)
    flow = net.switch.flow(net.alice.address)
    broken = Request("ACK", "sip:x@y")
    known = net.alice.line.build("ACK", 999)
    for event in (
        AckReceived(stranger, flow),
        AckReceived(broken, flow),
        AckReceived(known, flow),
        CancelReceived(("nowhere",), stranger),
        AckMissing(("nowhere",)),
    ):
        assert net.switch.call.step(event, now=net.now) == []


def test_after_the_end_a_call_is_deaf() -> None:
    net = Network()
    net.connect()
    call = net.switch.call
    net.alice.say("BYE")
    assert net.switch.said(Ended)
    events: list[CallEvent] = [
        *net.switch.history,
        Dial((net.target("bob"),), confirm=True),
        Refuse(486),
        Appended(),
        AppendFailed(),
        Hangup(),
        Probe(),
        DeadlineReached(),
    ]
    for event in events:
        commands = call.step(event, now=net.now)
        if isinstance(event, RequestReceived):
            assert [c.response.status for c in commands if isinstance(c, SendResponse)] == [481]
        else:
            assert commands == []
    assert call.next_deadline() is None
    assert call.dialog_ids() == set()


def test_a_probe_of_a_refused_call_that_still_waits_is_dead() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.bob.answers["CANCEL"] = None
    net.switch.tell(Refuse(486))
    net.switch.tell(Probe())
    assert [p.is_alive for p in net.switch.said(Proven)] == [False]


def test_an_old_2xx_does_not_disturb_the_ack_of_a_newer_one() -> None:
    net = Network()
    net.connect()
    old = next(
        e for e in net.switch.history if isinstance(e, ResponseReceived) and e.response.is_success
    )
    net.alice.acknowledges = False
    net.alice.say("INVITE", body=b"")
    acks = len(net.bob.acks)
    net.switch.tell(old)
    assert len(net.bob.acks) == acks + 1
    net.alice.acknowledges = True
    net.advance(1)
    assert net.bob.acks[-1].body == net.alice.sdp


def test_a_malformed_allow_allows_no_update() -> None:
    net = Network()
    net.bob.allow = '"INVITE, UPDATE'
    net.connect()
    net.alice.say("UPDATE", body=sdp("alice", 2))
    assert not net.bob.requests("UPDATE")
    assert net.alice.finals("UPDATE") == [200]


def test_a_phone_without_allow_gets_no_update() -> None:
    net = Network()
    net.connect()
    leg = net.switch.call._bridge.callee
    assert leg is not None
    leg.allows_update = False
    leg.learn(Response(200, "OK"))
    assert not leg.allows_update


def test_bodies_are_equal_by_content_and_type() -> None:
    kind = (("content-type", "application/sdp"),)
    assert Body(b"v=0", kind) == Body(b"v=0", kind)
    assert len({Body(b"v=0", kind), Body(b"v=0", kind)}) == 1
    assert Body(b"v=0", kind) != Body(b"v=0", (("content-type", "text/plain"),))
    assert Body(b"v=0", kind) != b"v=0"
    assert not NO_BODY.has_sdp


@pytest.mark.parametrize(
    ("content_type", "content", "has_sdp"),
    [
        ("application/sdp", b"v=0", True),
        ("Application / SDP ;x=y", b"v=0", True),
        ("multipart/mixed;boundary=b", b"--b\r\nContent-Type: Application/SDP\r\n", True),
        ("multipart/mixed;boundary=b", b"--b\r\nContent-Type: text/plain\r\n", False),
        ("text/plain", b"application/sdp", False),
    ],
)
def test_what_counts_as_sdp(content_type: str, content: bytes, has_sdp: bool) -> None:
    assert Body(content, (("content-type", content_type),)).has_sdp is has_sdp


def test_an_answer_from_below_a_fork_that_comes_behind_the_end_is_ended() -> None:
    """§13.2.2.4: every 2xx is acknowledged for 64·T1, also when its call is long over."""
    net = Network()
    net.bob.supports = "100rel"
    net.dial()
    # A PRACK, so that this dialog has used more numbers than its INVITE's.
    net.bob.ring_reliably(tag="late")
    net.bob.answer(tag="first")
    net.alice.say("BYE")
    assert net.switch.calls == {}
    net.advance(10)
    net.bob.answer(tag="late")
    assert [line.is_over for line in net.bob.lines] == [True, True]
    assert len([ack for ack in net.bob.acks if ack.to.tag == "late"]) == 1
    net.assert_over()


def test_a_bye_with_an_old_number_does_not_end_a_call_that_rings() -> None:
    """§12.2.2 holds for an early dialog too."""
    net = Network()
    net.alice.supports = net.bob.supports = "100rel"
    net.dial()
    net.bob.ring_reliably(183, body=sdp("bob"))
    line = net.alice.line
    line.cseq -= 1  # the number of its PRACK
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [500]
    assert net.alice.finals() == []
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [500, 200]
    assert net.alice.finals() == [487]
    net.assert_over()
