"""Two real softphones in processes of their own, connected by the real switch, hear each other."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.softphone import Softphone, power, read_samples, share_of
from tests.interop.switchboard import BOB, DOMAIN, PASSWORD, found
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(
        importlib.util.find_spec("baresip") is None,
        reason="there is no softphone: pip install --pre 'freiton[softphone]' installs it",
    ),
]

ALICES_HZ = 440
BOBS_HZ = 1000
SETTLE_S = 0.4  # until the softphones' own buffers have run full, or empty
LISTEN_S = 1.0
LOUD = 1_000_000  # mean square; a tone of the softphones has 32 million, silence next to nothing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("softphones")


@pytest.fixture(scope="module")
def switch(folder: Path) -> Iterator[SwitchProcess]:
    with found(folder) as switch:
        yield switch.start()
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def softphone(
    folder: Path, switch: SwitchProcess, account: str, *, tone_hz: int, digits: str
) -> Softphone:
    phone = Softphone(
        folder,
        tone_hz=tone_hz,
        interface=HOST,
        user=account,
        device=f"{account}-desk",
        domain=DOMAIN,
        password=PASSWORD,
        registrar=f"sip:{HOST}:{switch.sip_port}",
        transport="udp",
        digits=digits,
    )
    phone.wait_for("registered")
    return phone


@pytest.fixture(scope="module")
def alice(folder: Path, switch: SwitchProcess) -> Iterator[Softphone]:
    with softphone(folder, switch, "alice", tone_hz=ALICES_HZ, digits="rtpevent") as phone:
        yield phone


@pytest.fixture(scope="module")
def bob(folder: Path, switch: SwitchProcess) -> Iterator[Softphone]:
    with softphone(folder, switch, "bob", tone_hz=BOBS_HZ, digits="info") as phone:
        yield phone


@pytest.fixture(autouse=True)
def _a_new_call(alice: Softphone, bob: Softphone) -> None:
    """Forget what the phones told of the call before."""
    alice.events.clear()
    bob.events.clear()


@pytest.fixture
def before(switch: SwitchProcess) -> int:
    """How many records there are before the test."""
    return len(switch.records())


def next_record(switch: SwitchProcess, before: int) -> dict[str, str]:
    return switch.wait_for_records(before + 1)[-1]


def connect(alice: Softphone, bob: Softphone) -> None:
    alice.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
    bob.wait_for("incoming")
    bob.order("answer")
    alice.wait_for("established")
    bob.wait_for("established")


def assert_hears(listener: Softphone, tone_hz: int, *, not_hz: int) -> None:
    listener.listen(SETTLE_S)
    samples = read_samples(listener.listen(LISTEN_S))
    assert len(samples) >= 0.8 * LISTEN_S * 8000
    assert power(samples) > LOUD
    assert share_of(samples, tone_hz) > 0.9
    assert share_of(samples, not_hz) < 0.01


def assert_hears_nothing(listener: Softphone) -> None:
    listener.listen(SETTLE_S)
    assert power(read_samples(listener.listen(LISTEN_S))) < LOUD / 1000


def test_both_hear_each_other_through_hold_digits_and_hang_up(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    connect(alice, bob)
    assert_hears(bob, ALICES_HZ, not_hz=BOBS_HZ)
    assert_hears(alice, BOBS_HZ, not_hz=ALICES_HZ)

    alice.order("press", digits="12#")
    assert [bob.wait_for("digit", count=place)["digit"] for place in (1, 2, 3)] == ["1", "2", "#"]
    bob.order("press", digits="9")
    assert alice.wait_for("digit")["digit"] == "9"

    alice.order("hold")
    bob.wait_for("held")
    assert_hears_nothing(alice)
    alice.order("resume")
    bob.wait_for("resumed")
    assert_hears(bob, ALICES_HZ, not_hz=BOBS_HZ)
    assert_hears(alice, BOBS_HZ, not_hz=ALICES_HZ)

    began = alice.wait_for("established")["at"]
    alice.order("hang-up")
    ended = bob.wait_for("closed")["at"]
    alice.wait_for("closed")
    record = next_record(switch, before)
    assert_recorded(record, released_by="caller", talk_s=ended - began)


def test_the_called_side_can_hang_up(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    connect(alice, bob)
    assert_hears(bob, ALICES_HZ, not_hz=BOBS_HZ)
    began = alice.wait_for("established")["at"]
    bob.order("hang-up")
    ended = alice.wait_for("closed")["at"]
    bob.wait_for("closed")
    record = next_record(switch, before)
    assert_recorded(record, released_by="callee", talk_s=ended - began)


def test_a_refused_call_is_refused_at_the_caller(
    switch: SwitchProcess, before: int, alice: Softphone, bob: Softphone
) -> None:
    alice.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
    bob.wait_for("incoming")
    bob.order("hang-up")  # before the answer: the softphone declines
    assert alice.wait_for("closed")["reason"].startswith("486")
    record = next_record(switch, before)
    assert (record["sip_status"], record["answered_at"]) == ("486", "")


def assert_recorded(record: dict[str, str], *, released_by: str, talk_s: float) -> None:
    """The switch and the softphones measured the same conversation, apart from the way to them."""
    assert record["calling_number"] == "+493023125001"
    assert record["called_number"] == BOB
    assert record["direction"] == "on-net"
    assert record["ending"] == "answered"
    assert record["released_by"] == released_by
    assert record["covered_by"] == "on-net"
    assert record["amount_euro"] == "0.000000"
    duration_us = int(record["duration_us"])
    assert duration_us / 1e6 == pytest.approx(talk_s, abs=0.15)
    assert int(record["charged_s"]) == -(-duration_us // 1_000_000)
