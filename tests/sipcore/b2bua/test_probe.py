"""Asking both legs whether they live (OPTIONS within the dialog)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Hangup, Probe, Proven, Released
from tests.support.phones import Network


@pytest.fixture
def net() -> Network:
    network = Network()
    network.connect()
    return network


def proven(net: Network) -> list[bool]:
    return [p.is_alive for p in net.switch.said(Proven)]


def test_both_must_answer(net: Network) -> None:
    net.bob.answers["OPTIONS"] = None
    net.switch.tell(Probe())
    assert proven(net) == []
    net.bob.respond(net.bob.held[0], 200)
    net.settle()
    assert proven(net) == [True]


@pytest.mark.parametrize("status", [200, 403, 404, 405, 486, 500, 501, 503])
def test_any_other_answer_proves_life(net: Network, status: int) -> None:
    net.bob.answers["OPTIONS"] = status
    net.switch.tell(Probe())
    assert proven(net) == [True]


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_knows_no_dialog_is_dead(net: Network, name: str, status: int) -> None:
    (net.alice if name == "alice" else net.bob).answers["OPTIONS"] = status
    net.switch.tell(Probe())
    assert proven(net) == [False]


def test_silence_counts_as_dead_after_two_seconds(net: Network) -> None:
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.switch.tell(Probe())
    net.advance(1.9)
    assert proven(net) == []
    net.advance(0.2)
    assert proven(net) == [False]
    net.loses = None
    net.advance(40)
    assert proven(net) == [False]
    net.switch.tell(Probe())
    assert proven(net) == [False, True]


def test_a_probe_nobody_waits_for_outlives_a_hiccup(net: Network) -> None:
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.switch.tell(Probe(32.0))
    net.advance(2.5)
    net.loses = None
    net.advance(4)
    assert proven(net) == [True]


def test_a_probe_nobody_waits_for_ends_with_its_transaction(net: Network) -> None:
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.switch.tell(Probe(32.0))
    net.advance(31.9)
    assert proven(net) == []
    net.advance(0.2)
    assert proven(net) == [False]


def test_who_waits_hastens_a_probe_on_its_way(net: Network) -> None:
    net.loses = lambda source, _target, _data: source == net.bob.address
    net.switch.tell(Probe(32.0))
    net.advance(10)
    net.switch.tell(Probe())
    net.advance(1.9)
    assert proven(net) == []
    net.advance(0.2)
    assert proven(net) == [False]


def test_a_dead_connection_is_dead_at_once(net: Network) -> None:
    net.loses = lambda source, target, _data: net.bob.address in (source, target)
    net.switch.tell(Probe())
    net.switch.layer.flow_failed(net.switch.flow(net.bob.address), now=net.now)
    net.settle()
    assert proven(net) == [False]


def test_probes_at_once_are_one(net: Network) -> None:
    net.bob.answers["OPTIONS"] = None
    net.switch.tell(Probe())
    net.switch.tell(Probe())
    assert len(net.bob.requests("OPTIONS")) == 1
    net.bob.respond(net.bob.held[0], 200)
    net.settle()
    assert proven(net) == [True]


def test_a_call_that_ends_meanwhile_is_dead(net: Network) -> None:
    net.bob.answers["OPTIONS"] = None
    net.switch.tell(Probe())
    net.alice.say("BYE")
    assert proven(net) == [False]
    net.assert_over()
    assert proven(net) == [False]


def test_before_the_answer_a_call_is_alive_and_after_its_end_dead() -> None:
    net = Network()
    net.dial()
    net.switch.tell(Probe())
    assert proven(net) == [True]
    net.bob.answers["CANCEL"] = None
    net.bob.ring()
    net.switch.tell(Hangup("", 480))
    net.switch.tell(Probe())
    assert proven(net) == [True, False]


def test_a_probe_does_not_disturb_the_call(net: Network) -> None:
    for _ in range(3):
        net.advance(300)
        net.switch.tell(Probe())
    assert proven(net) == [True, True, True]
    assert not net.switch.said(Released)
    net.alice.say("BYE")
    net.assert_over()
