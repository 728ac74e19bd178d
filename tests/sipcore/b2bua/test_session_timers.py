"""Session timers on each leg alone (RFC 4028)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Released, Updated
from sipcore.b2bua.settings import CallSettings
from tests.support.phones import Network, Phone, sdp

SHORT = CallSettings(session_expires_s=120)


def connected(
    *, alice: str | None = None, bob_supports: str = "", alice_supports: str = "", **fields: str
) -> Network:
    net = Network(settings=SHORT)
    net.alice.supports = alice_supports
    net.alice.session_expires = alice
    net.bob.supports = bob_supports
    for name, allow in fields.items():
        phone: Phone = getattr(net, name.removesuffix("_allow"))
        phone.allow = allow
    net.connect()
    return net


def test_phones_without_the_extension_have_no_timer() -> None:
    net = connected()
    assert not net.alice.last_response().has("session-expires")
    net.advance(3600)
    assert not net.switch.said(Released)
    assert not net.alice.requests("UPDATE")
    assert not net.bob.requests("UPDATE")


def test_the_callee_is_asked_and_may_choose() -> None:
    net = connected(bob_supports="timer")
    assert net.bob.requests("INVITE")[0].value("session-expires") == "120"
    # It chose to refresh itself and does not: the session ends a third before its end.
    net.advance(87)
    assert not net.switch.said(Released)
    net.advance(2)
    released = net.switch.said(Released)
    assert [(r.released_by, r.status) for r in released] == [("switch", 408)]
    assert net.alice.requests("BYE")[0].value("reason") == 'SIP;cause=408;text="Session expired"'
    net.assert_over()


def test_refreshes_of_the_callee_keep_the_call() -> None:
    net = connected(bob_supports="timer")
    for _ in range(10):
        net.advance(60)
        net.bob.say("UPDATE", fields=(("session-expires", "120;refresher=uac"),))
    assert net.bob.last_response("UPDATE").value("session-expires") == "120;refresher=uac"
    assert not net.alice.requests("UPDATE")
    assert not net.switch.said(Released)
    assert not net.switch.said(Updated)


def test_we_refresh_with_update_when_the_caller_wants_it() -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    assert net.alice.last_response().value("session-expires") == "120;refresher=uas"
    assert net.alice.last_response().value("require") == "timer"
    net.alice.session_expires = None
    net.advance(600)
    assert not net.switch.said(Released)
    updates = net.alice.requests("UPDATE")
    assert len(updates) == 10
    assert updates[0].value("session-expires") == "120;refresher=uac"
    assert updates[0].body == b""
    assert not net.bob.requests("UPDATE")


def test_we_refresh_with_the_last_offer_where_update_is_not_allowed() -> None:
    net = connected(
        alice="120;refresher=uas", alice_supports="timer", alice_allow="INVITE, ACK, BYE, CANCEL"
    )
    net.bob.say("INVITE", body=sdp("bob", 2, "sendonly"))
    net.alice.session_expires = None
    net.advance(130)
    refreshes = net.alice.requests("INVITE")[1:]
    assert [r.body for r in refreshes] == [sdp("bob", 2, "sendonly")] * 2
    assert len(net.alice.acks) == 3
    assert len(net.bob.requests("INVITE")) == 1
    assert not net.switch.said(Released)
    net.alice.say("BYE")
    net.assert_over()


def test_a_caller_that_asks_for_nothing_refreshes_itself() -> None:
    net = connected(alice_supports="timer")
    assert net.alice.last_response().value("session-expires") == "120;refresher=uac"
    net.advance(100)
    assert net.switch.said(Released)[0].status == 408


def test_who_falls_silent_after_our_refresh_ends_the_call() -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    net.loses = lambda source, target, _data: net.alice.address in (source, target)
    net.advance(95)
    assert net.switch.said(Released)[0].status == 408
    assert net.bob.requests("BYE")
    net.assert_over()


def test_a_481_to_our_refresh_ends_the_call() -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    net.alice.answers["UPDATE"] = 481
    net.advance(61)
    assert net.switch.said(Released)
    net.assert_over()


def test_a_refused_refresh_is_tried_again() -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    net.alice.answers["UPDATE"] = 491
    net.advance(62)
    net.alice.answers["UPDATE"] = 200
    net.alice.session_expires = None
    net.advance(60)
    assert not net.switch.said(Released)
    net.alice.answers["UPDATE"] = 500
    net.advance(120)
    assert net.switch.said(Released)[0].status == 408
    assert len(net.alice.requests("UPDATE")) < 15


@pytest.mark.parametrize("status", [405, 501])
def test_a_phone_that_did_not_mean_its_allow_gets_a_reinvite(status: int) -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    net.alice.answers["UPDATE"] = status
    net.alice.session_expires = None
    net.advance(61)
    assert len(net.alice.requests("UPDATE")) == 1
    assert len(net.alice.requests("INVITE")) == 1
    net.advance(300)
    assert not net.switch.said(Released)


def test_a_422_to_our_refresh_is_answered_with_a_longer_interval() -> None:
    net = connected(alice="120;refresher=uas", alice_supports="timer")
    net.alice.answers["UPDATE"] = None
    net.advance(61)
    net.alice.respond(net.alice.held[0], 422, fields=(("min-se", "400"),))
    net.settle()
    first, second = net.alice.requests("UPDATE")
    assert second.value("session-expires") == "400;refresher=uac"
    assert second.value("min-se") == "400"
    assert second.cseq.number == first.cseq.number + 1


def test_too_short_an_interval_gets_422_within_a_call() -> None:
    net = connected(alice_supports="timer")
    net.alice.say("UPDATE", fields=(("session-expires", "30"),))
    response = net.alice.last_response("UPDATE")
    assert response.status == 422
    assert response.value("min-se") == "90"


def test_the_legs_have_their_own_intervals() -> None:
    net = connected(alice="100;refresher=uac", alice_supports="timer", bob_supports="timer")
    assert net.alice.last_response().value("session-expires") == "100;refresher=uac"
    assert net.bob.requests("INVITE")[0].value("session-expires") == "120"


def test_a_refresh_that_would_cross_another_invite_waits() -> None:
    net = connected(
        alice="120;refresher=uas", alice_supports="timer", alice_allow="INVITE, ACK, BYE, CANCEL"
    )
    net.alice.session_expires = None
    net.bob.answers["INVITE"] = None
    net.advance(58)
    net.alice.say("INVITE", body=sdp("alice", 2))
    net.advance(4)
    assert not net.alice.requests("INVITE")
    net.bob.accept(net.bob.held[0], net.bob.sdp)
    net.settle()
    net.advance(60)
    assert net.alice.requests("INVITE") or not net.switch.said(Released)
    net.advance(120)
    assert not net.switch.said(Released)


NO_UPDATE = "INVITE, ACK, BYE, CANCEL"


@pytest.mark.parametrize("allow", [None, NO_UPDATE])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_we_refresh_either_leg_by_update_or_re_invite(side: str, allow: str | None) -> None:
    net = Network(settings=SHORT)
    refreshed, other = (net.alice, net.bob) if side == "caller" else (net.bob, net.alice)
    refreshed.supports, other.supports = "timer", ""
    net.bob.refresher = "uac"
    if side == "caller":
        net.alice.session_expires = "120;refresher=uas"
    if allow is not None:
        refreshed.allow = allow
    net.connect()
    net.alice.session_expires = None
    first = len(refreshed.requests("INVITE"))
    net.advance(600)
    assert not net.switch.said(Released)
    method = "UPDATE" if allow is None else "INVITE"
    refreshes = refreshed.requests(method)[first if method == "INVITE" else 0 :]
    assert len(refreshes) == 10
    assert {r.value("session-expires") for r in refreshes} == {"120;refresher=uac"}
    assert {r.body for r in refreshes} == {b"" if method == "UPDATE" else other.sdp}
    assert not other.requests("UPDATE")
    net.alice.say("BYE")
    net.assert_over()


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_either_peer_refreshes_by_update_or_re_invite(side: str, method: str) -> None:
    net = Network(settings=SHORT)
    peer, other = (net.alice, net.bob) if side == "caller" else (net.bob, net.alice)
    peer.supports, other.supports = "timer", ""
    net.connect()
    before = len(other.requests("INVITE"))
    for _ in range(10):
        net.advance(60)
        body = b"" if method == "UPDATE" else peer.sdp
        peer.say(method, body=body, fields=(("session-expires", "120;refresher=uac"),))
        assert peer.last_response(method).value("session-expires") == "120;refresher=uac"
        assert peer.last_response(method).value("require") == "timer"
    assert not net.switch.said(Released)
    assert len(other.requests("INVITE")) == before
    assert not other.requests("UPDATE")
    net.advance(100)
    assert net.switch.said(Released)[0].status == 408


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_the_roles_change_with_a_refresh(method: str) -> None:
    net = connected(alice="120;refresher=uac", alice_supports="timer")
    net.advance(50)
    body = b"" if method == "UPDATE" else net.alice.sdp
    net.alice.session_expires = None
    net.alice.say(method, body=body, fields=(("session-expires", "120;refresher=uas"),))
    net.advance(600)
    assert not net.switch.said(Released)
    updates = net.alice.requests("UPDATE")
    assert len(updates) == 10
    net.alice.say(method, body=body, fields=(("session-expires", "120;refresher=uac"),))
    net.advance(87)
    assert not net.switch.said(Released)
    assert len(net.alice.requests("UPDATE")) == 10
    net.advance(2)
    assert net.switch.said(Released)[0].status == 408


def test_a_target_with_a_longer_floor_gets_another_invite() -> None:
    net = Network(settings=SHORT)
    net.bob.supports = "timer"
    net.dial()
    net.bob.refuse(422, fields=(("min-se", "300"),))
    first, second = net.bob.requests("INVITE")
    assert (first.value("session-expires"), first.has("min-se")) == ("120", False)
    assert (second.value("session-expires"), second.value("min-se")) == ("300", "300")
    assert second.cseq.number == first.cseq.number + 1
    net.bob.answer()
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_a_target_whose_floor_is_no_floor_is_a_failure() -> None:
    net = Network(settings=SHORT)
    net.dial()
    net.bob.refuse(422, fields=(("min-se", "60"),))
    assert net.alice.finals() == [480]
    net.assert_over()


def test_the_callers_floor_raises_what_we_grant() -> None:
    net = Network(settings=SHORT)
    net.alice.supports = "timer"
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(fields=(("session-expires", "600"), ("min-se", "400")))
    net.bob.answer()
    assert net.alice.last_response().value("session-expires") == "400;refresher=uac"


def test_an_early_update_starts_no_session_timer() -> None:
    net = Network(settings=SHORT)
    net.alice.supports = net.bob.supports = "100rel, timer"
    net.dial(ring_s=300)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.alice.say("UPDATE", body=sdp("alice", 2), fields=(("session-expires", "120"),))
    assert not net.alice.last_response("UPDATE").has("session-expires")
    net.advance(200)
    assert net.alice.finals() == []
    net.alice.cancel()
    net.assert_over()
