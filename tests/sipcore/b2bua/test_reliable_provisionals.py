"""Reliable provisional responses on each leg and across both (RFC 3262)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Abandoned, Appended, Released
from sipcore.b2bua.settings import CallSettings
from sipcore.message import Response
from tests.support.phones import Network, Phone, sdp

REL = "100rel, timer"
MUST = (("require", "100rel"),)


def network(
    *callees: str, caller: str = REL, callee: str = REL, settings: CallSettings | None = None
) -> Network:
    net = Network(*callees, settings=settings)
    net.alice.supports = caller
    for phone in net.callees.values():
        phone.supports = callee
    return net


def dial(net: Network, *, body: bytes | None = None, requires: bool = False) -> None:
    net.switch.groups.append(tuple(net.target(name, ring_s=60) for name in net.callees))
    net.alice.call(body=body, fields=MUST if requires else ())


def provisionals(phone: Phone) -> list[Response]:
    return [r for r in phone.responses if r.cseq.method == "INVITE" and 100 < r.status < 200]


def tags(net: Network) -> list[str | None]:
    seen: list[str | None] = []
    for response in net.alice.responses:
        if response.cseq.method == "INVITE" and response.status > 100:
            seen += [] if response.to.tag in seen else [response.to.tag]
    return seen


def is_reliable(response: Response) -> bool:
    return response.has("rseq") and "100rel" in response.tokens("require")


def hang_up(net: Network) -> None:
    net.alice.say("BYE")
    net.assert_over()


# The four cases.


@pytest.mark.parametrize("caller", [REL, "timer"])
@pytest.mark.parametrize("callee", [REL, "timer"])
def test_early_media_crosses_whoever_speaks_100rel(caller: str, callee: str) -> None:
    net = network(caller=caller, callee=callee)
    dial(net)
    if callee == REL:
        net.bob.ring_reliably(183, body=sdp("bob"))
        assert net.bob.unpracked == []
    else:
        net.bob.ring(183, body=sdp("bob"))
    (heard,) = provisionals(net.alice)
    assert (heard.status, heard.body) == (183, sdp("bob"))
    assert is_reliable(heard) is (caller == REL)
    assert len(net.bob.requests("PRACK")) == (callee == REL)
    net.bob.answer(body=b"" if callee == REL else sdp("bob"))
    final = net.alice.last_response()
    # What was told reliably is not told again; what was a preview is.
    assert (final.status, final.body) == (200, b"" if caller == REL else sdp("bob"))
    assert len(tags(net)) == 1
    hang_up(net)


@pytest.mark.parametrize("callee", [REL, "timer"])
def test_a_caller_that_requires_it_hears_nothing_else(callee: str) -> None:
    net = network(callee=callee)
    dial(net, requires=True)
    net.bob.ring()
    net.bob.ring(183)
    assert [(r.status, is_reliable(r)) for r in provisionals(net.alice)] == [
        (180, True),
        (183, True),
    ]
    first, second = (int(r.required("rseq")) for r in provisionals(net.alice))
    assert second == first + 1
    assert net.alice.finals("PRACK") == [200, 200]
    net.bob.answer()
    assert net.alice.last_response().body == sdp("bob")
    hang_up(net)


def test_mere_ringing_is_not_made_reliable_unless_asked_for() -> None:
    for reliable_ringing in (False, True):
        net = network(settings=CallSettings(reliable_ringing=reliable_ringing))
        dial(net)
        net.bob.ring()
        assert [is_reliable(r) for r in provisionals(net.alice)] == [reliable_ringing]
        net.bob.answer()
        hang_up(net)


def test_a_caller_without_it_is_never_asked_for_a_prack() -> None:
    net = network(caller="", settings=CallSettings(reliable_ringing=True))
    dial(net)
    net.bob.ring_reliably(180)
    net.bob.ring_reliably(183, body=sdp("bob"))
    assert not any(r.has("rseq") or r.has("require") for r in provisionals(net.alice))
    assert len(net.bob.requests("PRACK")) == 2
    net.bob.answer()
    hang_up(net)


# Towards the caller (§3).


def test_it_is_repeated_until_its_prack_and_then_the_call_ends() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, requires=True)
    net.bob.ring()
    net.advance(31.9)
    first = provisionals(net.alice)[0]
    assert len(provisionals(net.alice)) == 7
    assert {r.required("rseq") for r in provisionals(net.alice)} == {first.required("rseq")}
    net.advance(0.2)
    assert net.alice.finals() == [504]
    assert net.alice.last_response().value("reason") == 'SIP;cause=504;text="PRACK missing"'
    assert net.switch.said(Abandoned)[0].status == 504
    assert len(net.bob.cancels) == 1
    net.assert_over()


def test_a_lost_one_is_repeated_and_heard() -> None:
    net = network()
    lost: list[bytes] = []

    def loses(_source: object, target: object, data: bytes) -> bool:
        if target == net.alice.address and b"rseq" in data.lower() and len(lost) < 2:
            lost.append(data)
            return True
        return False

    net.loses = loses
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    assert provisionals(net.alice) == []
    net.advance(1.6)
    assert len(lost) == 2
    assert net.alice.finals("PRACK") == [200]
    assert net.bob.unpracked == []
    net.bob.answer(body=b"")
    hang_up(net)


def test_the_second_waits_for_the_prack_of_the_first() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, requires=True)
    net.bob.ring()
    net.bob.ring(182)
    net.bob.ring(183, body=sdp("bob"))
    assert {r.status for r in provisionals(net.alice)} == {180}
    prack(net)
    assert provisionals(net.alice)[-1].body == sdp("bob")
    prack(net)
    net.bob.answer(body=sdp("bob"))
    assert net.alice.last_response().body == b""
    hang_up(net)


def test_of_many_that_wait_only_what_matters_is_kept() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, requires=True)
    net.bob.ring()
    for status in (181, 182, 181, 182, 183):
        net.bob.ring(status)
    prack(net)
    assert provisionals(net.alice)[-1].status == 183
    prack(net)
    net.bob.answer()
    hang_up(net)


def prack(net: Network, *, rack: str = "", body: bytes = b"") -> int:
    last = provisionals(net.alice)[-1]
    rack = rack or f"{last.required('rseq')} 100 INVITE"
    net.alice.say("PRACK", body=body, fields=(("rack", rack),))
    return net.alice.finals("PRACK")[-1]


def test_a_prack_for_something_else_gets_481() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, requires=True)
    net.bob.ring()
    rseq = int(provisionals(net.alice)[0].required("rseq"))
    for rack in (f"{rseq + 1} 100 INVITE", f"{rseq} 101 INVITE", f"{rseq} 100 UPDATE"):
        assert prack(net, rack=rack) == 481
    assert prack(net, rack="nonsense") == 400
    net.alice.say("PRACK")
    assert net.alice.finals("PRACK")[-1] == 400
    assert prack(net) == 200
    assert prack(net) == 481
    net.bob.answer()
    hang_up(net)


def test_a_prack_without_any_reliable_response_gets_481() -> None:
    net = network(caller="")
    dial(net)
    net.bob.ring()
    assert prack(net, rack="1 100 INVITE") == 481
    net.bob.answer()
    assert prack(net, rack="1 100 INVITE") == 481
    hang_up(net)


def test_the_200_waits_for_the_prack_of_a_session_description() -> None:
    net = network(callee="timer")
    net.alice.pracks = False
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=sdp("bob"))
    assert len(net.bob.acks) == 1
    net.advance(3)
    assert net.alice.finals() == []
    assert prack(net) == 200
    assert net.alice.finals() == [200]
    hang_up(net)


def test_the_200_waits_for_prack_and_record_in_either_order() -> None:
    for is_recorded_first in (False, True):
        net = network(callee="timer")
        net.alice.pracks = False
        net.switch.appends = False
        dial(net)
        net.bob.ring(183, body=sdp("bob"))
        net.bob.answer(body=sdp("bob"))
        if is_recorded_first:
            net.switch.tell(Appended())
            assert net.alice.finals() == []
            prack(net)
        else:
            prack(net)
            assert net.alice.finals() == []
            net.switch.tell(Appended())
        assert net.alice.finals() == [200]
        hang_up(net)


def test_an_answered_call_without_prack_ends_on_both_sides() -> None:
    net = network(callee="timer")
    net.alice.pracks = False
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=sdp("bob"))
    net.advance(33)
    assert net.alice.finals() == [504]
    assert len(net.bob.requests("BYE")) == 1
    assert [(r.released_by, r.status) for r in net.switch.said(Released)] == [("switch", 504)]
    assert not net.switch.said(Released)[0].is_told
    net.assert_over()


def test_a_cancel_while_the_200_waits_for_the_prack() -> None:
    net = network(callee="timer")
    net.alice.pracks = False
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=sdp("bob"))
    net.alice.cancel()
    assert net.alice.finals() == [487]
    assert len(net.bob.requests("BYE")) == 1
    net.assert_over()


def test_a_200_does_not_wait_for_a_prack_without_session_description() -> None:
    net = network()
    net.alice.pracks = False
    dial(net, requires=True)
    net.bob.ring()
    net.bob.answer()
    assert net.alice.finals() == [200]
    # §3: whoever sent a final response is still prepared for the PRACK.
    assert prack(net) == 200
    count = len(provisionals(net.alice))
    net.advance(10)
    assert len(provisionals(net.alice)) == count
    hang_up(net)


def test_what_waited_for_a_prack_is_not_said_behind_the_answer() -> None:
    net = network()
    net.alice.pracks = False
    net.switch.appends = False
    dial(net, requires=True)
    net.bob.ring()
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=sdp("bob"))
    assert prack(net) == 200
    assert [r.status for r in provisionals(net.alice)] == [180]
    net.switch.tell(Appended())
    assert net.alice.last_response().body == sdp("bob")
    hang_up(net)


def test_an_emergency_call_waits_for_the_prack_only() -> None:
    net = network()
    net.switch.confirm = False
    net.switch.appends = False
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.bob.answer(body=b"")
    assert net.alice.finals() == [200]
    hang_up(net)


def test_a_refusal_waits_for_no_prack() -> None:
    net = network(callee="timer")
    net.alice.pracks = False
    dial(net)
    net.bob.ring(183, body=sdp("bob"))
    net.bob.refuse(486)
    assert net.alice.finals() == [486]
    net.assert_over()


def test_ringing_goes_on_reliably_every_minute() -> None:
    net = network()
    dial(net, requires=True)
    net.switch.groups.append((net.target("bob", ring_s=300),))
    net.bob.ring()
    net.bob.refuse(486)
    net.bob.ring()
    net.advance(125)
    heard = provisionals(net.alice)
    assert [(r.status, is_reliable(r)) for r in heard] == [(180, True)] * 3
    assert len({r.required("rseq") for r in heard}) == 3
    net.bob.answer()
    hang_up(net)


# Towards the callee (§4).


def test_each_one_of_the_callee_gets_its_prack_in_order() -> None:
    net = network(caller="timer")
    dial(net)
    assert net.bob.requests("INVITE")[0].value("supported") == "100rel, timer, replaces, norefersub"
    net.bob.ring_reliably(180, rseq=7)
    net.bob.ring_reliably(183, rseq=8)
    invite = net.bob.requests("INVITE")[0]
    racks = [request.value("rack") for request in net.bob.requests("PRACK")]
    assert racks == [f"{n} {invite.cseq.number} INVITE" for n in (7, 8)]
    assert [p.cseq.number for p in net.bob.requests("PRACK")] == [2, 3]
    net.bob.answer()
    hang_up(net)
    assert net.bob.requests("BYE") == [] or net.bob.requests("BYE")[0].cseq.number > 3


def test_one_out_of_order_is_ignored_until_its_turn() -> None:
    net = network(caller="timer")
    dial(net)
    net.bob.ring_reliably(180, rseq=7)
    net.bob.ring_reliably(183, body=sdp("late"), rseq=9)
    assert [r.status for r in provisionals(net.alice)] == [180]
    net.bob.ring_reliably(181, rseq=8)
    assert [r.status for r in provisionals(net.alice)] == [180, 181]
    # The one that came too soon is repeated, and taken now.
    net.advance(1)
    assert [r.status for r in provisionals(net.alice)] == [180, 181, 183]
    assert net.bob.unpracked == []
    net.bob.answer()
    hang_up(net)


def test_a_lost_prack_is_repeated_by_its_transaction_and_the_response_is_not_heard_twice() -> None:
    net = network(caller="timer")
    lost: list[bytes] = []

    def loses(_source: object, target: object, data: bytes) -> bool:
        if target == net.bob.address and data.startswith(b"PRACK") and not lost:
            lost.append(data)
            return True
        return False

    net.loses = loses
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.advance(4)
    assert lost
    assert len(net.bob.requests("PRACK")) == 1
    assert len(provisionals(net.alice)) == 1
    net.bob.answer(body=b"")
    hang_up(net)


def test_a_reliable_199_is_acknowledged_and_not_shown() -> None:
    net = network()
    dial(net)
    net.bob.ring_reliably(199)
    assert net.bob.unpracked == []
    assert provisionals(net.alice) == []
    net.bob.answer()
    hang_up(net)


def test_a_cancelled_target_still_gets_its_prack() -> None:
    net = network()
    net.bob.answers["CANCEL"] = None
    dial(net)
    net.bob.ring()
    net.alice.cancel()
    net.bob.ring_reliably(180)
    assert net.bob.unpracked == []
    net.bob.refuse(487)
    net.assert_over()


def test_a_target_that_answers_behind_its_cancel_is_hung_up_on_in_order() -> None:
    net = network()
    net.bob.answers["CANCEL"] = None
    dial(net)
    net.bob.ring_reliably(183, body=sdp("bob"))
    net.alice.cancel()
    net.bob.answer(body=b"")
    assert net.bob.requests("BYE")[0].cseq.number > net.bob.requests("PRACK")[0].cseq.number
    net.assert_over()


def test_a_prack_that_the_target_does_not_know_changes_nothing() -> None:
    net = network()
    net.bob.answers["PRACK"] = 481
    dial(net)
    net.bob.ring_reliably(180)
    net.bob.unpracked = []
    net.bob.answer()
    assert net.alice.finals() == [200]
    hang_up(net)


def test_a_fork_below_a_target_has_an_order_for_each_dialog() -> None:
    net = network(caller="timer")
    dial(net)
    net.bob.ring_reliably(180, tag="one", rseq=5)
    net.bob.ring_reliably(180, tag="two", rseq=50)
    net.bob.ring_reliably(183, tag="one", rseq=6)
    assert [p.to.tag for p in net.bob.requests("PRACK")] == ["one", "two", "one"]
    assert [p.cseq.number for p in net.bob.requests("PRACK")] == [2, 2, 3]
    net.bob.answer(tag="two")
    assert net.alice.finals() == [200]
    hang_up(net)


def test_a_re_invite_asks_for_no_reliable_responses() -> None:
    net = network()
    net.dial()
    net.bob.ring()
    net.bob.answer()
    net.alice.say("INVITE", body=sdp("alice", 2))
    assert net.bob.requests("INVITE")[1].value("supported") == "timer"
    hang_up(net)
