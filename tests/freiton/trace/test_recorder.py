"""What the recorder keeps and for how long, what it writes, and what it never shows."""

from __future__ import annotations

import os
import stat
import time
from datetime import datetime
from pathlib import Path

import pytest

from freiton.trace import plain
from freiton.trace.ladder import WIDTH, ladder
from freiton.trace.recorder import Recorder, RecorderLimits
from freiton.trace.recording import TAIL_MAX, Kind, Recording
from freiton.trace.replay import replay
from freiton.trace.shown_message import whole_text
from freiton.trace.trace_file import TraceError, decode_trace, encode_trace
from freiton.trace.trace_folder import TraceFolder
from sipcore.message import parse_message
from sipcore.transport.flow import Flow, Listener, Transport
from tests.freiton.calls.scene import open_switch, talk
from tests.freiton.trace.played_calls import played, trace
from tests.support.virtual_town import MOBILE

FLOW = Flow(Listener("udp", Transport.UDP, ("192.0.2.1", 5060)), ("198.51.100.1", 5061))


def attempt(recorder: Recorder, number: int, *, now: float) -> None:
    """Let an INVITE come that nobody will answer."""
    message = parse_message(
        b"INVITE sip:1@example.org SIP/2.0\r\nCall-ID: scan%d\r\nTo: <sip:1@x>\r\n\r\n" % number
    )
    assert recorder.of_received(message, now=now) is not None


def test_scanners_push_no_call_out() -> None:
    switch = open_switch()
    caller, _ = talk(switch)
    switch.phone("anna").bye(caller)
    recorder, now = switch.recorder, switch.wire.now
    recorder._limits = RecorderLimits(calls_max=20)
    for number in range(100):
        attempt(recorder, number, now=now)
    kept = list(recorder)
    assert sum(one.is_call for one in kept) == 1
    assert sum(not one.is_call for one in kept) <= 21
    assert recorder.find("scan99", now=now) is not None
    assert recorder.find("scan0", now=now) is None


def test_only_so_many_calls_for_so_long() -> None:
    switch = open_switch()
    switch.recorder._limits = RecorderLimits(calls_max=3, keep_s=600.0)
    for _ in range(6):
        caller, _ = talk(switch)
        switch.phone("anna").bye(caller)
        switch.wire.advance(40.0)
    assert sum(one.is_call for one in switch.recorder) == 3
    switch.wire.advance(700.0)
    switch.recorder.forget_old(now=switch.wire.now)
    assert len(switch.recorder) == 0


def test_a_running_call_is_not_forgotten_whatever_its_age() -> None:
    switch = open_switch()
    switch.recorder._limits = RecorderLimits(calls_max=1, keep_s=60.0)
    talk(switch)
    switch.wire.advance(1_000.0)
    assert switch.recorder.forget_all() == 0
    assert [one.is_call for one in switch.recorder] == [True]


def test_a_long_call_keeps_beginning_and_end() -> None:
    switch = open_switch()
    switch.recorder._limits = RecorderLimits(bytes_per_call_max=12_000)
    caller, _ = talk(switch)
    switch.wire.advance(9_000.0)
    switch.phone("anna").bye(caller)
    (recording,) = switch.recorder
    assert recording.is_cut
    again = trace(switch, recording)
    assert len(again.entries) - again.whole == TAIL_MAX
    assert replay(again).difference is None
    lines = ladder(again)
    assert "too long to keep" in lines[-1]
    assert any("log: ended" in line for line in lines)


@pytest.mark.parametrize("seed", range(16))
def test_ladders_fit_a_terminal_and_hide_numbers(seed: int) -> None:
    _, switch = played(seed)
    for recording in switch.recorder:
        lines = ladder(trace(switch, recording))
        assert max(map(len, lines)) <= WIDTH <= 100
        assert "+491701234567" not in "\n".join(lines)


def test_credentials_are_cut_out_and_numbers_masked() -> None:
    switch = open_switch()
    talk(switch)
    (recording,) = switch.recorder
    head, body = next(
        one[2:4] for one in recording.entries if b"Authorization" in str(one).encode()
    )
    for full in (True, False):
        text = whole_text(head + b"\r\n\r\n" + body, full=full)
        assert "Authorization: (cut out)" in text
        assert "response=" not in text
        assert (MOBILE in text) is full
        assert "Via: SIP/2.0/UDP 198.51.100.1:5061" in text


def test_damaged_files_are_refused() -> None:
    with pytest.raises(TraceError, match="not a recording"):
        decode_trace(b"\x00nonsense")
    switch = open_switch()
    talk(switch)
    data = encode_trace(trace(switch, next(iter(switch.recorder))))
    with pytest.raises(TraceError, match="version 9"):
        decode_trace(data.replace(b"version\x01", b"version\x09"))


@pytest.mark.parametrize(
    "name", ["os:system", "subprocess:Popen", "sipcore.net.endpoint:Endpoint", "sipcore.errors:re"]
)
def test_files_name_no_code(name: str) -> None:
    with pytest.raises(plain.NotPlain):
        plain.read({"$": "object", "class": name, "value": {}})


def test_files_call_no_class_as_if_it_were_an_enumeration() -> None:
    data = {"$": "enum", "class": "sipcore.message.uri:SipUri", "value": "host"}
    with pytest.raises(plain.NotPlain, match="no enumeration"):
        plain.read(data)


def test_what_a_call_takes_over_counts_among_its_bytes() -> None:
    call = Recording(bytes_max=5_000, now=0.0)
    for _ in range(10):
        attempt_of_another = Recording(bytes_max=5_000, now=0.0)
        attempt_of_another.add((Kind.RECEIVED, 0.0, b"h" * 900, b"b" * 900, FLOW), 1_800)
        call.adopt(attempt_of_another)
    assert call.is_cut
    assert len(call.entries) == 2


def test_values_come_back_as_they_were() -> None:
    values = [FLOW, ("a", [1, 2.5, None]), {"k": b"\xff"}, frozenset({1}), "\udcff", Transport.TCP]
    for value in values:
        assert plain.read(plain.write(value)) == value
    with pytest.raises(plain.NotPlain):
        plain.write(open)


def test_files_are_private_few_and_soon_gone(tmp_path: Path) -> None:
    switch = open_switch()
    talk(switch)
    again = trace(switch, next(iter(switch.recorder)))
    folder = TraceFolder(tmp_path, days=7)
    path = folder.keep(again)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert decode_trace(path.read_bytes()) == again
    assert folder.erase(call_id="another") == 0
    assert folder.erase(call_id=again.call_id) == 1
    began = datetime.fromisoformat(again.began_at).timestamp()
    assert folder.keep(again)
    assert folder.erase(before=began) == 0
    assert folder.erase(before=began + 1.0) == 1, "it was written long after"
    (folder.path / "broken.trace").write_bytes(b"no recording")
    assert folder.erase(call_id="another") == 1, "nobody knows whose numbers are in it"
    kept = folder.keep(again)
    assert kept is not None
    old = time.time() - 8 * 86_400
    os.utime(kept, (old, old))
    folder.drop_old()
    assert folder.files() == []
