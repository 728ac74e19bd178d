"""What people see of a message holds no secret, no content, and nothing that acts on a terminal."""

from __future__ import annotations

import pytest

from freiton.trace.ladder import ladder
from freiton.trace.shown_message import whole_text
from freiton.trace.sipp import UAC, UAS, scenarios
from freiton.trace.why import why
from tests.freiton.calls.scene import open_switch
from tests.freiton.trace.played_calls import trace
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE
from tests.support.virtual_wire import Packet

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
SDP = (
    f"v=0\r\no={MOBILE} 1 1 IN IP4 192.0.2.7\r\ns=call {MOBILE}\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    f"m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}\r\n"
    f"a=ice-pwd:{KEY}\r\na=note:[file name=secret.key]\r\n"
)
FORGED = "Busy [file name=secret.key] \x9b31m"


def message(head: str, body: str, content_type: str) -> bytes:
    lines = (
        "INVITE sip:ben@example.org SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa",
        "From: <sip:anna@example.org>;tag=1",
        "To: <sip:ben@example.org>",
        "Call-ID: a",
        "CSeq: 1 INVITE",
        *([head] if head else []),
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body.encode())}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    "head",
    [
        'Authorization: Digest username="a",\r\n response="hidden"',
        'Proxy-Authorization:\r\n\tDigest\r\n response="hidden"',
        'authorization  : Digest response="hidden"',
    ],
)
def test_credentials_are_cut_out_on_every_line(head: str, *, full: bool) -> None:
    text = whole_text(message(head, SDP, "application/sdp"), full=full)
    assert "hidden" not in text
    assert "(cut out)\r\nContent-Type: application/sdp\r\n" in text


@pytest.mark.parametrize("full", [True, False])
def test_keys_of_the_media_are_cut_out(*, full: bool) -> None:
    text = whole_text(message("", SDP, "application/sdp"), full=full)
    assert KEY not in text
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 (cut out)\r\n" in text
    assert (MOBILE in text) is full
    assert "c=IN IP4 192.0.2.7\r\n" in text


@pytest.mark.parametrize("content_type", ["application/dtmf-relay", "text/plain"])
def test_what_was_typed_or_written_is_shown_only_when_asked_for(content_type: str) -> None:
    data = message("", "Signal=7\r\n", content_type)
    assert "Signal" not in whole_text(data, full=False)
    assert whole_text(data, full=False).endswith("(10 characters)")
    assert "Signal=7" in whole_text(data, full=True)


def test_nothing_of_a_peer_commands_the_terminal() -> None:
    data = message("Subject: %1B]0;x%07 \u202e \x9b31m", "\x1b[2J", "text/plain")
    for full in (True, False):
        text = whole_text(data, full=full)
        assert all(one.isprintable() for one in text.replace("\r\n", ""))


def refused_call() -> VirtualSwitch:
    """A call whose two sides say what an attacker would."""
    switch = open_switch()
    anna, ben = switch.phone("anna"), switch.phone("ben")
    anna.call("nobody")
    switch.wire.advance(1.0)
    anna.sdp = SDP.encode()
    anna.call("ben")
    deliver = switch.wire.deliver

    def forging(packet: Packet) -> None:
        deliver((*packet[:2], packet[2].replace(b"486 Scripted", b"486 " + FORGED.encode())))

    switch.wire.deliver = forging  # type: ignore[method-assign]
    ben.refuse(ben.sides[-1], 486)
    return switch


def test_ladders_and_explanations_are_printable() -> None:
    switch = refused_call()
    recording = switch.recorder.find("last", now=switch.wire.now)
    assert recording is not None
    told = trace(switch, recording)
    assert any("Busy" in line for line in ladder(told))
    assert all(line.isprintable() for line in ladder(told))
    assert all(line.isprintable() for line in why(None, told, None, language="en"))


def test_scenarios_hold_no_keyword_of_a_peer_and_no_key() -> None:
    switch = refused_call()
    recording = switch.recorder.find("last", now=switch.wire.now)
    assert recording is not None
    written = scenarios(trace(switch, recording))
    assert set(written) == {UAC, UAS}
    for text in written.values():
        assert "[file" not in text
        assert KEY not in text
        assert MOBILE not in text
    assert "(file name=secret.key)" in written[UAS]
    assert "a=note:(file name=secret.key)" in written[UAC]
