"""More comes than can be done: phones and calls for help get through, and nothing is left of it."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from tests.integration.town import DOMAIN, GERMANY, Town
from tests.support.sipp import needs_sipp
from tests.support.switch_process import HOST

pytestmark = [needs_sipp, pytest.mark.sipp]

STRANGER = "127.0.0.2"
INVITES = 3_000
PAUSE_S = 0.0004
QUIET_S = 60.0
GROWTH_MAX_KB = 20_000
"""Two thousand bytes for each INVITE of a flood would be more."""

FLOOD = 12_000
BURST = 3_500
"""At once: as many as the socket's buffer holds, and more than is answered in a quarter second."""


class Flood:
    """Somebody who sends INVITEs until he is stopped, and hears nothing.

    After the first ones he leaves the kernel room for what others send.
    """

    def __init__(self, switch_port: int, *, source: tuple[str, int], burst: int = 0) -> None:
        self._switch = (HOST, switch_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(source)
        self._source = self._socket.getsockname()
        self._burst = burst
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._socket.close()

    def wait_for(self, count: int) -> None:
        """Wait until so many are sent."""
        while self.sent < count:
            assert self._thread.is_alive()
            time.sleep(0.01)

    def _run(self) -> None:
        host, port = self._source
        while not self._is_over.is_set():
            number = f"{port}-{self.sent}"
            text = (
                f"INVITE sip:bob@{DOMAIN} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:nobody@{DOMAIN}>;tag={number}\r\n"
                f"To: <sip:bob@{DOMAIN}>\r\nCall-ID: {number}\r\nCSeq: 1 INVITE\r\n"
                f"Contact: <sip:nobody@{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
            )
            self._socket.sendto(text.encode(), self._switch)
            self.sent += 1
            if self.sent > self._burst:
                time.sleep(PAUSE_S)


def test_calls_go_on_while_strangers_flood(town: Town) -> None:
    town.register("alice", "bob")
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    rescue = town.answer("uas-answer.xml", "rescue", pause_ms=100)
    source = (STRANGER, 0)
    with Flood(town.switch.sip_port, source=source) as flood:
        flood.wait_for(INVITES // 3)
        town.run("uac-emergency.xml", "alice", to="112", pause_ms=100)
        town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=100)
        flood.wait_for(INVITES)
    rescue.expect_success()
    carrier.expect_success()
    switch = town.switch
    assert switch.metric("freiton_sip_dropped_total", cause="limit") > 0
    assert switch.metric("freiton_calls") == 0
    assert {one["ending"] for one in switch.wait_for_records(2)} == {"answered"}
    assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.mark.long
@pytest.mark.timeout(300)
def test_nothing_is_left_of_what_was_refused(town: Town) -> None:
    """A registered phone gone mad: it is told to come later, again and again."""
    town.register("alice", "paula")
    switch = town.switch
    rescue = town.answer("uas-answer.xml", "rescue", pause_ms=100)
    memory = []
    for turn in range(2):
        with Flood(switch.sip_port, source=(HOST, town.ports["paula"]), burst=BURST) as flood:
            flood.wait_for(FLOOD // 2)
            if turn == 0:
                town.run("uac-emergency.xml", "alice", to="112", pause_ms=100)
            flood.wait_for(FLOOD)
        assert switch.metric("freiton_sip_shed_total", priority="new-invite") > turn
        wait_until_quiet(town)
        memory.append(resident_kb(town))
    rescue.expect_success()
    assert memory[-1] - memory[0] < GROWTH_MAX_KB
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "alice", to=GERMANY, pause_ms=100)
    carrier.expect_success()
    assert {one["ending"] for one in switch.wait_for_records(2)} == {"answered"}
    assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def wait_until_quiet(town: Town) -> None:
    until = time.monotonic() + QUIET_S
    while town.switch.metric("freiton_sip_transactions"):
        assert time.monotonic() < until
        time.sleep(0.5)


def resident_kb(town: Town) -> int:
    status = Path(f"/proc/{town.switch.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1])
