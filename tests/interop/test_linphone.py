"""Linphone's console phone registers, calls, holds, is called: a third stack that is not ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.interop.switchboard import ALICE, BOB, DOMAIN, PASSWORD, found
from tests.interop.wire import Call, UdpAgent
from tests.support.free_port import free_sip_ports
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(
        shutil.which("linphonec") is None,
        reason="linphonec is not installed (apt-get install linphone-cli)",
    ),
]

WAIT_S = 15.0
CONFIG = """[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
default_proxy=0
[rtp]
audio_rtp_port={rtp}
[proxy_0]
reg_proxy=<sip:{host}:{switch};lr>
reg_route=<sip:{host}:{switch};lr>
reg_identity=sip:alice@{domain}
reg_expires=120
reg_sendregister=1
publish=0
[auth_info_0]
username=alice
userid=alice-desk
passwd={password}
realm={domain}
"""


class Linphone:
    """The console phone; it rewrites its configuration, so each has a folder of its own."""

    def __init__(self, folder: Path, switch: SwitchProcess) -> None:
        (folder / ".local/share/linphone").mkdir(parents=True)
        port, rtp = free_sip_ports(2)
        config = folder / "linphonerc"
        config.write_text(
            CONFIG.format(
                port=port, rtp=rtp, host=HOST, switch=switch.sip_port,
                domain=DOMAIN, password=PASSWORD,
            )
        )  # fmt: skip
        self._process = subprocess.Popen(
            ["linphonec", "-c", str(config)],
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._seen = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.say("soundcard use files")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(WAIT_S)

    def say(self, command: str) -> None:
        """Type a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def wait_for(self, pattern: str) -> str:
        """Return the first line from here on that has the pattern."""
        deadline = time.monotonic() + WAIT_S
        while True:
            while self._seen < len(self._lines):
                line = self._lines[self._seen]
                self._seen += 1
                if re.search(pattern, line):
                    return line
            told = "".join(self._lines)
            assert self._process.poll() is None, told
            assert time.monotonic() < deadline, f"no {pattern}:\n{told}"
            time.sleep(0.02)

    def await_registered(self) -> None:
        """Ask until it is."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            self.say("status register")
            if self.wait_for(r"registered|registration").startswith("registered,"):
                return
            time.sleep(0.2)
        raise AssertionError("".join(self._lines))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.removeprefix("linphonec> "))


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwitchProcess]:
    with found(tmp_path_factory.mktemp("linphone")) as switch:
        yield switch.start()
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.fixture
def alice(tmp_path: Path, switch: SwitchProcess) -> Iterator[Linphone]:
    with Linphone(tmp_path, switch) as alice:
        alice.await_registered()
        yield alice


@pytest.fixture
def bob(switch: SwitchProcess) -> Iterator[UdpAgent]:
    known = {"user": "bob", "device": "bob-desk", "password": PASSWORD, "domain": DOMAIN}
    with UdpAgent((HOST, switch.sip_port), **known) as bob:
        bob.register()
        yield bob


def test_it_calls_holds_and_is_hung_up(
    switch: SwitchProcess, alice: Linphone, bob: UdpAgent
) -> None:
    before = len(switch.records())
    alice.say(f"call sip:{BOB}@{DOMAIN}")
    invite = bob.wait_for_request("INVITE", timeout_s=WAIT_S)
    bob.respond(invite, 180)
    call = bob.answer(invite)
    alice.wait_for("Media streams established")
    alice.say("pause")
    held = bob.wait_for_request("INVITE", timeout_s=WAIT_S)
    assert "a=sendonly" in held.body
    bob.answer(held)
    call.hang_up()
    alice.wait_for("ended|terminated")
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "callee")


def test_it_is_called_answers_and_hangs_up(
    switch: SwitchProcess, alice: Linphone, bob: UdpAgent
) -> None:
    before = len(switch.records())
    calls: list[Call] = []
    calling = threading.Thread(target=lambda: calls.append(bob.call(ALICE)))
    calling.start()
    alice.wait_for("incoming call")
    alice.say("answer")
    calling.join(WAIT_S)
    assert len(calls) == 1
    assert 180 in [one.status for one in bob.received]
    alice.say("terminate")
    bob.respond(bob.wait_for_request("BYE", timeout_s=WAIT_S), 200)
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "callee")
