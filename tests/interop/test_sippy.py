"""Sippy's B2BUA between a phone of ours and another: a foreign switch as our carrier.

It terminates our dialog and makes one of its own, on an event loop and a parser of its own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.switchboard import BOB, DOMAIN, PASSWORD, found
from tests.interop.wire import Call, Message, UdpAgent
from tests.support.free_port import free_sip_ports
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("sippy") is None,
    reason="Sippy is not installed: pip install 'freiton[interop]' installs it",
)

TRUNK = '\n[[trunks]]\nname = "{name}"\nhost = "127.0.0.1:{port}"\npriority = {priority}\n'
BERLIN = "03055501234"
PROGRAM = "from sippy.b2bua_simple import main_func; main_func()"
START_S = 10.0


@dataclass(frozen=True)
class Scene:
    """Bob of ours, the phone behind Sippy, and the Sippy that this phone calls us through."""

    switch: SwitchProcess
    bob: UdpAgent
    far: UdpAgent
    inward: UdpAgent


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two processes, since each knows one next hop: outwards to the phone, inwards to us."""
    folder = tmp_path_factory.mktemp("sippy")
    outward, inward = free_sip_ports(2)
    trunks = TRUNK.format(name="outward", port=outward, priority=10)
    trunks += TRUNK.format(name="inward", port=inward, priority=20)
    known = {"user": "bob", "device": "bob-desk", "password": PASSWORD, "domain": DOMAIN}
    with (
        found(folder, trunks=trunks) as switch,
        UdpAgent((HOST, outward), user="far", domain=DOMAIN) as far,
        UdpAgent((HOST, inward), user="far", domain=DOMAIN) as caller,
        UdpAgent((HOST, switch.sip_port), **known) as bob,
        sippy(folder, outward, far.bound[1]),
        sippy(folder, inward, switch.sip_port),
    ):
        switch.start()
        bob.register()
        yield Scene(switch, bob, far, caller)
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@contextmanager
def sippy(folder: Path, port: int, next_hop: int) -> Iterator[None]:
    path = folder / f"sippy-{port}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-c", PROGRAM,
                "-f", "-l", HOST, "-p", str(port), "-n", f"{HOST}:{next_hop}",
            ],
            env={**os.environ, "SIPLOG_BEND": "stderr", "SIPLOG_LVL": "DBUG"},
            cwd=folder,
            stdout=log,
            stderr=log,
        )  # fmt: skip
        try:
            await_bound(port, process, path)
            yield
        finally:
            process.kill()
            process.wait()


def await_bound(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while f":{port:04X}" not in Path("/proc/net/udp").read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


class Calling:
    """A call that runs beside the test that answers it."""

    def __init__(self, caller: UdpAgent, number: str) -> None:
        self.call: Call | None = None
        self._thread = threading.Thread(target=self._run, args=(caller, number))
        self._thread.start()

    def _run(self, caller: UdpAgent, number: str) -> None:
        self.call = caller.call(number)

    def established(self) -> Call:
        self._thread.join(10)
        assert self.call is not None
        return self.call


def test_a_call_goes_out_through_it(scene: Scene) -> None:
    before = len(scene.switch.records())
    calling = Calling(scene.bob, BERLIN)
    invite = scene.far.wait_for_request("INVITE")
    assert invite["user-agent"].startswith("Sippy")
    scene.far.respond(invite, 180)
    scene.far.answer(invite)
    calling.established().hang_up()
    scene.far.respond(scene.far.wait_for_request("BYE"), 200)
    record = scene.switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "caller")


def test_the_far_end_hangs_up(scene: Scene) -> None:
    before = len(scene.switch.records())
    calling = Calling(scene.bob, BERLIN)
    call = scene.far.answer(scene.far.wait_for_request("INVITE"))
    calling.established()
    hanging_up = threading.Thread(target=call.hang_up)
    hanging_up.start()
    scene.bob.respond(scene.bob.wait_for_request("BYE"), 200)
    hanging_up.join(5)
    record = scene.switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "callee")


@pytest.mark.parametrize("status", [486, 404])
def test_the_far_end_refuses(scene: Scene, status: int) -> None:
    before = len(scene.switch.records())
    answers: list[Message] = []
    uri = f"sip:{BERLIN}@{DOMAIN}"
    headers = (("Content-Type", "application/sdp"),)
    asking = threading.Thread(
        target=lambda: answers.append(
            scene.bob.ask("INVITE", uri, headers=headers, body=scene.bob.sdp)[1]
        )
    )
    asking.start()
    scene.far.respond(scene.far.wait_for_request("INVITE"), status)
    scene.far.wait_for_request("ACK")
    asking.join(10)
    assert [one.status for one in answers] == [status]
    assert scene.switch.wait_for_records(before + 1)[-1]["sip_status"] == str(status)


def test_a_call_comes_in_through_it(scene: Scene) -> None:
    before = len(scene.switch.records())
    calling = Calling(scene.inward, BOB)
    scene.bob.answer(scene.bob.wait_for_request("INVITE"))
    calling.established().hang_up()
    scene.bob.respond(scene.bob.wait_for_request("BYE"), 200)
    record = scene.switch.wait_for_records(before + 1)[-1]
    assert (record["direction"], record["ending"]) == ("inbound", "answered")
