"""Parallel forking: the first 2xx wins, the others are told, late answers are ended (§13.2.2.4)."""

from __future__ import annotations

import pytest

from sipcore.auth.client import DigestClient
from sipcore.b2bua.call_events import Answered, Dial, Exhausted, Rang, Refuse, Target
from sipcore.b2bua.settings import CallSettings
from tests.support.phones import Network, Phone, sdp

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


def network(*, settings: CallSettings | None = None) -> Network:
    return Network("bob", "carol", "dave", settings=settings)


def phone(net: Network, name: str) -> Phone:
    return net.callees[name]


def test_all_targets_ring_and_the_first_answer_wins() -> None:
    net = network()
    net.dial()
    for callee in net.callees.values():
        callee.ring()
    phone(net, "carol").answer()
    assert [c.target.name for c in net.switch.said(Rang)] == ["bob", "carol", "dave"]
    assert [c.target.name for c in net.switch.said(Answered)] == ["carol"]
    for name in ("bob", "dave"):
        assert phone(net, name).cancels[0].value("reason") == ELSEWHERE
    assert net.alice.finals() == [200]
    assert net.alice.last_response().body == phone(net, "carol").sdp
    net.alice.say("BYE")
    assert phone(net, "carol").line.is_over
    net.assert_over()


def test_targets_cannot_tell_that_there_are_others() -> None:
    net = network()
    net.dial()
    invites = [callee.requests("INVITE")[0] for callee in net.callees.values()]
    assert len({invite.call_id for invite in invites}) == 3
    assert len({invite.from_.tag for invite in invites}) == 3


def test_the_caller_hears_one_ringing_of_many() -> None:
    net = network()
    net.dial()
    for callee in net.callees.values():
        callee.ring()
        callee.ring()
    assert net.alice.statuses("INVITE") == [180]


def test_a_late_200_is_acknowledged_and_ended() -> None:
    net = network()
    net.dial()
    for callee in net.callees.values():
        callee.ring()
        callee.answers["CANCEL"] = None
    phone(net, "bob").answer()
    phone(net, "carol").answer()
    assert net.alice.finals() == [200]
    carol = phone(net, "carol")
    assert len(carol.acks) == 1
    assert carol.line.is_over
    assert carol.requests("BYE")[0].value("reason") == ELSEWHERE
    net.alice.say("BYE")
    net.assert_over()


def test_a_late_answer_that_hangs_up_itself() -> None:
    net = network()
    net.dial()
    carol = phone(net, "carol")
    carol.ring()
    carol.answers = {"CANCEL": None, "BYE": None}
    phone(net, "bob").answer()
    carol.answer()
    carol.say("BYE")
    assert carol.finals("BYE") == [200]
    assert not net.alice.requests("BYE")
    net.alice.say("BYE")
    net.assert_over()


def test_both_200s_in_one_instant() -> None:
    net = network()
    net.dial()
    bob, carol = phone(net, "bob"), phone(net, "carol")
    bob.ring()
    carol.ring()
    for callee in (bob, carol):
        callee.open_early_line()
        callee.accept(callee.call_offered(), callee.sdp)
    net.settle()
    assert sorted(callee.line.is_over for callee in (bob, carol)) == [False, True]
    assert len(net.switch.said(Answered)) == 1
    net.alice.say("BYE")
    net.assert_over()


def test_several_200s_of_one_forked_invite() -> None:
    """A proxy behind the target forks: each 2xx is a dialog, one of them stays."""
    net = Network()
    net.dial()
    net.bob.ring(tag="one")
    net.bob.answer(tag="one")
    net.bob.answer(tag="two")
    assert len(net.bob.acks) == 2
    assert [line.is_over for line in net.bob.lines] == [False, True]
    net.bob.answer(tag="two")
    assert len(net.bob.acks) == 3
    assert len(net.bob.requests("BYE")) == 1
    net.alice.say("BYE")
    assert all(line.is_over for line in net.bob.lines)
    net.assert_over()


def test_a_flood_of_forked_200s_is_bounded() -> None:
    net = Network(settings=CallSettings(dialogs_per_target_max=3))
    net.dial()
    for number in range(10):
        net.bob.answer(tag=f"fork{number}")
    assert len({ack.to.tag for ack in net.bob.acks}) == 3
    assert len(net.switch.call.dialog_ids()) <= 4


def test_one_failure_does_not_end_the_others() -> None:
    net = network()
    net.dial()
    phone(net, "bob").refuse(486)
    phone(net, "carol").refuse(480)
    assert not net.switch.said(Exhausted)
    phone(net, "dave").answer()
    assert net.alice.finals() == [200]


def test_the_best_of_all_failures_is_told() -> None:
    net = network()
    net.dial()
    phone(net, "bob").refuse(480)
    phone(net, "carol").refuse(486)
    phone(net, "dave").refuse(503)
    exhausted = net.switch.said(Exhausted)[0]
    assert exhausted.status == 486
    assert {(t.name, s) for t, s, _ in exhausted.failures} == {
        ("bob", 480),
        ("carol", 486),
        ("dave", 503),
    }
    net.assert_over()


def test_a_6xx_ends_all() -> None:
    net = network()
    net.dial()
    for callee in net.callees.values():
        callee.ring()
    phone(net, "bob").refuse(603)
    assert net.alice.finals() == [603]
    assert phone(net, "carol").cancels
    assert phone(net, "dave").cancels
    net.assert_over()


def test_each_target_has_its_own_time() -> None:
    net = network()
    net.switch.groups.append((net.target("bob", ring_s=5), net.target("carol", ring_s=15)))
    net.alice.call()
    phone(net, "bob").ring()
    phone(net, "carol").ring()
    net.advance(6)
    assert phone(net, "bob").cancels
    assert not phone(net, "carol").cancels
    phone(net, "carol").answer()
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_an_answer_after_its_time_does_not_win() -> None:
    net = Network("bob", "carol")
    net.switch.groups = [(net.target("bob", ring_s=5),), (net.target("carol"),)]
    net.alice.call()
    bob, carol = phone(net, "bob"), phone(net, "carol")
    bob.ring()
    bob.answers["CANCEL"] = None
    net.advance(6)
    bob.answer()
    assert bob.line.is_over
    carol.answer()
    assert net.alice.last_response().body == carol.sdp
    net.alice.say("BYE")
    net.assert_over()


# Challenges and session intervals of targets.

CHALLENGE = (("proxy-authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"'),)


def trunk_target(net: Network, realm: str | None) -> Target:
    plain = net.target("bob")
    return Target(
        plain.name,
        plain.request_uri,
        plain.flow,
        from_value=plain.from_value,
        to_value=plain.to_value,
        ring_s=plain.ring_s,
        credentials=None
        if realm is None
        else DigestClient(username="trunk", password="secret", realm=realm),
    )


def test_a_challenge_is_answered_with_the_credentials_of_its_realm() -> None:
    net = Network()
    net.switch.groups.append((trunk_target(net, "carrier"),))
    net.alice.call()
    net.bob.refuse(407, CHALLENGE)
    first, second = net.bob.requests("INVITE")
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert not first.has("proxy-authorization")
    assert 'username="trunk"' in second.required("proxy-authorization")
    assert len(second.values("via")) == 1
    net.bob.answer()
    assert net.bob.acks[-1].value("proxy-authorization") == second.value("proxy-authorization")
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_the_next_call_carries_the_credentials_at_once() -> None:
    net = Network()
    target = trunk_target(net, "carrier")
    net.switch.groups = [(target,), (target,)]
    net.alice.call()
    net.bob.refuse(407, CHALLENGE)
    net.bob.refuse(503)
    third = net.bob.requests("INVITE")[2]
    assert "nc=00000002" in third.required("proxy-authorization")
    net.bob.answer()
    net.alice.say("BYE")
    assert "nc=00000003" in net.bob.requests("BYE")[0].required("proxy-authorization")
    net.assert_over()


def test_a_bye_whose_challenge_we_cannot_answer_ends_the_leg_all_the_same() -> None:
    net = Network()
    net.switch.groups.append((trunk_target(net, "other"),))
    net.alice.call()
    net.bob.answer()
    net.bob.answers["BYE"] = 407
    net.alice.say("BYE")
    assert len(net.bob.requests("BYE")) == 1
    net.assert_over()


def test_a_challenged_bye_is_sent_again() -> None:
    net = Network()
    net.switch.groups.append((trunk_target(net, "carrier"),))
    net.alice.call()
    net.bob.answer()
    net.bob.answers["BYE"] = None
    net.alice.say("BYE")
    net.bob.respond(net.bob.held[0], 407, fields=CHALLENGE)
    net.bob.answers["BYE"] = 200
    net.settle()
    first, second = net.bob.requests("BYE")
    assert second.cseq.number == first.cseq.number + 1
    assert second.has("proxy-authorization")
    net.assert_over()


@pytest.mark.parametrize("realm", [None, "other"])
@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_never_reaches_the_caller(realm: str | None, status: int) -> None:
    net = Network()
    net.switch.groups.append((trunk_target(net, realm),))
    net.alice.call()
    net.bob.refuse(status, CHALLENGE)
    assert net.alice.finals() == [480]
    assert len(net.bob.requests("INVITE")) == 1
    assert net.switch.said(Exhausted)[0].failures[0][1] == status
    net.assert_over()


def test_a_refused_password_is_not_tried_again() -> None:
    net = Network()
    net.switch.groups.append((trunk_target(net, "carrier"),))
    net.alice.call()
    net.bob.refuse(407, CHALLENGE)
    net.bob.refuse(407, (("proxy-authenticate", 'Digest realm="carrier", nonce="n2", qop="auth"'),))
    assert len(net.bob.requests("INVITE")) == 2
    assert net.alice.finals() == [480]
    net.assert_over()


def test_a_422_is_answered_with_a_longer_interval() -> None:
    net = Network(settings=CallSettings(session_expires_s=300))
    net.dial()
    net.bob.refuse(422, (("min-se", "900"),))
    first, second = net.bob.requests("INVITE")
    assert first.value("session-expires") == "300"
    assert second.value("session-expires") == "900"
    assert second.value("min-se") == "900"
    net.bob.refuse(422, (("min-se", "900"),))
    assert net.alice.finals() == [480]
    net.assert_over()


def test_a_2xx_that_cannot_be_used_fails_the_target() -> None:
    net = Network("bob", "carol", settings=CallSettings(body_bytes_max=400))
    net.switch.groups = [(net.target("bob"),), (net.target("carol"),)]
    net.alice.call()
    phone(net, "bob").answer(body=sdp("bob") + b"a=x\r\n" * 100)
    assert len(phone(net, "bob").acks) == 1
    assert phone(net, "bob").line.is_over
    assert net.switch.said(Exhausted)[0].failures[0][1] == 502
    phone(net, "carol").answer()
    assert net.alice.finals() == [200]


def test_dial_after_the_caller_is_gone_does_nothing() -> None:
    net = Network()
    net.alice.call()
    call = net.switch.call
    net.switch.tell(Refuse(486))
    assert call.step(Dial((net.target("bob"),), confirm=True), now=net.now) == []
    assert not net.bob.requests("INVITE")


def test_who_lost_is_told_that_somebody_else_answered() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring()
    net.callees["carol"].ring()
    net.callees["carol"].answer()
    reason = net.callees["bob"].cancels[0].value("reason")
    assert reason == 'SIP;cause=200;text="Call completed elsewhere"'
    net.alice.say("BYE")
    net.assert_over()
