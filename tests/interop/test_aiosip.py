"""aiosip, the oldest asyncio stack, as a foreign agent (decision 13): phone, watcher and carrier.

It sends nothing twice, uses one branch for two requests, knows no 407 and offers no `rport`.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.child import Child
from tests.interop.switchboard import ALICE, BOB, DOMAIN, PASSWORD, found
from tests.interop.wire import Agent, TcpAgent, UdpAgent
from tests.support.free_port import free_sip_ports
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("asyncsip") is None,
    reason="asyncsip is not installed: pip install 'freiton[interop]' installs it",
)

CARRIER = "carrier.example"
CARRIER_HOST = "127.0.0.2"  # a carrier on TCP is known by its host alone
TRUNK = '\n[[trunks]]\nname = "{name}"\nhost = "{host}:{port}"\ntransport = "{name}"\n'
TRANSPORTS = ("udp", "tcp")
AGENTS: dict[str, type[Agent]] = {"udp": UdpAgent, "tcp": TcpAgent}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Where aiosip's carriers are."""
    return dict(zip(TRANSPORTS, free_sip_ports(2), strict=True))


@pytest.fixture(scope="module")
def switch(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]
) -> Iterator[SwitchProcess]:
    trunks = "".join(
        TRUNK.format(name=name, host=CARRIER_HOST, port=port) for name, port in ports.items()
    )
    with found(tmp_path_factory.mktemp("aiosip"), trunks=trunks) as switch:
        switch.start()
        yield switch
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def aiosip(folder: Path, switch: SwitchProcess, transport: str, **settings: object) -> Child:
    known = {"user": "alice-desk", "domain": DOMAIN, "password": PASSWORD}
    (port,) = free_sip_ports(1)
    where = {"host": HOST, "port": switch.sip_port, "local": (HOST, port), "transport": transport}
    child = Child("asyncsip_program.py", folder, name="aiosip", **{**known, **where, **settings})
    child.wait_for("started")
    return child


def bob(switch: SwitchProcess, transport: str) -> Agent:
    return AGENTS[transport](
        (HOST, switch.sip_port), user="bob", device="bob-desk", password=PASSWORD, domain=DOMAIN
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_registers_and_leaves(tmp_path: Path, switch: SwitchProcess, transport: str) -> None:
    with aiosip(tmp_path, switch, transport) as phone:
        assert phone.order("options") == 200
        assert phone.order("register") == 200
        assert switch.metric("freiton_bindings", transport=transport) == 1
        assert phone.order("un-register") == 200
        assert switch.metric("freiton_bindings", transport=transport) == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_is_notified(tmp_path: Path, switch: SwitchProcess, transport: str) -> None:
    package, accept = "message-summary", "application/simple-message-summary"
    with aiosip(tmp_path, switch, transport) as phone:
        assert phone.order("subscribe", package=package, accept=accept) == 200
        told = phone.wait_for("notified")
        assert told["package"] == package
        assert told["state"].startswith("active;expires=")
        assert told["body"].startswith("Messages-Waiting: no\r\n")
        assert phone.order("un-subscribe", package=package) == 200


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_is_called(tmp_path: Path, switch: SwitchProcess, transport: str) -> None:
    before = len(switch.records())
    with aiosip(tmp_path, switch, transport) as phone, bob(switch, "udp") as caller:
        phone.order("register")
        call = caller.call(ALICE)
        assert 180 in [one.status for one in caller.received]
        assert phone.wait_for("request")["caller"] == BOB
        call.hang_up()
        assert phone.wait_for("request", count=2)["method"] == "BYE"
        phone.order("un-register")
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "caller")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_calls_as_a_carrier(
    tmp_path: Path, switch: SwitchProcess, ports: dict[str, int], transport: str
) -> None:
    """It cannot answer a challenge to an INVITE, and a carrier gets none."""
    before = len(switch.records())
    carrier = aiosip(
        tmp_path, switch, transport,
        user="+493055501234", domain=CARRIER, local=(CARRIER_HOST, ports[transport]),
    )  # fmt: skip
    with carrier, bob(switch, transport) as callee:
        callee.register()
        pickup = threading.Thread(target=ring_and_answer, args=(callee,))
        pickup.start()
        heard = carrier.order("call", to=BOB)
        pickup.join(5)
        assert heard[-1] == 200
        assert 180 in heard
        carrier.order("hang-up")
        callee.respond(callee.wait_for_request("BYE"), 200)
        callee.register(expires=0)
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["direction"], record["ending"]) == ("inbound", "answered")
    assert record["released_by"] == "caller"


def ring_and_answer(callee: Agent) -> None:
    invite = callee.wait_for_request("INVITE")
    callee.respond(invite, 180)
    callee.answer(invite)
