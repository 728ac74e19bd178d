"""Other requests within a call, and what cannot be one (§12.2.2)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Hangup, Released, SendResponse
from sipcore.b2bua.settings import CallSettings
from sipcore.transaction.events import RequestReceived
from tests.support.phones import Network

DTMF = b"Signal=5\r\nDuration=160\r\n"


@pytest.fixture
def net() -> Network:
    network = Network()
    network.connect()
    return network


@pytest.mark.parametrize("side", ["alice", "bob"])
@pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
def test_information_crosses_with_its_body(net: Network, side: str, method: str) -> None:
    here, there = (net.alice, net.bob) if side == "alice" else (net.bob, net.alice)
    here.say(
        method,
        body=DTMF,
        content_type="application/dtmf-relay",
        fields=(("content-disposition", "signal"), ("subject", "leak"), ("x-y", "z")),
    )
    request = there.requests(method)[0]
    assert request.body == DTMF
    assert request.value("content-type") == "application/dtmf-relay"
    assert request.value("content-disposition") == "signal"
    assert not request.has("subject")
    assert not request.has("x-y")
    assert here.finals(method) == [200]


def test_a_failed_info_is_passed_back(net: Network) -> None:
    net.bob.answers["INFO"] = 415
    net.alice.say("INFO", body=DTMF, content_type="application/dtmf-relay")
    assert net.alice.finals("INFO") == [415]
    assert not net.switch.said(Released)


def test_an_info_without_answer_does_not_end_the_call(net: Network) -> None:
    net.loses = lambda _s, target, data: target == net.bob.address and data.startswith(b"INFO")
    net.alice.say("INFO", body=DTMF, content_type="application/dtmf-relay")
    net.advance(31.5)
    assert net.alice.finals("INFO") == []
    net.advance(1)
    assert not net.switch.said(Released)


def test_an_info_to_a_dialog_that_is_gone_ends_the_call(net: Network) -> None:
    net.bob.answers["INFO"] = 481
    net.alice.say("INFO", body=DTMF, content_type="application/dtmf-relay")
    assert net.switch.said(Released)[0].status == 481
    assert net.alice.line.is_over


def test_info_packages_are_refused(net: Network) -> None:
    net.alice.say("INFO", fields=(("info-package", "g.3gpp.mid-call"),))
    assert net.alice.finals("INFO") == [469]
    assert net.alice.last_response("INFO").has("recv-info")
    assert not net.bob.requests("INFO")


def test_too_much_information_at_once_is_refused() -> None:
    net = Network(settings=CallSettings(relayed_max=3))
    net.connect()
    net.bob.answers["INFO"] = None
    for _ in range(5):
        net.alice.say("INFO", body=DTMF, content_type="application/dtmf-relay")
    assert net.alice.finals("INFO") == [500, 500]
    assert len(net.bob.requests("INFO")) == 3


def test_options_is_answered_by_the_switch(net: Network) -> None:
    net.alice.say("OPTIONS")
    response = net.alice.last_response("OPTIONS")
    assert response.status == 200
    assert "INVITE" in response.tokens("allow")[0].upper()
    assert response.value("supported") == "100rel, timer, replaces, norefersub"
    assert response.value("accept") == "application/sdp"
    assert not net.bob.requests("OPTIONS")


@pytest.mark.parametrize("method", ["NOTIFY", "PUBLISH", "FOO"])
def test_other_methods_get_405(net: Network, method: str) -> None:
    net.alice.say(method)
    assert net.alice.finals(method) == [405]
    assert "UPDATE" in (net.alice.last_response(method).value("allow") or "")


@pytest.mark.parametrize(
    ("event", "status"), [("dialog", 489), ("refer", 481), ("refer;id=7", 481)]
)
def test_a_subscribe_in_a_call_can_only_mean_its_transfer(
    net: Network, event: str, status: int
) -> None:
    net.alice.say("SUBSCRIBE", fields=(("event", event),))
    assert net.alice.finals("SUBSCRIBE") == [status]


@pytest.mark.parametrize("method", ["INVITE", "INFO", "UPDATE", "OPTIONS"])
def test_unknown_extensions_get_420(net: Network, method: str) -> None:
    net.alice.say(method, fields=(("require", "bar, 100rel, timer, foo"),))
    response = net.alice.last_response(method)
    assert response.status == 420
    assert response.value("unsupported") == "bar, foo"
    assert not net.switch.said(Released)


def test_an_old_cseq_gets_500(net: Network) -> None:
    net.alice.say("OPTIONS")
    net.alice.line.cseq -= 2
    net.alice.say("INFO")
    assert net.alice.finals("INFO") == [500]
    assert not net.bob.requests("INFO")


def test_a_gap_in_the_cseq_is_no_error(net: Network) -> None:
    net.alice.line.cseq += 500
    net.alice.say("INFO")
    assert net.alice.finals("INFO") == [200]


def test_a_bye_is_answered_whatever_it_requires(net: Network) -> None:
    net.alice.say("BYE", fields=(("require", "foo"),))
    assert net.alice.finals("BYE") == [200]
    assert net.bob.line.is_over


def test_a_body_too_large_gets_413() -> None:
    net = Network(settings=CallSettings(body_bytes_max=1000))
    net.connect()
    net.alice.say("MESSAGE", body=b"x" * 1001, content_type="text/plain")
    assert net.alice.finals("MESSAGE") == [413]
    assert not net.bob.requests("MESSAGE")


def test_a_body_without_type_gets_400(net: Network) -> None:
    info = net.alice.line.request("INFO")
    info.body = b"what?"
    net.alice.send(info)
    assert net.alice.finals("INFO") == [400]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("session-expires", "soon"),
        ("require", '", x'),
        ("max-forwards", "-1"),
        ("content-type", "???"),
    ],
)
def test_malformed_requests_get_400_and_change_nothing(net: Network, key: str, value: str) -> None:
    update = net.alice.line.request("UPDATE")
    update.fields = [field for field in update.fields if field[0] != key]
    update = type(update)("UPDATE", update.uri_text, update.fields, b"x")
    update.add(key, value)
    if key == "max-forwards":
        event = RequestReceived(("x",), update, net.switch.flow(net.alice.address))
        commands = net.switch.call.step(event, now=net.now)
        assert [c.response.status for c in commands if isinstance(c, SendResponse)] == [400]
    else:
        net.alice.send(update)
        assert net.alice.finals("UPDATE") == [400]
    net.alice.say("INFO")
    assert net.alice.finals("INFO") == [200]


def test_after_the_end_everything_but_bye_gets_481(net: Network) -> None:
    net.alice.answers["BYE"] = None
    net.switch.tell(Hangup("", 480))
    net.alice.say("INFO")
    assert net.alice.finals("INFO") == [481]
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [200]


def test_a_request_of_another_dialog_gets_481(net: Network) -> None:
    net.alice.line.local = net.alice.line.local.replace("alice-tag", "mallory-tag")
    net.alice.say("BYE")
    assert net.alice.finals("BYE") == [481]
    assert not net.switch.said(Released)


def test_the_peer_is_where_it_last_spoke_from(net: Network) -> None:
    """Behind a NAT the binding of an address may change during a call."""
    net.ends[("198.51.100.1", 7777)] = net.ends.pop(net.alice.address)
    net.alice.address = ("198.51.100.1", 7777)
    net.alice.say("INFO")
    net.bob.say("INFO")
    assert len(net.alice.requests("INFO")) == 1


@pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
def test_before_the_answer_there_is_nobody_to_tell(method: str) -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.alice.say(method)
    assert net.alice.finals(method) == [491]


def test_options_and_update_within_an_early_dialog() -> None:
    net = Network()
    net.dial()
    net.bob.ring()
    net.alice.say("OPTIONS")
    assert net.alice.finals("OPTIONS") == [200]
    net.alice.say("UPDATE")
    assert net.alice.finals("UPDATE") == [200]
    net.bob.answer()
    assert net.alice.finals() == [200]
