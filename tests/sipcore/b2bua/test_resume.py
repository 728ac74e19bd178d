"""After a crash: a new process speaks on both legs, and the phones believe it (D9)."""

from __future__ import annotations

import msgspec
import pytest

from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import Append, Hangup, Probe, Proven, Released, Updated
from sipcore.b2bua.resume import CallRecord, read_record
from sipcore.b2bua.settings import CallSettings
from sipcore.errors import LocalError
from sipcore.transport.flow import Listener, Transport
from tests.support.phones import CountingIdentifiers, Network, sdp


@pytest.fixture
def net() -> Network:
    network = Network()
    network.connect()
    network.alice.say("INFO", body=b"1", content_type="text/plain")
    network.bob.say("INVITE", body=sdp("bob", 2))
    network.advance(100)
    network.switch.restart()
    return network


def proven(net: Network) -> list[bool]:
    return [p.is_alive for p in net.switch.said(Proven)]


def test_both_phones_answer_the_probe(net: Network) -> None:
    net.switch.tell(Probe())
    assert proven(net) == [True]
    assert len(net.alice.requests("OPTIONS")) == 1
    assert len(net.bob.requests("OPTIONS")) == 1


def test_a_name_that_is_no_utf_8_is_kept_as_it_was_sent() -> None:
    net = Network()
    net.alice.name = "m\udcfcller"  # in From, Call-ID and Contact
    net.connect()
    net.switch.restart()
    net.switch.tell(Hangup("Q.850;cause=31", 480))
    bye = net.alice.requests("BYE")[0]
    assert bye.required("to").startswith('"m\udcfcller" ')
    assert bye.call_id == "m\udcfcller-call"
    net.assert_over()


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_either_phone_may_hang_up(net: Network, side: str) -> None:
    (net.alice if side == "caller" else net.bob).say("BYE")
    assert net.alice.line.is_over
    assert net.bob.line.is_over
    assert net.switch.said(Released)[0].released_by == side
    net.assert_over()


def test_the_switch_may_hang_up(net: Network) -> None:
    net.switch.tell(Hangup("Q.850;cause=31", 480))
    assert net.alice.requests("BYE")
    assert net.bob.requests("BYE")
    net.assert_over()


def test_the_session_may_change_again(net: Network) -> None:
    net.alice.say("INVITE", body=sdp("alice", 5, "sendonly"))
    assert net.bob.requests("INVITE")[-1].body == sdp("alice", 5, "sendonly")
    assert net.alice.finals() == [200, 200]
    net.bob.say("UPDATE", body=sdp("bob", 6))
    assert net.bob.finals("UPDATE") == [200]


def test_a_phone_that_forgot_the_call_is_found_out(net: Network) -> None:
    net.bob.answers["OPTIONS"] = 481
    net.switch.tell(Probe())
    assert proven(net) == [False]
    assert not net.switch.said(Released)
    net.switch.tell(Hangup("", 480))
    assert net.switch.said(Released)[0].released_by == "switch"
    net.assert_over()


def test_session_timers_run_on() -> None:
    net = Network(settings=CallSettings(session_expires_s=200))
    net.alice.session_expires = "200;refresher=uas"
    net.connect()
    net.alice.session_expires = None
    net.advance(50)
    net.switch.restart()
    net.switch.tell(Probe())
    net.advance(101)
    assert len(net.alice.requests("UPDATE")) == 1
    # The callee was to refresh and does not.
    net.advance(100)
    assert net.switch.said(Released)[0].status == 408
    net.assert_over()


def test_a_refresh_by_reinvite_survives() -> None:
    net = Network(settings=CallSettings(session_expires_s=200))
    net.alice.session_expires = "200;refresher=uas"
    net.alice.allow = "INVITE, ACK, BYE"
    net.bob.supports = ""
    net.connect()
    net.alice.session_expires = None
    net.switch.restart()
    net.switch.tell(Probe())
    net.advance(101)
    assert net.alice.requests("INVITE")[0].body == net.bob.sdp
    assert not net.switch.said(Released)


def test_the_record_after_an_update_knows_the_new_target() -> None:
    net = Network()
    net.connect()
    update = net.alice.line.request("UPDATE")
    update.add("contact", "<sip:alice@198.51.100.1:5061;moved>")
    net.alice.send(update)
    record = read_record(net.switch.said(Updated)[-1].resume)
    assert record.caller.remote_target == "sip:alice@198.51.100.1:5061;moved"


def test_the_record_holds_no_secret_and_no_money() -> None:
    net = Network()
    net.connect()
    record = read_record(net.switch.said(Append)[0].resume)
    assert record.target == "bob"
    assert record.callee.sdp == b""
    assert record.caller.listener == "udp"
    assert (record.caller.host, record.caller.port) == net.alice.address
    assert len(net.switch.said(Append)[0].resume) < 1000


def resume(record: bytes, listeners: dict[str, Listener]) -> Call:
    return Call.resume("c", record, listeners, identifiers=CountingIdentifiers("r"))


@pytest.mark.parametrize("data", [b"", b"nonsense", msgspec.msgpack.encode([9, "x"])])
def test_a_record_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(LocalError):
        resume(data, {})


def test_a_record_of_another_version_is_refused() -> None:
    net = Network()
    net.connect()
    record = read_record(net.switch.said(Append)[0].resume)
    newer = CallRecord(3, record.target, record.callee_number, record.caller, record.callee)
    with pytest.raises(LocalError):
        resume(msgspec.msgpack.encode(newer), {"udp": net.switch.listener})


def test_a_listener_that_is_gone_is_refused() -> None:
    net = Network()
    net.connect()
    other = Listener("other", Transport.UDP, ("192.0.2.1", 5060))
    with pytest.raises(LocalError):
        resume(net.switch.said(Append)[0].resume, {"other": other})


def test_a_resumed_call_is_found_by_its_dialogs(net: Network) -> None:
    dialogs = net.switch.call.dialog_ids()
    assert {d.remote_tag for d in dialogs} == {net.alice.tag, net.bob.tag}
