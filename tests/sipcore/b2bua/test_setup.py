"""Setting up and giving up: ringing, answering, refusing, cancelling (RFC 3261 §9, §13)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    Append,
    Dial,
    Ended,
    Exhausted,
    Hangup,
    Probe,
    Progressed,
    Rang,
    Refuse,
    Released,
)
from tests.support.phones import Network, sdp


def test_a_call_rings_is_answered_and_ends() -> None:
    net = Network()
    net.dial()
    assert net.alice.statuses("INVITE") == []
    net.bob.ring()
    assert net.alice.statuses("INVITE") == [180]
    net.bob.answer()
    assert net.alice.finals() == [200]
    assert net.alice.last_response().body == net.bob.sdp
    assert net.bob.requests("INVITE")[0].body == net.alice.sdp
    assert len(net.bob.acks) == 1
    kinds = [type(command) for command in net.switch.commands]
    assert kinds == [Rang, Append, Answered]
    net.advance(3)
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [200]
    assert net.bob.line.is_over
    released = net.switch.said(Released)
    assert [(r.released_by, r.reason, r.status) for r in released] == [("caller", "", 200)]
    assert net.switch.said(Ended)
    net.assert_over()


def test_the_callee_may_hang_up_too() -> None:
    net = Network()
    net.connect()
    net.bob.say("BYE")
    assert net.alice.line.is_over
    assert net.switch.said(Released)[0].released_by == "callee"
    net.assert_over()


def test_the_cause_of_a_bye_crosses() -> None:
    net = Network()
    net.connect()
    net.alice.say("BYE", fields=(("reason", 'Q.850;cause=16;text="Done", X;cause=1'),))
    assert net.bob.requests("BYE")[0].value("reason") == 'Q.850;cause=16;text="Done"'
    assert net.switch.said(Released)[0].reason == 'Q.850;cause=16;text="Done"'
    net.assert_over()


def test_the_caller_sees_one_dialog_and_each_leg_its_own() -> None:
    net = Network()
    net.connect()
    tags = {r.to.tag for r in net.alice.responses if r.status > 100}
    assert len(tags) == 1
    invite = net.bob.requests("INVITE")[0]
    assert invite.call_id != net.alice.last_response().call_id
    assert invite.from_.tag != net.alice.tag


def test_a_busy_target_exhausts_its_group() -> None:
    net = Network()
    net.dial()
    net.bob.refuse(486)
    exhausted = net.switch.said(Exhausted)[0]
    assert exhausted.status == 486
    assert exhausted.response is not None
    assert exhausted.response.status == 486
    assert [(t.name, s, f) for t, s, f in exhausted.failures] == [("bob", 486, False)]
    assert net.alice.finals() == [486]
    net.assert_over()


def test_control_may_dial_again_after_a_failure() -> None:
    net = Network("bob", "carol")
    net.switch.groups = [(net.target("bob"),), (net.target("carol"),)]
    net.alice.call()
    net.bob.refuse(503)
    net.callees["carol"].answer()
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_nobody_answers_in_time() -> None:
    net = Network()
    net.dial(ring_s=20)
    net.bob.ring()
    net.advance(19.9)
    assert not net.bob.cancels
    net.advance(0.2)
    assert len(net.bob.cancels) == 1
    assert net.switch.said(Exhausted)[0].status == 480
    assert net.alice.finals() == [480]
    net.assert_over()


def test_a_silent_target_counts_as_a_timeout() -> None:
    net = Network()
    net.dial(ring_s=60)
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.advance(33)
    exhausted = net.switch.said(Exhausted)[0]
    assert exhausted.status == 408
    assert exhausted.failures[0][1:] == (None, False)
    net.assert_over()


def test_a_target_that_never_rings_before_its_time_is_a_timeout_too() -> None:
    net = Network()
    net.dial(ring_s=10)
    net.advance(10)
    assert net.switch.said(Exhausted)[0].failures[0][1:] == (None, False)
    assert net.alice.finals() == [408]
    net.assert_over()


def test_a_dead_connection_is_a_transport_failure() -> None:
    net = Network()
    net.loses = lambda source, target, _data: net.bob.address in (source, target)
    net.dial()
    net.switch.layer.flow_failed(net.switch.flow(net.bob.address), now=net.now)
    net.settle()
    exhausted = net.switch.said(Exhausted)[0]
    assert exhausted.failures[0][1:] == (503, True)
    assert exhausted.status == 500
    net.assert_over()


def test_cancel_is_answered_at_once_and_passed_on() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.alice.cancel((("reason", 'SIP;cause=200;text="Call completed elsewhere"'),))
    assert net.alice.finals() == [487]
    reason = net.bob.cancels[0].value("reason")
    assert reason == 'SIP;cause=200;text="Call completed elsewhere"'
    abandoned = net.switch.said(Abandoned)
    assert [(a.abandoned_by, a.status) for a in abandoned] == [("caller", 487)]
    net.assert_over()


def test_cancel_before_the_target_has_answered_anything_waits_for_it() -> None:
    net = Network()
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.dial()
    net.alice.cancel()
    net.advance(1)
    assert net.alice.finals() == [487]
    assert not net.bob.cancels
    net.loses = None
    net.bob.ring()
    assert len(net.bob.cancels) == 1
    net.assert_over()


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.bob.answers["CANCEL"] = None
    net.alice.cancel()
    assert net.alice.finals() == [487]
    net.bob.answer()
    assert len(net.bob.acks) == 1
    assert net.bob.line.is_over
    assert not net.switch.said(Answered)
    net.assert_over()


def test_a_target_that_ignores_cancel_is_forgotten_after_64_t1() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.bob.answers["CANCEL"] = None
    net.alice.cancel()
    net.advance(31)
    assert not net.switch.said(Ended)
    net.advance(2)
    assert net.switch.said(Ended)


def test_bye_on_an_early_dialog_gives_up_like_cancel() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.alice.say("BYE", fields=(("reason", "Q.850;cause=16"),))
    assert net.alice.finals("BYE") == [200]
    assert net.alice.finals() == [487]
    assert net.bob.cancels[0].value("reason") == "Q.850;cause=16"
    assert net.switch.said(Abandoned)[0].abandoned_by == "caller"
    net.assert_over()


def test_bye_of_a_target_on_its_early_dialog_is_a_refusal() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.bob.open_early_line()
    net.bob.say("BYE")
    assert net.bob.finals("BYE") == [200]
    assert net.alice.finals() == [480]
    net.assert_over()


def test_hangup_while_ringing_refuses_the_caller_and_cancels() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.switch.tell(Hangup("Q.850;cause=31", 503))
    assert net.alice.finals() == [503]
    assert net.alice.last_response().value("reason") == "Q.850;cause=31"
    assert net.bob.cancels[0].value("reason") == "Q.850;cause=31"
    assert net.switch.said(Abandoned)[0].abandoned_by == "switch"
    net.assert_over()


def test_refuse_says_what_control_said() -> None:
    net = Network()
    net.alice.call()
    net.switch.tell(Refuse(403, "Barred", (("warning", '399 freiton "Barred"'),)))
    response = net.alice.last_response()
    assert (response.status, response.reason) == (403, "Barred")
    assert response.value("warning") == '399 freiton "Barred"'
    net.assert_over()


def test_a_caller_that_nobody_decides_about_is_refused() -> None:
    net = Network()
    net.alice.call()
    net.switch.tell(Probe())
    net.advance(31)
    assert net.alice.finals() == []
    net.advance(2)
    assert net.alice.finals() == [500]
    assert net.switch.said(Abandoned)[0].abandoned_by == "switch"
    net.assert_over()


def test_an_empty_group_is_exhausted_at_once() -> None:
    net = Network()
    net.alice.call()
    net.switch.tell(Dial((), confirm=True))
    assert net.alice.finals() == [480]
    net.assert_over()


def test_progress_with_early_media_reaches_the_caller() -> None:
    net = Network()
    net.dial()
    net.bob.ring(183, body=sdp("bob"))
    response = net.alice.last_response()
    assert response.status == 183
    assert response.body == sdp("bob")
    assert net.switch.said(Progressed)
    net.bob.answer()
    assert {r.to.tag for r in net.alice.responses if r.status > 100} == {response.to.tag}
    net.alice.say("BYE")
    net.assert_over()


def test_a_long_ringing_caller_hears_from_us_every_minute() -> None:
    net = Network()
    net.dial(ring_s=200)
    net.bob.ring()
    net.advance(150)
    assert net.alice.statuses("INVITE") == [180, 180, 180]


def test_the_200_is_repeated_until_its_ack() -> None:
    net = Network()
    net.alice.acknowledges = False
    net.connect()
    net.advance(8)
    times = [at for at, source, _, what in net.log if source == "switch" and what == "200"]
    assert [round(at - times[0], 1) for at in times] == [0, 0.5, 1.5, 3.5, 7.5]
    net.alice.acknowledges = True
    net.advance(8)
    count = len(net.alice.finals())
    net.advance(30)
    assert len(net.alice.finals()) == count


def test_without_an_ack_both_legs_are_ended() -> None:
    net = Network()
    net.alice.acknowledges = False
    net.connect()
    net.advance(31.9)
    assert not net.bob.requests("BYE")
    net.advance(0.2)
    assert net.bob.requests("BYE")
    assert net.alice.requests("BYE")
    released = net.switch.said(Released)
    assert [(r.released_by, r.status) for r in released] == [("switch", 408)]
    net.assert_over()


def test_a_repeated_200_of_the_callee_gets_the_same_ack() -> None:
    net = Network()
    lost: list[bytes] = []

    def loses(_source: object, target: object, data: bytes) -> bool:
        if target == net.bob.address and data.startswith(b"ACK ") and len(lost) < 2:
            lost.append(data)
            return True
        return False

    net.loses = loses
    net.connect()
    net.advance(10)
    assert len(net.bob.acks) == 1
    ack = net.bob.acks[0]
    assert len(ack.values("via")) == 1
    assert ack.cseq.number == net.bob.requests("INVITE")[0].cseq.number
    net.alice.say("BYE")
    net.assert_over()


def test_bye_to_a_caller_waits_for_its_ack() -> None:
    """§15: the callee's side must not say BYE before the ACK for its 2xx."""
    net = Network()
    net.alice.acknowledges = False
    net.connect()
    net.bob.say("BYE")
    assert net.switch.said(Released)
    assert not net.alice.requests("BYE")
    net.alice.acknowledges = True
    net.advance(0.6)
    assert len(net.alice.requests("BYE")) == 1
    net.assert_over()


def test_hangup_ends_both_legs_at_once() -> None:
    net = Network()
    net.connect()
    net.switch.tell(Hangup('Q.850;cause=31;text="Credit used up"', 402))
    assert net.alice.requests("BYE")[0].value("reason") == 'Q.850;cause=31;text="Credit used up"'
    assert net.bob.requests("BYE")[0].value("reason") == 'Q.850;cause=31;text="Credit used up"'
    released = net.switch.said(Released)[0]
    assert (released.released_by, released.status) == ("switch", 402)
    net.assert_over()


def test_byes_that_cross_end_the_call_once() -> None:
    net = Network()
    net.connect()
    net.bob.send(net.bob.line.request("BYE"))
    net.alice.say("BYE")
    assert len(net.switch.said(Released)) == 1
    net.assert_over()


def test_a_phone_that_is_gone_does_not_hold_the_call() -> None:
    net = Network()
    net.connect()
    net.loses = lambda source, target, _data: net.bob.address in (source, target)
    net.alice.say("BYE")
    assert not net.switch.said(Ended)
    net.advance(33)
    assert net.switch.said(Ended)


def test_a_lossy_wire_still_carries_a_call() -> None:
    net = Network()
    seen: dict[bytes, int] = {}

    def loses(_source: object, _target: object, data: bytes) -> bool:
        seen[data] = seen.get(data, 0) + 1
        return seen[data] == 1 and not data.startswith(b"ACK ")

    net.loses = loses
    net.dial()
    net.advance(3)
    net.bob.ring()
    net.bob.answer()
    net.advance(10)
    assert 200 in net.alice.finals()
    net.alice.say("BYE")
    net.advance(10)
    assert net.bob.line.is_over
    assert len(net.switch.said(Released)) == 1


@pytest.mark.parametrize("status", [300, 302, 305])
def test_a_redirect_is_never_followed(status: int) -> None:
    net = Network()
    net.dial()
    net.bob.refuse(status, (("contact", "<sip:+49900@evil.test>"),))
    assert net.alice.finals() == [480]
    assert not net.alice.last_response().has("contact")
    net.assert_over()
