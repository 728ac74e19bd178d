"""A carrier by name: a real name server, the real switch, and machines that may be dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.interop.switchboard import DOMAIN, PASSWORD, SETTINGS, found
from tests.interop.wire import UdpAgent
from tests.support.free_port import free_sip_ports
from tests.support.name_server import NameServer
from tests.support.switch_process import HOST, SwitchProcess

CARRIER = "carrier.example"
GERMANY = "03023125900"
TRUNK = f"""
[[trunks]]
name = "carrier"
host = "{CARRIER}"
sources = ["192.0.2.1"]
"""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The switch, its name server, and the machine that SRV names after a dead one."""

    switch: SwitchProcess
    names: NameServer
    machine: UdpAgent
    dead_port: int


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("names")
    (dead_port,) = free_sip_ports(1)
    with UdpAgent((HOST, 0), user="gateway", domain=CARRIER) as machine:
        service = f"_sip._udp.{CARRIER} 60 SRV"
        with NameServer(
            f"{service} 10 1 {dead_port} one.{CARRIER}.",
            f"{service} 20 1 {machine.bound[1]} two.{CARRIER}.",
            f"one.{CARRIER} 60 A {HOST}",
            f"two.{CARRIER} 60 A {HOST}",
        ) as names:
            settings = f'{SETTINGS}\n[dns]\nservers = ["{names.address}"]\n'
            with found(folder, trunks=TRUNK, settings=settings) as switch:
                machine.remote = (HOST, switch.sip_port)
                switch.start()
                wait_until(lambda: names.asked[f"two.{CARRIER} A"] >= 1)
                yield Scene(switch=switch, names=names, machine=machine, dead_port=dead_port)
                switch.stop()
                assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def call_over(scene: Scene) -> float:
    """Let Alice call somebody behind the carrier; return how long the INVITE took to arrive."""
    with (
        UdpAgent(
            (HOST, scene.switch.sip_port),
            user="alice",
            device="alice-desk",
            password=PASSWORD,
            domain=DOMAIN,
        ) as alice,
        ThreadPoolExecutor() as pool,
    ):
        started = time.monotonic()
        calling = pool.submit(alice.call, GERMANY)
        invite = scene.machine.wait_for_request("INVITE")
        took = time.monotonic() - started
        scene.machine.answer(invite)
        call = calling.result()
        hanging_up = pool.submit(call.hang_up)
        scene.machine.respond(scene.machine.wait_for_request("BYE"), 200)
        hanging_up.result()
    return took


def test_a_call_finds_the_machine_that_lives(scene: Scene) -> None:
    assert call_over(scene) < 2.0
    assert scene.switch.metric("freiton_trunk_addresses", trunk="carrier") == 2
    assert scene.switch.metric("freiton_trunk_addresses_failed", trunk="carrier") == 1
    # The dead one comes last from now on.
    assert call_over(scene) < 2.0
    assert scene.names.asked[f"_sip._udp.{CARRIER} SRV"] == 1
    assert [one["trunk_id"] for one in scene.switch.wait_for_records(2)] == ["1", "1"]


def test_the_operator_sees_how_it_is_found(scene: Scene) -> None:
    assert f"{CARRIER}:srv/udp" in scene.switch.cli("trunk", "list").replace("\n", "")
