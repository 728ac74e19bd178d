"""What may cross: a short list; everything else that a caller says reaches nobody (D5)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore.b2bua.call_events import SendAck, SendRequest
from sipcore.b2bua.header_policy import (
    ALLOW,
    BODY_FIELDS,
    FAILURE_FIELDS,
    INVITE_FIELDS,
    SUPPORTED,
    contact,
    failure_fields,
    hops_left,
    passed_fields,
    reason_of,
)
from sipcore.message import Request, Response
from sipcore.message.headers import WIRE_NAMES
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import Network, sdp

OURS = frozenset(
    {
        "via", "max-forwards", "from", "to", "call-id", "cseq", "contact", "allow", "supported",
        "session-expires", "content-type", "content-length", "p-asserted-identity",
    }
)  # fmt: skip
READ = frozenset(
    {
        "via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length",
        "content-type", "content-encoding", "content-disposition", "content-language",
        "mime-version", "accept", "priority", "require", "proxy-require", "session-expires",
        "min-se", "route", "record-route", "supported", "allow",
    }
)  # fmt: skip
"""What is read by us, or passes; every other header that we know, and some we do not, leak."""
LEAKS = (*sorted(set(WIRE_NAMES) - READ), "x-secret", "p-charge-info", "remote-party-id2")


@pytest.mark.parametrize("key", LEAKS)
def test_no_header_of_the_caller_leaks(key: str) -> None:
    net = Network()
    net.switch.groups.append((net.target("bob", fields=(("p-asserted-identity", "<sip:1@f>"),)),))
    net.alice.call(fields=((key, "<sip:leak@secret.test>"),))
    invite = net.bob.requests("INVITE")[0]
    assert {name for name, _ in invite.fields} <= OURS
    assert invite.values("p-asserted-identity") == ["<sip:1@f>"]
    assert b"secret.test" not in repr(invite.fields).encode()


def test_no_header_of_the_caller_leaks_through_any_message_of_a_call() -> None:
    net = Network()
    hostile = tuple((key, "<sip:leak@secret.test>") for key in LEAKS if key != "info-package")
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(fields=hostile)
    net.bob.ring()
    net.bob.answer()
    for method in ("INVITE", "UPDATE", "INFO", "MESSAGE", "BYE"):
        net.alice.say(method, body=sdp("alice", 9), fields=hostile)
    sent = [c.request for c in net.switch.sent if isinstance(c, SendRequest | SendAck)]
    assert len(sent) >= 7
    for request in sent:
        assert "secret" not in repr(request.fields), request
        assert "example.org" not in repr(request.fields), request


def test_no_header_of_a_target_leaks_to_the_caller() -> None:
    net = Network()
    net.dial()
    hostile = tuple((key, "<sip:leak@secret.test>") for key in LEAKS)
    net.bob.respond(net.bob.call_offered(), 180, fields=hostile)
    net.settle()
    net.bob.respond(net.bob.call_offered(), 183, fields=hostile, body=sdp("bob"))
    net.settle()
    net.bob.refuse(486, hostile)
    assert net.alice.finals() == [486]
    for response in net.alice.responses:
        assert "secret" not in repr(response.fields)


def test_what_passes() -> None:
    net = Network()
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(
        fields=(
            ("accept", "application/sdp, text/plain;q=0.5"),
            ("priority", "emergency"),
            ("content-disposition", "session;handling=required"),
            ("content-language", "de"),
            ("mime-version", "1.0"),
        )
    )
    invite = net.bob.requests("INVITE")[0]
    assert invite.value("accept") == "application/sdp, text/plain;q=0.5"
    assert invite.value("priority") == "emergency"
    assert invite.value("content-disposition") == "session;handling=required"
    assert invite.value("content-language") == "de"
    assert invite.value("mime-version") == "1.0"
    assert invite.body == net.alice.sdp


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("priority", "urgent <sip:x>"),
        ("priority", '"very"'),
        ("accept", "application"),
        ("accept", "a/b, <sip:x>"),
    ],
)
def test_what_is_not_what_it_says_does_not_pass(key: str, value: str) -> None:
    request = Request("INVITE", "sip:x@y")
    request.add(key, value)
    assert passed_fields(request) == ()


def test_what_a_target_is_told_by_us_stands_once() -> None:
    net = Network()
    net.switch.groups.append((net.target("bob", fields=(("priority", "emergency"),)),))
    net.alice.call(fields=(("priority", "non-urgent"),))
    assert net.bob.requests("INVITE")[0].values("priority") == ["emergency"]


@pytest.mark.parametrize(
    "value",
    [
        ",".join(["a/b" + " " * 60] * 4) + '"',
        "a/b" + " " * 4_000 + '"',
        "a/b;" + " ;" * 2_000 + ",",
        "a , " * 1_000 + '"',
    ],
)
def test_no_value_costs_more_than_its_size(value: str) -> None:
    started = time.process_time()
    for fields in (INVITE_FIELDS, FAILURE_FIELDS, BODY_FIELDS):
        for pattern in fields.values():
            pattern.fullmatch(value)
    assert time.process_time() - started < 0.1


def test_what_we_always_set() -> None:
    net = Network()
    net.dial()
    invite = net.bob.requests("INVITE")[0]
    assert invite.value("allow") == ALLOW
    assert invite.value("supported") == SUPPORTED == "100rel, timer, replaces, norefersub"
    assert not invite.has("user-agent")
    assert not invite.has("require")
    assert invite.max_forwards == 69
    assert invite.value("contact") == f"<sip:{net.switch.call.call_id}@192.0.2.1:5060>"
    assert invite.required("from").startswith('"Alice" <sip:+4930111@freiton.test>;tag=')
    assert "path" not in repr(invite.fields)
    net.bob.answer()
    response = net.alice.last_response()
    assert response.value("allow") == ALLOW
    assert response.value("supported") == SUPPORTED
    assert not response.has("server")


@pytest.mark.parametrize(
    ("transport", "peer", "uri"),
    [
        (Transport.UDP, "sip:p@h", "sip:c1@203.0.113.5:5060"),
        (Transport.TCP, "sip:p@h", "sip:c1@203.0.113.5:5060;transport=tcp"),
        (Transport.TLS, "sip:p@h", "sip:c1@203.0.113.5:5060;transport=tls"),
        (Transport.TLS, "SIPS:p@h", "sips:c1@203.0.113.5:5060"),
        (Transport.WS, "sip:p@h", "sip:c1@203.0.113.5:5060;transport=ws"),
        (Transport.WSS, "sip:p@h", "sip:c1@203.0.113.5:5060;transport=ws"),
        (Transport.WSS, "sips:p@h", "sips:c1@203.0.113.5:5060;transport=ws"),
        (Transport.UDP, "sips:p@h", "sip:c1@203.0.113.5:5060"),
    ],
)
def test_a_contact_says_how_it_is_reached(transport: Transport, peer: str, uri: str) -> None:
    listener = Listener("t", transport, ("10.0.0.1", 5060), ("203.0.113.5", 5060))
    assert contact("c1", Flow(listener, ("198.51.100.1", 1)), peer) == f"<{uri}>"


@pytest.mark.parametrize(("received", "left"), [("70", 69), ("1", 0), ("0", 0), (None, 70)])
def test_hops(received: str | None, left: int) -> None:
    request = Request("INVITE", "sip:x@y")
    if received is not None:
        request.add("max-forwards", received)
    assert hops_left(request) == left


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("SIP;cause=200", "SIP;cause=200"),
        ('Q.850 ;cause=16 ;text="Normal"', 'Q.850;cause=16;text="Normal"'),
        ('q.850;cause=16, SIP;cause=486;text="Busy"', 'Q.850;cause=16, SIP;cause=486;text="Busy"'),
        ("X-INTERNAL;cause=1;text=secret", ""),
        ("SIP;text=secret", ""),
        ("SIP;cause=many", ""),
        ('SIP;cause=1;text="' + "x" * 300 + '"', 'SIP;cause=1;text="' + "x" * 80 + '"'),
        ('SIP;cause=1;leak=secret;text="\\"a\\""', 'SIP;cause=1;text="\\"a\\""'),
        ('SIP;cause=1;text="', ""),
        ('SIP;cause=1;text=", SIP;cause=2', ""),
        ('SIP;cause=1;text="\u00e4\u00f6"', "SIP;cause=1"),
        ("SIP;cause=1,SIP;cause=2,SIP;cause=3", "SIP;cause=1, SIP;cause=2"),
    ],
)
def test_a_reason_is_written_anew(value: str, written: str) -> None:
    bye = Request("BYE", "sip:x@y")
    bye.add("reason", value)
    assert reason_of(bye) == written


def test_failure_fields_name_what_helps() -> None:
    response = Response(503, "x")
    for key, value in (
        ("retry-after", "30"), ("accept", "application/sdp"), ("reason", "Q.850;cause=34"),
        ("server", "secret"), ("warning", '399 host "secret"'), ("contact", "<sip:leak>"),
    ):  # fmt: skip
        response.add(key, value)
    assert failure_fields(response) == (
        ("retry-after", "30"),
        ("accept", "application/sdp"),
        ("reason", "Q.850;cause=34"),
    )


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=0, max_size=120))
def test_no_reason_of_a_peer_breaks_ours(value: str) -> None:
    bye = Request("BYE", "sip:x@y")
    bye.add("reason", value)
    written = reason_of(bye)
    assert "\r" not in written
    assert "\n" not in written
    again = Request("BYE", "sip:x@y")
    again.add("reason", written)
    assert reason_of(again) == written
