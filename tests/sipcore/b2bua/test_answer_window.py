"""Between the callee's 200 and ``Appended`` (D14): every thing that may happen there."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import (
    Answered,
    Append,
    Appended,
    AppendFailed,
    Ended,
    Hangup,
    Probe,
    Proven,
    Refuse,
    Released,
)
from tests.support.phones import Network


@pytest.fixture
def net() -> Network:
    """A call whose callee has answered and whose record is not durable yet."""
    network = Network()
    network.switch.appends = False
    network.dial()
    network.bob.ring()
    network.bob.answer()
    return network


def released(net: Network) -> list[tuple[str, int]]:
    return [(r.released_by, r.status) for r in net.switch.said(Released)]


def test_the_callee_has_its_ack_and_the_caller_waits(net: Network) -> None:
    assert len(net.bob.acks) == 1
    assert net.alice.finals() == []
    assert [type(c) for c in net.switch.commands[-2:]] == [Append, Answered]


def test_appended_lets_the_caller_hear(net: Network) -> None:
    net.advance(0.3)
    net.switch.tell(Appended())
    assert net.alice.finals() == [200]
    net.advance(1)
    assert released(net) == []
    net.alice.say("BYE")
    net.assert_over()


@pytest.mark.parametrize("key", ["supported", "allow"])
def test_a_list_too_long_to_read_does_not_swallow_the_answer(key: str) -> None:
    network = Network()
    network.switch.groups.append((network.target("bob"),))
    network.alice.call(fields=((key, ",".join(f"x{number}" for number in range(80))),))
    network.bob.answer()
    assert network.alice.finals() == [200]
    network.alice.say("BYE")
    network.assert_over()


def test_append_failed_ends_both(net: Network) -> None:
    net.switch.tell(AppendFailed())
    assert net.alice.finals() == [503]
    assert len(net.bob.requests("BYE")) == 1
    assert released(net) == [("switch", 503)]
    net.assert_over()


def test_silence_of_the_log_ends_both_after_500_ms(net: Network) -> None:
    net.advance(0.49)
    assert net.alice.finals() == []
    net.advance(0.02)
    assert net.alice.finals() == [503]
    assert net.bob.line.is_over
    assert released(net) == [("switch", 503)]
    net.assert_over()


def test_appended_after_that_is_too_late(net: Network) -> None:
    net.bob.answers["BYE"] = None
    net.advance(0.6)
    net.switch.tell(Appended())
    net.switch.tell(AppendFailed())
    assert net.alice.finals() == [503]
    assert released(net) == [("switch", 503)]


def test_cancel_gets_487_and_the_callee_a_bye(net: Network) -> None:
    net.alice.cancel()
    assert net.alice.finals() == [487]
    assert len(net.bob.requests("BYE")) == 1
    assert released(net) == [("caller", 487)]
    net.assert_over()


def test_cancel_then_appended(net: Network) -> None:
    net.bob.answers["BYE"] = None
    net.alice.cancel()
    net.switch.tell(Appended())
    assert net.alice.finals() == [487]
    assert released(net) == [("caller", 487)]


def test_bye_of_the_callee_refuses_the_caller(net: Network) -> None:
    net.bob.say("BYE", fields=(("reason", "Q.850;cause=16"),))
    assert net.alice.finals() == [480]
    assert net.alice.last_response().value("reason") == "Q.850;cause=16"
    assert released(net) == [("callee", 200)]
    net.assert_over()


def test_bye_of_the_caller_on_its_early_dialog(net: Network) -> None:
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [200]
    assert net.alice.finals() == [487]
    assert net.bob.line.is_over
    assert released(net) == [("caller", 200)]
    net.assert_over()


def test_a_repeated_200_gets_the_same_ack_and_changes_nothing() -> None:
    net = Network()
    net.switch.appends = False
    net.loses = lambda _s, target, data: target == net.bob.address and data.startswith(b"ACK ")
    net.dial()
    net.bob.answer()
    net.advance(0.45)
    net.loses = None
    net.switch.tell(Appended())
    net.advance(0.2)
    assert len(net.bob.acks) == 1
    assert len(net.switch.said(Append)) == 1
    assert len(net.switch.said(Answered)) == 1
    net.alice.say("BYE")
    net.assert_over()


def test_hangup_ends_both(net: Network) -> None:
    net.switch.tell(Hangup("Q.850;cause=31", 402))
    assert net.alice.finals() == [402]
    assert net.bob.requests("BYE")[0].value("reason") == "Q.850;cause=31"
    assert released(net) == [("switch", 402)]
    net.assert_over()


def test_refuse_is_not_for_an_answered_call(net: Network) -> None:
    net.switch.tell(Refuse(486))
    net.switch.tell(Appended())
    assert net.alice.finals() == [200]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE"])
def test_the_callee_cannot_reach_the_caller_yet(net: Network, method: str) -> None:
    net.bob.version = 2
    net.bob.say(method, body=net.bob.sdp)
    assert net.bob.finals(method) == [491]
    net.switch.tell(Appended())
    assert net.alice.finals() == [200]


def test_the_caller_may_not_make_a_second_offer(net: Network) -> None:
    net.alice.say("UPDATE", body=net.alice.sdp)
    assert net.alice.finals("UPDATE") == [500]
    assert net.alice.last_response("UPDATE").value("retry-after") == "5"


def test_an_update_without_offer_starts_no_session_timer(net: Network) -> None:
    net.alice.session_expires = "90"
    net.alice.say("UPDATE")
    response = net.alice.last_response("UPDATE")
    assert response.status == 200
    assert not response.has("session-expires")


def test_a_call_in_the_window_is_alive_by_itself(net: Network) -> None:
    net.switch.tell(Probe())
    assert [p.is_alive for p in net.switch.said(Proven)] == [True]


def test_another_target_that_answers_in_the_window_is_ended() -> None:
    net = Network("bob", "carol")
    net.switch.appends = False
    net.dial()
    for callee in net.callees.values():
        callee.ring()
        callee.answers["CANCEL"] = None
    net.callees["bob"].answer()
    net.callees["carol"].answer()
    assert net.callees["carol"].line.is_over
    net.switch.tell(Appended())
    assert net.alice.finals() == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_an_emergency_call_does_not_wait() -> None:
    net = Network()
    net.switch.appends = False
    net.switch.confirm = False
    net.dial()
    net.bob.answer()
    assert net.alice.finals() == [200]
    assert len(net.switch.said(Append)) == 1
    net.advance(2)
    net.switch.tell(AppendFailed())
    assert released(net) == []
    net.alice.say("BYE")
    net.assert_over()


def test_without_a_record_an_emergency_call_still_ends_once() -> None:
    net = Network()
    net.switch.appends = False
    net.switch.confirm = False
    net.dial()
    net.bob.answer()
    net.bob.say("BYE")
    assert released(net) == [("callee", 200)]
    net.advance(1)
    assert len(net.switch.said(Ended)) == 1


def test_a_caller_without_offer_in_the_window() -> None:
    """The 200 carries the offer; when the call ends before, its ACK goes out without an answer."""
    net = Network()
    net.switch.appends = False
    net.dial(body=b"")
    net.bob.answer()
    assert net.bob.acks == []
    net.switch.tell(AppendFailed())
    assert len(net.bob.acks) == 1
    assert net.bob.acks[0].body == b""
    assert net.bob.line.is_over
    assert net.alice.finals() == [503]
    net.assert_over()
