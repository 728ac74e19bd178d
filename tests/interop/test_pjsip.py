"""pjsip against the switch, with baresip at the other end: two stacks that are not ours."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.softphone import RATE, Softphone, read_samples, share_of
from tests.interop.switchboard import ALICE, BOB, DOMAIN, PASSWORD, found
from tests.interop.wire import UdpAgent
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(
        importlib.util.find_spec("pjsua2") is None,
        reason="pjsua2-python is not installed: pip install 'freiton[pjsua2]' installs it",
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("baresip") is None,
        reason="baresip-python is not installed: pip install 'freiton[softphone]' installs it",
    ),
]

TRUNK = '\n[[trunks]]\nname = "carrier"\nhost = "127.0.0.1:{port}"\n'
BERLIN = "03055501234"
PJSIP = "pjsua_program.py"
ALICES_HZ = 440
BOBS_HZ = 1000
SETTLE_S = 0.4
TRIES = 10
LISTEN_S = 0.8
WINDOW = RATE // 20  # a busy machine drops some sound here and there


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pjsip")


@pytest.fixture(scope="module")
def carrier() -> Iterator[UdpAgent]:
    with UdpAgent((HOST, 9), user="carrier", domain="carrier.example") as carrier:
        yield carrier


@pytest.fixture(scope="module")
def switch(folder: Path, carrier: UdpAgent) -> Iterator[SwitchProcess]:
    with found(folder, trunks=TRUNK.format(port=carrier.bound[1])) as switch:
        carrier.remote = (HOST, switch.sip_port)
        yield switch.start()
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def phone(
    folder: Path, switch: SwitchProcess, account: str, *, tone_hz: int, **more: str
) -> Softphone:
    phone = Softphone(
        folder,
        tone_hz=tone_hz,
        tones=str(folder),
        interface=HOST,
        user=account,
        domain=DOMAIN,
        password=PASSWORD,
        registrar=f"sip:{HOST}:{switch.sip_port}",
        digits="rtpevent",
        **{"transport": "udp", "device": f"{account}-desk", **more},
    )
    phone.wait_for("registered")
    return phone


@pytest.fixture(scope="module")
def alice(folder: Path, switch: SwitchProcess) -> Iterator[Softphone]:
    with phone(folder, switch, "alice", tone_hz=ALICES_HZ, program=PJSIP) as alice:
        yield alice


@pytest.fixture(scope="module")
def bob(folder: Path, switch: SwitchProcess) -> Iterator[Softphone]:
    with phone(folder, switch, "bob", tone_hz=BOBS_HZ) as bob:
        yield bob


@pytest.fixture(autouse=True)
def _a_new_call(alice: Softphone, bob: Softphone) -> None:
    alice.events.clear()
    bob.events.clear()


@pytest.fixture
def before(switch: SwitchProcess) -> int:
    return len(switch.records())


def connect(caller: Softphone, callee: Softphone, number: str) -> None:
    caller.order("dial", uri=f"sip:{number}@{DOMAIN}")
    callee.wait_for("incoming")
    callee.order("answer")
    caller.wait_for("established")
    callee.wait_for("established")


def resume(phone: Softphone) -> None:
    """Resume as soon as the phone can: its own re-INVITE must be over, and none tells that."""
    for _ in range(TRIES - 1):
        try:
            phone.order("resume")
        except AssertionError:
            time.sleep(SETTLE_S)
        else:
            return
    phone.order("resume")


def assert_hears(listener: Softphone, tone_hz: int) -> None:
    listener.listen(SETTLE_S)
    samples = read_samples(listener.listen(LISTEN_S))
    windows = [samples[start : start + WINDOW] for start in range(0, len(samples), WINDOW)]
    assert statistics.median(share_of(one, tone_hz) for one in windows) > 0.9


def test_pjsip_calls_baresip(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    connect(alice, bob, BOB)
    assert_hears(bob, ALICES_HZ)
    assert_hears(alice, BOBS_HZ)
    alice.order("press", digits="5#")
    assert [bob.wait_for("digit", count=place)["digit"] for place in (1, 2)] == ["5", "#"]
    alice.order("hold")
    bob.wait_for("held")
    resume(alice)
    bob.wait_for("resumed")
    assert_hears(bob, ALICES_HZ)
    alice.order("hang-up")
    assert alice.wait_for("closed")["reason"].startswith("200")
    bob.wait_for("closed")
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "caller")


def test_baresip_calls_pjsip(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    connect(bob, alice, ALICE)
    assert_hears(alice, BOBS_HZ)
    bob.order("hold")
    alice.wait_for("held")
    resume(bob)
    alice.wait_for("resumed")
    alice.order("hang-up")
    bob.wait_for("closed")
    record = switch.wait_for_records(before + 1)[-1]
    assert (record["ending"], record["released_by"]) == ("answered", "callee")


def test_pjsip_declines(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    bob.order("dial", uri=f"sip:{ALICE}@{DOMAIN}")
    alice.wait_for("incoming")
    alice.order("decline")
    assert bob.wait_for("closed")["reason"].startswith("486")
    assert switch.wait_for_records(before + 1)[-1]["sip_status"] == "486"


def test_pjsip_gives_up(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    alice.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
    bob.wait_for("incoming")
    alice.order("hang-up")
    assert alice.wait_for("closed")["reason"].startswith("487")
    bob.wait_for("closed")
    assert switch.wait_for_records(before + 1)[-1]["ending"] == "cancelled"


def test_pjsip_calls_by_tcp(
    folder: Path, switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    mobile = {"program": PJSIP, "transport": "tcp", "device": "alice-mobile"}
    with phone(folder, switch, "alice", tone_hz=ALICES_HZ, **mobile) as caller:
        connect(caller, bob, BOB)
        caller.order("hang-up")
        bob.wait_for("closed")
    assert switch.wait_for_records(before + 1)[-1]["ending"] == "answered"


def test_pjsip_transfers_baresip_to_a_carrier(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone, carrier: UdpAgent
) -> None:
    """The carrier knows no REFER: the switch calls it, and pjsip is told how that went."""
    connect(alice, bob, BOB)
    alice.order("transfer", uri=f"sip:{BERLIN}@{DOMAIN}")
    invite = carrier.wait_for_request("INVITE")
    carrier.respond(invite, 180)
    call = carrier.answer(invite)
    carrier.answer(carrier.wait_for_request("INVITE"))  # the same dialog, with bob's session now
    alice.wait_for("closed")
    told = [one["status"] for one in alice.events if one["event"] == "transferred"]
    assert (told[0], told[-1]) == (100, 200)
    time.sleep(SETTLE_S)
    assert not [one for one in bob.events if one["event"] == "closed"]
    call.hang_up()
    bob.wait_for("closed")
    records = switch.wait_for_records(before + 2)[-2:]
    assert {one["ending"] for one in records} == {"answered"}
    assert {one["called_number"] for one in records} == {BOB, "+493055501234"}
