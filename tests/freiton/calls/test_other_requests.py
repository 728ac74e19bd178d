"""What is no call: MESSAGE and OPTIONS to all devices, our own answers, and what we refuse."""

from __future__ import annotations

import pytest

from sipcore.message import Request
from sipcore.message.message import serialize
from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.support.scripted_phones import Fields
from tests.support.virtual_town import account


def test_a_message_reaches_every_device_of_an_account() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("ben", 2).register()
    anna = switch.phone("anna")
    anna.ask("MESSAGE", "sip:ben@example.org", body=b"hello")
    assert anna.statuses["MESSAGE"] == [200]
    for place in (1, 2):
        (heard,) = switch.phone("ben", place).heard
        assert heard.method == "MESSAGE"
        assert heard.body == b"hello"
        assert not heard.has("proxy-authorization"), "a password proof is nobody else's"
    switch.wire.advance(60)
    switch.assert_quiet()


def test_options_for_an_account_are_forwarded_and_those_for_us_answered() -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    anna.ask("OPTIONS", "sip:ben@example.org")
    assert [one.method for one in ben.heard] == ["OPTIONS"]
    anna.ask("OPTIONS", "sip:example.org")
    assert anna.statuses["OPTIONS"] == [200, 200]
    assert "INVITE" in anna.replies[-1].required("allow")
    assert len(ben.heard) == 1


def test_options_that_need_what_we_cannot_do_are_told_so() -> None:
    switch = open_switch(ANNA)
    anna = switch.phone("anna")
    anna.ask("OPTIONS", "sip:example.org", fields=(("require", "foo"),))
    assert anna.statuses["OPTIONS"] == [420]
    assert anna.replies[-1].required("unsupported") == "foo"


def test_a_message_to_nobody_and_to_an_unknown_account() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("ben").register(0)
    anna = switch.phone("anna")
    anna.ask("MESSAGE", "sip:ben@example.org", body=b"hello")
    anna.ask("MESSAGE", "sip:nobody@example.org", body=b"hello")
    assert anna.statuses["MESSAGE"] == [480, 404]


def test_a_disabled_account_writes_to_nobody() -> None:
    switch = open_switch(account(1, "anna", enabled=False), BEN)
    phone = switch.phone("anna")
    phone.register()
    phone.ask("MESSAGE", "sip:ben@example.org", body=b"Hello")
    assert phone.statuses["MESSAGE"] == [403]
    assert switch.phone("ben").heard == []


def test_nobody_writes_in_anothers_name() -> None:
    switch = open_switch(ANNA, BEN)
    anna, ben = switch.phone("anna"), switch.phone("ben")
    anna.shown_as = "ben"
    anna.ask("MESSAGE", "sip:ben@example.org", body=b"hello")
    assert anna.statuses["MESSAGE"] == [403]
    assert ben.heard == []


def test_a_method_that_nobody_knows_is_for_the_phones() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("anna").ask("FOO", "sip:ben@example.org")
    assert [one.method for one in switch.phone("ben").heard] == ["FOO"]
    switch.wire.advance(60)
    switch.assert_quiet()


def test_options_without_hops_left_end_here() -> None:
    switch = open_switch(ANNA, BEN)
    anna = switch.phone("anna")
    probe = Request("OPTIONS", "sip:ben@example.org")
    for key, value in (
        ("via", "SIP/2.0/UDP 198.51.100.1:5061;branch=z9hG4bKprobe"), ("max-forwards", "0"),
        ("from", "<sip:anna@example.org>;tag=1"), ("to", "<sip:ben@example.org>"),
        ("call-id", "probe"), ("cseq", "1 OPTIONS"),
    ):  # fmt: skip
        probe.add(key, value)
    switch.receive(serialize(probe), anna.address)
    ((_, data),) = switch.take_packets()
    assert data.startswith(b"SIP/2.0 200")
    assert switch.phone("ben").heard == []


@pytest.mark.parametrize(
    ("method", "status", "fields"),
    [
        ("NOTIFY", 405, (("event", "check-sync"),)),
        ("SUBSCRIBE", 489, (("event", "conference"),)),
        ("PUBLISH", 489, (("event", "dialog"),)),
        ("BYE", 481, ()),
        ("INFO", 481, ()),
        ("REFER", 403, ()),
    ],
)
def test_what_we_do_not_do(method: str, status: int, fields: Fields) -> None:
    switch = open_switch(ANNA, BEN)
    anna = switch.phone("anna")
    anna.ask(method, "sip:ben@example.org", fields=fields)
    assert anna.statuses[method] == [status]
    if status == 405:
        assert "INVITE" in anna.replies[-1].required("allow")
    switch.wire.advance(60)
    switch.assert_quiet()


def test_an_extension_that_we_do_not_have() -> None:
    extension = "nonsense"
    switch = open_switch(ANNA, BEN)
    side = switch.phone("anna").call("ben", fields=(("require", extension),))
    assert side.finals == [420]
    assert side.final.required("unsupported") == extension
    assert switch.phone("ben").sides == []


def test_malformed_bytes_cost_nobody_else_anything() -> None:
    switch = open_switch(ANNA, BEN)
    caller = switch.phone("anna").call("ben")
    for data in (
        b"\xff\xfe",
        b"INVITE",
        b"INVITE sip:x SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
    ):
        switch.receive(data, ("192.0.2.99", 5060))
    assert switch.refused_bytes == 4
    ben = switch.phone("ben")
    ben.answer(ben.sides[0])
    assert caller.finals == [200]
    assert switch.faults == []
