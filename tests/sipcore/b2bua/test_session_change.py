"""re-INVITE and UPDATE through the switch: hold, glare, failure, late offer (§14, RFC 3311)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Appended, Ended, Hangup, Released, Updated
from sipcore.b2bua.settings import CallSettings
from tests.support.phones import Network, sdp

HOLD = sdp("alice", 2, "sendonly")


@pytest.fixture
def net() -> Network:
    network = Network()
    network.connect()
    return network


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_hold_reaches_the_other_side_and_its_answer_comes_back(net: Network, method: str) -> None:
    net.bob.version = 2
    net.alice.say(method, body=HOLD)
    assert net.bob.requests(method)[-1].body == HOLD
    assert net.alice.last_response(method).status == 200
    assert net.alice.last_response(method).body == sdp("bob", 2)
    assert len(net.switch.said(Updated)) == 1
    net.advance(5)
    net.alice.say("BYE")
    net.assert_over()


def test_the_callee_may_hold_as_well(net: Network) -> None:
    net.bob.say("INVITE", body=sdp("bob", 2, "sendonly"))
    assert net.alice.requests("INVITE")[0].body == sdp("bob", 2, "sendonly")
    assert net.bob.finals() == [200]
    assert len(net.alice.acks) == 1
    net.advance(5)
    net.bob.say("BYE")
    net.assert_over()


def test_a_reinvite_goes_by_the_rules_of_its_leg(net: Network) -> None:
    net.alice.say("INVITE", body=HOLD, fields=(("x-secret", "1"), ("max-forwards-x", "1")))
    invite = net.bob.requests("INVITE")[-1]
    assert invite.required("to").endswith(f";tag={net.bob.tag}")
    assert invite.value("contact") == f"<sip:{net.switch.call.call_id}@192.0.2.1:5060>"
    assert invite.value("supported") == "timer"
    assert invite.max_forwards == 69
    assert not invite.has("x-secret")


def test_an_update_becomes_a_reinvite_for_a_phone_without_it() -> None:
    net = Network()
    net.bob.allow = "INVITE, ACK, CANCEL, BYE"
    net.connect()
    net.alice.say("UPDATE", body=HOLD)
    assert not net.bob.requests("UPDATE")
    assert net.bob.requests("INVITE")[-1].body == HOLD
    assert net.alice.finals("UPDATE") == [200]
    assert len(net.bob.acks) == 2
    net.alice.say("BYE")
    net.assert_over()


def test_a_reinvite_without_offer_gets_one_and_the_answer_goes_in_the_ack(net: Network) -> None:
    net.alice.say("INVITE", body=b"")
    assert net.bob.requests("INVITE")[-1].body == b""
    assert net.alice.last_response().body == net.bob.sdp
    assert net.bob.acks[-1].body == net.alice.sdp
    assert len(net.bob.acks) == 2
    net.alice.say("BYE")
    net.assert_over()


def test_a_call_without_offer() -> None:
    net = Network()
    net.dial(body=b"")
    net.bob.ring()
    net.bob.answer()
    assert net.bob.requests("INVITE")[0].body == b""
    assert net.alice.last_response().body == net.bob.sdp
    assert [ack.body for ack in net.bob.acks] == [net.alice.sdp]
    assert net.bob.acks[0].value("content-type") == "application/sdp"
    net.bob.say("INVITE", body=sdp("bob", 2, "sendonly"))
    assert net.bob.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_a_call_without_offer_whose_caller_never_answers_it() -> None:
    net = Network()
    net.alice.ack_body = b""
    net.dial(body=b"")
    net.bob.answer()
    assert [ack.body for ack in net.bob.acks] == [b""]
    net.alice.say("BYE")
    net.assert_over()


def test_the_200_of_a_call_without_offer_is_not_acknowledged_before_the_caller() -> None:
    net = Network()
    net.alice.acknowledges = False
    net.dial(body=b"")
    net.bob.answer()
    net.advance(3)
    assert net.bob.acks == []
    net.alice.acknowledges = True
    net.advance(3)
    assert [ack.body for ack in net.bob.acks] == [net.alice.sdp]


def test_a_second_reinvite_before_the_first_has_its_answer(net: Network) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.alice.say("INVITE", body=sdp("alice", 3))
    assert net.alice.finals() == [200, 500]
    assert net.alice.last_response().value("retry-after") == "5"
    net.bob.accept(net.bob.held[0], net.bob.sdp)
    net.settle()
    assert net.alice.finals() == [200, 500, 200]
    net.alice.say("BYE")
    net.assert_over()


def test_reinvites_that_cross_get_491(net: Network) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.bob.say("INVITE", body=sdp("bob", 2))
    assert net.bob.finals() == [491]
    net.bob.respond(net.bob.held[0], 491)
    net.settle()
    assert net.alice.finals() == [200, 491]
    assert not net.switch.said(Released)
    net.bob.answers["INVITE"] = 200
    net.alice.say("INVITE", body=HOLD)
    assert net.alice.finals()[-1] == 200


def test_an_offer_in_update_crosses_a_reinvite(net: Network) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.bob.finals("UPDATE") == [491]
    net.alice.say("UPDATE", body=sdp("alice", 3))
    assert net.alice.finals("UPDATE") == [500]


def test_a_reinvite_with_an_offer_after_an_open_update_is_too_early(net: Network) -> None:
    net.bob.answers["UPDATE"] = None
    net.alice.say("UPDATE", body=HOLD)
    net.alice.say("INVITE", body=sdp("alice", 3))
    net.alice.say("INVITE", body=b"")
    assert net.alice.finals() == [200, 500, 491]
    net.bob.respond(net.bob.held[0], 200, body=net.bob.sdp)
    net.settle()
    assert net.alice.finals("UPDATE") == [200]
    net.alice.say("INVITE", body=sdp("alice", 3))
    assert net.alice.finals()[-1] == 200


def test_a_late_offer_reinvite_blocks_updates_too(net: Network) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=b"")
    net.alice.say("UPDATE", body=HOLD)
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.alice.finals("UPDATE") == [491]
    assert net.bob.finals("UPDATE") == [491]


@pytest.mark.parametrize("status", [488, 500, 606, 415])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_refused_change_leaves_the_call(net: Network, method: str, status: int) -> None:
    net.bob.answers[method] = status
    net.alice.say(method, body=HOLD)
    assert net.alice.finals(method)[-1] == status
    assert not net.switch.said(Released)
    net.bob.answers[method] = 200
    net.alice.say(method, body=HOLD)
    assert net.alice.finals(method)[-1] == 200
    net.bob.version = 3
    net.bob.say(method, body=net.bob.sdp)
    assert net.bob.finals(method)[-1] == 200
    net.alice.say("BYE")
    net.assert_over()


@pytest.mark.parametrize("status", [401, 302])
def test_what_the_caller_cannot_use_becomes_500(net: Network, status: int) -> None:
    net.bob.answers["INVITE"] = status
    net.alice.say("INVITE", body=HOLD)
    assert net.alice.finals() == [200, 500]


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_peer_that_knows_no_such_dialog_ends_the_call(
    net: Network, method: str, status: int
) -> None:
    net.bob.answers[method] = status
    net.alice.say(method, body=HOLD)
    assert net.alice.finals(method)[-1] == status
    assert net.alice.line.is_over
    assert [(r.released_by, r.status) for r in net.switch.said(Released)] == [("switch", status)]
    net.assert_over()


def test_a_peer_that_does_not_answer_a_reinvite_ends_the_call(net: Network) -> None:
    net.loses = lambda source, target, _data: net.bob.address in (source, target)
    net.alice.say("INVITE", body=HOLD)
    net.advance(33)
    assert net.alice.finals() == [200, 408]
    assert net.switch.said(Released)[0].status == 408
    net.assert_over()


def test_a_reinvite_that_asks_for_ever_is_cancelled() -> None:
    net = Network(settings=CallSettings(reinvite_timeout_s=20))
    net.connect()
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.bob.respond(net.bob.held[0], 180)
    net.advance(20)
    assert len(net.bob.cancels) == 1
    net.bob.respond(net.bob.held[0], 487)
    net.settle()
    assert net.alice.finals() == [200, 487]
    assert not net.switch.said(Released)


def test_cancel_of_a_reinvite_waits_for_what_the_other_side_says(net: Network) -> None:
    net.bob.answers = {"INVITE": None, "CANCEL": None}
    net.alice.say("INVITE", body=HOLD)
    net.advance(0.3)
    net.alice.cancel_reinvite((("reason", 'Q.850;cause=31;text="Changed my mind"'),))
    assert len(net.bob.cancels) == 1
    assert net.bob.cancels[0].value("reason") == 'Q.850;cause=31;text="Changed my mind"'
    assert net.alice.finals() == [200]
    net.bob.accept(net.bob.held[0], net.bob.sdp)
    net.settle()
    assert net.alice.finals() == [200, 200]
    net.alice.say("BYE")
    net.assert_over()


def test_an_unchanged_offer_is_a_refresh_and_stays_on_its_leg(net: Network) -> None:
    for method in ("INVITE", "UPDATE"):
        net.alice.say(method, body=net.alice.sdp)
        assert net.alice.last_response(method).status == 200
        assert net.alice.last_response(method).body == net.bob.sdp
    net.bob.say("INVITE", body=net.bob.sdp)
    assert net.bob.last_response().body == net.alice.sdp
    assert len(net.bob.requests("INVITE")) == 1
    assert not net.alice.requests("INVITE")
    assert not net.switch.said(Updated)


def test_after_a_change_the_new_session_is_the_unchanged_one(net: Network) -> None:
    net.alice.say("INVITE", body=HOLD)
    net.alice.say("INVITE", body=net.alice.sdp)
    assert len(net.bob.requests("INVITE")) == 3
    net.alice.say("INVITE", body=net.alice.sdp)
    assert len(net.bob.requests("INVITE")) == 3


def test_the_target_moves_with_the_phone(net: Network) -> None:
    net.alice.say("UPDATE", fields=(("contact", "<sip:first@198.51.100.77>"),))
    # The phone's own Contact stands first; a bare request with another one moves it.
    update = net.alice.line.request("UPDATE")
    update.add("contact", "<sip:alice@198.51.100.77:5099>")
    net.alice.send(update)
    assert len(net.switch.said(Updated)) == 1
    net.bob.say("INFO", body=b"Signal=1", content_type="application/dtmf-relay")
    assert net.alice.requests("INFO")[0].uri_text == "sip:alice@198.51.100.77:5099"


def test_a_refused_change_does_not_move_the_target(net: Network) -> None:
    net.bob.answers["INVITE"] = 488
    invite = net.alice.line.request("INVITE")
    invite.add("contact", "<sip:alice@198.51.100.77:5099>")
    invite.add("content-type", "application/sdp")
    invite.body = HOLD
    net.alice.send(invite)
    net.bob.say("INFO", body=b"x", content_type="text/plain")
    assert net.alice.requests("INFO")[0].uri_text == "sip:alice@198.51.100.1:5061"


def test_the_answer_to_a_reinvite_moves_the_target_of_the_other_side(net: Network) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.bob.name = "robert"
    net.bob.accept(net.bob.held[0], sdp("bob", 2))
    net.settle()
    net.alice.say("INFO", body=b"x", content_type="text/plain")
    assert net.bob.requests("INFO")[0].uri_text == "sip:robert@198.51.100.2:5062"


@pytest.mark.parametrize("side", ["alice", "bob"])
def test_hanging_up_with_a_reinvite_on_its_way(net: Network, side: str) -> None:
    net.bob.answers["INVITE"] = None
    net.alice.say("INVITE", body=HOLD)
    net.advance(0.3)
    (net.alice if side == "alice" else net.bob).say("BYE")
    assert net.alice.finals() == [200, 487]
    assert len(net.switch.said(Released)) == 1
    net.bob.respond(net.bob.held[0], 487)
    net.settle()
    assert net.switch.said(Ended)


def test_a_reinvite_accepted_after_the_end_still_gets_its_ack(net: Network) -> None:
    net.bob.answers = {"INVITE": None, "BYE": None, "CANCEL": None}
    net.alice.say("INVITE", body=HOLD)
    net.advance(0.3)
    net.switch.tell(Hangup("", 480))
    net.bob.accept(net.bob.held[0], net.bob.sdp)
    net.settle()
    assert len(net.bob.acks) == 2
    net.assert_over()


def test_an_update_on_its_way_when_the_call_ends_gets_487(net: Network) -> None:
    net.bob.answers["UPDATE"] = None
    net.alice.say("UPDATE", body=HOLD)
    net.bob.say("BYE")
    assert net.alice.finals("UPDATE") == [487]


def test_a_lost_200_to_a_reinvite_is_repeated(net: Network) -> None:
    net.alice.acknowledges = False
    net.alice.say("INVITE", body=HOLD)
    net.advance(2)
    assert net.alice.finals() == [200, 200, 200, 200]
    net.bob.say("INVITE", body=sdp("bob", 7))
    assert net.bob.finals() == [491]
    net.alice.acknowledges = True
    net.advance(3)
    net.bob.say("INVITE", body=sdp("bob", 7))
    assert net.bob.finals() == [491, 200]


def test_a_reinvite_before_the_ack_of_the_last_gets_491(net: Network) -> None:
    net.alice.acknowledges = False
    net.alice.say("INVITE", body=HOLD)
    net.alice.say("INVITE", body=sdp("alice", 3))
    assert net.alice.finals() == [200, 200, 491]


def test_a_reinvite_before_the_answer_is_recorded() -> None:
    net = Network()
    net.switch.appends = False
    net.dial()
    net.bob.answer()
    net.bob.say("INVITE", body=sdp("bob", 2))
    assert net.bob.finals() == [491]
    net.switch.tell(Appended())
    net.bob.say("INVITE", body=sdp("bob", 2))
    assert net.bob.finals() == [491, 200]
