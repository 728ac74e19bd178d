"""Each pattern of offers and answers across both legs (RFC 6337 table 1), and their rejections."""

from __future__ import annotations

import itertools

import pytest

from sipcore.b2bua.call_events import Appended, Updated
from tests.sipcore.b2bua.test_reliable_provisionals import (
    REL,
    dial,
    hang_up,
    network,
    provisionals,
    tags,
)
from tests.support.phones import Network, Phone, sdp

NO_UPDATE = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK"
WITH_UPDATE = f"{NO_UPDATE}, UPDATE"


def early_session(
    *, callee_allows: str = WITH_UPDATE, caller_allows: str = WITH_UPDATE, answers: bool = False
) -> Network:
    """Bring a caller and a callee so far that both have agreed on a session, before the answer."""
    net = network()
    net.bob.allow, net.alice.allow = callee_allows, caller_allows
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    assert net.alice.finals("PRACK") == [200]
    assert net.bob.unpracked == []
    if answers:
        net.bob.answer(body=b"")
    return net


def last_request(phone: Phone, method: str) -> bytes:
    return phone.requests(method)[-1].body


# Pattern 1 and 2 without provisionals, in any mixture of who speaks 100rel.


@pytest.mark.parametrize(("caller", "callee"), [*itertools.product((REL, "timer"), repeat=2)])
@pytest.mark.parametrize("body", [None, b""])
def test_an_invite_and_its_200(caller: str, callee: str, body: bytes | None) -> None:
    net = network(caller=caller, callee=callee)
    dial(net, body=body)
    net.bob.answer()
    assert net.alice.last_response().body == sdp("bob")
    if body is None:
        assert last_request(net.bob, "INVITE") == sdp("alice")
        assert net.bob.acks[0].body == b""
    else:
        assert last_request(net.bob, "INVITE") == b""
        assert net.bob.acks[0].body == sdp("alice")
    hang_up(net)


# Pattern 3: offer in the INVITE, answer in a reliable 18x.


def test_the_answer_in_a_reliable_18x_is_the_answer() -> None:
    net = early_session()
    (heard,) = provisionals(net.alice)
    assert heard.body == sdp("bob")
    assert last_request(net.bob, "PRACK") == b""
    # A 2xx may repeat it, or say something else that nobody may listen to (RFC 3261 §13.2.1).
    net.bob.answer(body=sdp("someone else"))
    assert net.alice.last_response().body == b""
    assert len(tags(net)) == 1
    hang_up(net)


def test_further_reliable_18x_bring_no_second_answer() -> None:
    net = early_session()
    net.bob.ring_reliably(180, body=sdp("bob", 2))
    assert [(r.status, r.body) for r in provisionals(net.alice)] == [(183, sdp("bob")), (180, b"")]
    # Nor is it an offer that would stand in the way of one.
    net.bob.say("UPDATE", body=sdp("bob", 3))
    assert net.bob.finals("UPDATE") == [200]
    net.bob.answer(body=b"")
    hang_up(net)


def test_of_several_previews_the_first_is_the_answer_of_a_reliable_leg() -> None:
    net = network(callee="timer")
    dial(net)
    net.bob.ring(183, body=sdp("tone"))
    net.bob.ring(183, body=sdp("bob"))
    assert [r.body for r in provisionals(net.alice)] == [sdp("tone"), b""]
    net.bob.answer(body=sdp("bob"))
    assert net.alice.last_response().body == sdp("bob")
    assert len(tags(net)) == 2
    hang_up(net)


def test_an_answer_told_reliably_that_is_another_in_the_200_comes_under_a_new_tag() -> None:
    net = network(callee="timer")
    dial(net)
    net.bob.ring(183, body=sdp("tone"))
    net.bob.answer(body=sdp("bob"))
    assert net.alice.last_response().body == sdp("bob")
    assert len(tags(net)) == 2
    hang_up(net)


# Pattern 4: offer in a reliable 18x, answer in the PRACK.


def test_an_offer_in_a_reliable_18x_is_answered_in_the_prack() -> None:
    net = network()
    dial(net, body=b"")
    net.bob.ring_reliably(183, body=sdp("bob"))
    (heard,) = provisionals(net.alice)
    assert (heard.body, heard.has("rseq")) == (sdp("bob"), True)
    assert last_request(net.bob, "PRACK") == sdp("alice")
    net.bob.answer(body=b"")
    assert net.alice.last_response().body == b""
    assert net.bob.acks[0].body == b""
    hang_up(net)


def test_a_caller_that_could_not_answer_is_not_brought_into_need() -> None:
    net = network(caller="timer")
    dial(net, body=b"")
    assert net.bob.requests("INVITE")[0].value("supported") == "timer"
    net.bob.ring()
    net.bob.answer()
    assert net.bob.acks[0].body == sdp("alice")
    hang_up(net)


def test_a_reliable_180_that_brings_no_offer_is_only_ringing() -> None:
    net = network()
    dial(net, body=b"")
    net.bob.ring_reliably(180)
    assert [(r.status, r.has("rseq")) for r in provisionals(net.alice)] == [(180, False)]
    assert net.bob.unpracked == []
    net.bob.answer()
    assert net.bob.acks[0].body == sdp("alice")
    hang_up(net)


def test_without_any_offer_a_caller_that_requires_100rel_hears_the_200_first() -> None:
    net = network(callee="timer")
    dial(net, body=b"", requires=True)
    net.bob.ring()
    assert provisionals(net.alice) == []
    net.bob.answer()
    assert net.bob.acks[0].body == sdp("alice")
    hang_up(net)


def test_two_devices_may_offer_and_each_gets_an_answer() -> None:
    net = network("bob", "carol")
    dial(net, body=b"")
    net.callees["bob"].ring_reliably(183, body=sdp("bob"))
    net.callees["carol"].ring_reliably(183, body=sdp("carol"))
    assert len(tags(net)) == 2
    assert [last_request(phone, "PRACK") for phone in net.callees.values()] == [sdp("alice")] * 2
    net.callees["carol"].answer(body=b"")
    assert net.alice.last_response().to.tag == tags(net)[1]
    assert net.alice.last_response().body == b""
    assert len(net.callees["bob"].cancels) == 1
    hang_up(net)


def test_a_200_before_the_prack_takes_the_answer_in_its_ack() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, body=b"")
    net.bob.ring_reliably(183, body=sdp("bob"))
    # RFC 3262 §3 forbids it, and it happens.
    net.bob.answer(body=sdp("bob"))
    assert net.alice.finals() == []
    last = provisionals(net.alice)[-1]
    rack = (("rack", f"{last.required('rseq')} 100 INVITE"),)
    net.alice.say("PRACK", body=sdp("alice"), fields=rack)
    assert net.bob.acks[0].body == sdp("alice")
    assert net.alice.last_response().body == b""
    hang_up(net)


# Pattern 5: a new offer in the PRACK.


def test_an_offer_in_the_prack_is_answered_in_its_200() -> None:
    net = network()
    net.alice.prack_body = sdp("alice", 2)
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    assert last_request(net.bob, "PRACK") == sdp("alice", 2)
    granted = net.alice.last_response("PRACK")
    assert (granted.status, granted.body) == (200, sdp("bob", 7))
    net.bob.answer(body=b"")
    hang_up(net)


@pytest.mark.parametrize("status", [488, 500])
def test_a_refused_offer_in_the_prack_leaves_the_session(status: int) -> None:
    net = network()
    net.alice.prack_body = sdp("alice", 2)
    net.bob.answers["PRACK"] = status
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.bob.unpracked = []
    assert net.alice.finals("PRACK") == [status]
    net.alice.say("UPDATE", body=sdp("alice", 3))
    assert net.alice.finals("UPDATE") == [200]
    net.bob.answer(body=b"")
    assert net.alice.finals() == [200]
    hang_up(net)


def test_an_offer_in_the_prack_that_cannot_cross_is_refused() -> None:
    net = network(callee="timer")
    net.alice.prack_body = sdp("alice", 2)
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    assert net.alice.finals("PRACK") == [488]
    net.bob.answer(body=sdp("bob"))
    assert net.alice.finals() == [200]
    hang_up(net)


def test_an_offer_in_the_prack_behind_the_callees_200_crosses_as_an_update() -> None:
    net = network(callee="timer")
    net.alice.pracks = False
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=sdp("bob"))
    last = provisionals(net.alice)[-1]
    rack = (("rack", f"{last.required('rseq')} 100 INVITE"),)
    net.alice.say("PRACK", body=sdp("alice", 2), fields=rack)
    assert last_request(net.bob, "UPDATE") == sdp("alice", 2)
    assert net.alice.last_response("PRACK").body == sdp("bob")
    assert net.alice.finals() == [200]
    hang_up(net)


# Pattern 6: UPDATE, before and after the answer.


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_update_crosses_from_the_caller(*, is_confirmed: bool) -> None:
    net = early_session(answers=is_confirmed)
    net.alice.say("UPDATE", body=sdp("alice", 2))
    assert last_request(net.bob, "UPDATE") == sdp("alice", 2)
    assert net.alice.last_response("UPDATE").body == sdp("bob")
    if not is_confirmed:
        assert not net.bob.requests("UPDATE")[0].has("session-expires")
        assert not net.switch.said(Updated)
        net.bob.answer(body=b"")
    assert net.alice.finals() == [200]
    hang_up(net)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_update_crosses_from_the_callee(*, is_confirmed: bool) -> None:
    net = early_session(answers=is_confirmed)
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert last_request(net.alice, "UPDATE") == sdp("bob", 2)
    assert net.bob.last_response("UPDATE").body == sdp("alice")
    if not is_confirmed:
        net.bob.answer(body=b"")
    assert net.alice.last_response().body == b""
    hang_up(net)


def test_updates_that_cross_get_491() -> None:
    net = early_session()
    net.bob.answers["UPDATE"] = None
    net.alice.say("UPDATE", body=sdp("alice", 2))
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.bob.finals("UPDATE") == [491]
    net.bob.respond(net.bob.held[0], 200, body=sdp("bob", 3))
    net.settle()
    assert net.alice.last_response("UPDATE").body == sdp("bob", 3)
    net.bob.answer(body=b"")
    hang_up(net)


def test_a_second_update_before_the_first_is_answered_is_too_early() -> None:
    net = early_session()
    net.bob.answers["UPDATE"] = None
    net.alice.say("UPDATE", body=sdp("alice", 2))
    net.alice.say("UPDATE", body=sdp("alice", 3))
    refused = net.alice.last_response("UPDATE")
    assert (refused.status, refused.has("retry-after")) == (500, True)
    net.bob.respond(net.bob.held[0], 200, body=sdp("bob", 3))
    net.settle()
    assert net.alice.finals("UPDATE") == [500, 200]
    net.bob.answer(body=b"")
    hang_up(net)


def test_an_update_before_the_first_answer_is_too_early() -> None:
    net = network()
    dial(net)
    net.bob.ring()
    net.alice.say("UPDATE", body=sdp("alice", 2))
    refused = net.alice.last_response("UPDATE")
    assert (refused.status, refused.has("retry-after")) == (500, True)
    net.bob.answer()
    hang_up(net)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_an_early_update_towards_a_peer_without_it_gets_504(who: str) -> None:
    deaf = {"callee_allows" if who == "caller" else "caller_allows": NO_UPDATE}
    net = early_session(**deaf)  # type: ignore[arg-type]  # only the two strings
    sender = net.alice if who == "caller" else net.bob
    sender.say("UPDATE", body=sdp(sender.name, 2))
    assert sender.finals("UPDATE") == [504]
    net.bob.answer(body=b"")
    assert net.alice.finals() == [200]
    # After the answer the same offer crosses as a re-INVITE.
    sender.say("UPDATE", body=sdp(sender.name, 3))
    assert sender.finals("UPDATE") == [504, 200]
    hang_up(net)


def test_an_early_update_of_the_callee_where_the_caller_has_no_100rel() -> None:
    net = network(caller="timer")
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.bob.finals("UPDATE") == [504]
    net.bob.answer(body=b"")
    assert net.alice.last_response().body == sdp("bob")
    hang_up(net)


def test_an_update_of_the_callee_before_the_callers_prack_waits() -> None:
    net = network()
    net.alice.pracks = False
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.bob.finals("UPDATE") == [491]
    net.alice.cancel()
    net.assert_over()


def test_an_update_that_overtakes_the_prack_is_taken() -> None:
    net = network()
    net.alice.pracks = False
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.alice.say("UPDATE", body=sdp("alice", 2))
    assert net.alice.finals("UPDATE") == [200]
    rseq = provisionals(net.alice)[0].required("rseq")
    net.alice.say("PRACK", fields=(("rack", f"{rseq} 100 INVITE"),))
    assert net.alice.finals("PRACK") == [200]
    net.bob.answer(body=b"")
    hang_up(net)


@pytest.mark.parametrize("ending", ["caller", "callee", "refusal"])
def test_an_early_update_on_its_way_when_the_call_ends_is_answered(ending: str) -> None:
    net = early_session()
    net.bob.answers["UPDATE"] = None
    net.alice.say("UPDATE", body=sdp("alice", 2))
    if ending == "caller":
        net.alice.cancel()
    elif ending == "callee":
        net.bob.say("BYE")
    else:
        net.bob.refuse(486)
    net.advance(40)
    assert len(net.alice.finals("UPDATE")) == 1
    assert net.alice.finals()[0] >= 300
    net.assert_over()


def test_an_update_in_the_answer_window_crosses_and_the_200_says_nothing_twice() -> None:
    for update_first in (True, False):
        net = early_session()
        net.switch.appends = False
        net.bob.answers["UPDATE"] = None
        net.bob.answer(body=b"")
        net.alice.say("UPDATE", body=sdp("alice", 2))
        if update_first:
            net.bob.respond(net.bob.held[0], 200, body=sdp("bob", 2))
            net.settle()
            net.switch.tell(Appended())
        else:
            net.switch.tell(Appended())
            net.bob.respond(net.bob.held[0], 200, body=sdp("bob", 2))
            net.settle()
        assert net.alice.last_response("UPDATE").body == sdp("bob", 2)
        assert net.alice.last_response().body == b""
        hang_up(net)


def test_a_re_invite_within_an_early_dialog_has_to_wait() -> None:
    net = early_session()
    net.alice.say("INVITE", body=sdp("alice", 2))
    refused = net.alice.last_response()
    assert (refused.status, refused.has("retry-after")) == (500, True)
    net.bob.say("INVITE", body=sdp("bob", 2))
    assert net.bob.finals() == [491]
    net.bob.answer(body=b"")
    hang_up(net)


# Switching the media when somebody else answers.


def test_an_early_session_of_one_device_and_the_answer_of_another() -> None:
    net = network("bob", "carol")
    dial(net)
    net.callees["bob"].ring_reliably(183, body=sdp("bob"))
    net.callees["carol"].answer(body=sdp("carol"))
    assert net.alice.last_response().body == sdp("carol")
    assert len(tags(net)) == 2
    assert len(net.callees["bob"].cancels) == 1
    net.alice.say("UPDATE", body=sdp("alice", 2))
    assert last_request(net.callees["carol"], "UPDATE") == sdp("alice", 2)
    assert net.callees["bob"].requests("UPDATE") == []
    hang_up(net)


def test_updates_find_the_device_of_their_early_dialog() -> None:
    net = network("bob", "carol")
    dial(net)
    for name in ("bob", "carol"):
        net.callees[name].ring_reliably(183, body=sdp(name))
    first, second = net.alice.lines
    net.alice.say("UPDATE", body=sdp("alice", 2), line=first)
    net.alice.say("UPDATE", body=sdp("alice", 3), line=second)
    assert [last_request(phone, "UPDATE") for phone in net.callees.values()] == [
        sdp("alice", 2),
        sdp("alice", 3),
    ]
    net.callees["bob"].answer(body=b"")
    assert net.alice.last_response().to.tag == tags(net)[0]
    net.alice.say("BYE", line=first)
    net.assert_over()


def test_early_dialogs_of_a_fork_below_a_target_have_their_own_sessions() -> None:
    net = network()
    dial(net)
    net.bob.ring_reliably(183, body=sdp("one"), tag="one", rseq=3)
    net.bob.ring_reliably(183, body=sdp("two"), tag="two", rseq=9)
    assert len(tags(net)) == 2
    assert [p.to.tag for p in net.bob.requests("PRACK")] == ["one", "two"]
    net.bob.answer(body=b"", tag="two")
    assert net.alice.last_response().to.tag == tags(net)[1]
    net.alice.say("UPDATE", body=sdp("alice", 2))
    assert net.bob.requests("UPDATE")[0].to.tag == "two"
    hang_up(net)


def test_a_failed_carriers_early_session_and_the_next_one() -> None:
    net = network("bob", "carol")
    net.switch.groups = [(net.target("bob"),), (net.target("carol"),)]
    net.alice.call()
    net.callees["bob"].ring_reliably(183, body=sdp("bob"))
    net.callees["bob"].refuse(503)
    net.callees["carol"].ring_reliably(183, body=sdp("carol"))
    net.callees["carol"].answer(body=b"")
    assert len(tags(net)) == 2
    assert net.alice.last_response().to.tag == tags(net)[1]
    hang_up(net)


def test_an_offer_in_an_update_before_there_is_any_session_does_not_cross() -> None:
    """RFC 3311 §5.1: in an early dialog one exchange has to be done before UPDATE may offer."""
    net = Network()
    net.alice.supports = net.bob.supports = "100rel"
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(body=b"", fields=(("require", "100rel"),))
    net.bob.ring_reliably()
    net.bob.say("UPDATE", body=sdp("bob", 2))
    assert net.alice.requests("UPDATE") == []
    assert net.bob.finals("UPDATE") == [504]
    net.bob.answer()
    net.alice.say("BYE")
    net.assert_over()
