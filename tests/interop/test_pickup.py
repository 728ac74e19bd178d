"""A real softphone picks up by code what rings at another one, and hears the caller."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
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

CALLERS_HZ = 440
PICKERS_HZ = 1000
LOUD = 1_000_000


def softphone(folder: Path, switch: SwitchProcess, device: str, *, tone_hz: int) -> Softphone:
    place = folder / device
    place.mkdir()
    return Softphone(
        place,
        tone_hz=tone_hz,
        interface=HOST,
        user=device.partition("-")[0],
        device=device,
        domain=DOMAIN,
        password=PASSWORD,
        registrar=f"sip:{HOST}:{switch.sip_port}",
        transport="udp",
        digits="info",
    )


def assert_hears(listener: Softphone, tone_hz: int) -> None:
    listener.listen(1.5)  # the session is agreed on again meanwhile
    samples = read_samples(listener.listen(1.0))
    assert power(samples) > LOUD
    assert share_of(samples, tone_hz) > 0.9


def test_a_call_is_picked_up_by_code_and_both_hear_each_other(tmp_path: Path) -> None:
    with found(tmp_path) as switch, ExitStack() as phones:
        switch.start()
        caller, rung, picker = (
            phones.enter_context(softphone(tmp_path, switch, device, tone_hz=tone_hz))
            for device, tone_hz in (
                ("alice-desk", CALLERS_HZ), ("bob-desk", 1500), ("alice-mobile", PICKERS_HZ),
            )
        )  # fmt: skip
        for phone in (caller, rung, picker):
            phone.wait_for("registered")
        caller.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
        rung.wait_for("incoming")
        picker.order("dial", uri=f"sip:*8bob@{DOMAIN}")
        picker.wait_for("established")
        caller.wait_for("established")
        rung.wait_for("closed")
        assert_hears(caller, PICKERS_HZ)
        assert_hears(picker, CALLERS_HZ)
        picker.order("hang-up")
        caller.wait_for("closed")
        record = switch.wait_for_records(1)[-1]
        assert (record["ending"], record["released_by"]) == ("answered", "callee")
        assert record["called_number"] == BOB
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []
