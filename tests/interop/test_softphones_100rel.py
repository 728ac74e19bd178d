"""Softphones with and without reliable provisional responses, in each mixture (RFC 3262)."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from tests.interop.softphone import Softphone
from tests.interop.switchboard import BOB, DOMAIN, PASSWORD, SETTINGS, found
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(
        importlib.util.find_spec("baresip") is None,
        reason="there is no softphone: pip install --pre 'freiton[softphone]' installs it",
    ),
]

CASES = [("yes", "yes", 2), ("yes", "no", 1), ("no", "yes", 1), ("no", "no", 0)]
SETTLE_S = 0.5  # a softphone does not answer while it waits for a PRACK


@pytest.mark.parametrize(("caller", "callee", "legs"), CASES)
def test_softphones_with_and_without_100rel(
    tmp_path: Path, caller: str, callee: str, legs: int
) -> None:
    """Each leg that can hears its ringing reliably, which costs a PRACK."""
    with found(tmp_path, settings=f'{SETTINGS}[ringing]\nreliable = "all"\n') as switch:
        switch.start()
        with (
            softphone(tmp_path, switch, "alice", 440, caller) as alice,
            softphone(tmp_path, switch, "bob", 1000, callee) as bob,
        ):
            alice.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
            bob.wait_for("incoming")
            time.sleep(SETTLE_S)
            bob.order("answer")
            alice.wait_for("established")
            bob.wait_for("established")
            alice.order("hang-up")
            bob.wait_for("closed")
        (record,) = switch.wait_for_records(1)
        assert record["ending"] == "answered"
        received = switch.metric("freiton_sip_requests_total", method="PRACK", direction="in")
        sent = switch.metric("freiton_sip_requests_total", method="PRACK", direction="out")
        assert received + sent == legs
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def softphone(
    folder: Path, switch: SwitchProcess, account: str, tone_hz: int, mode: str
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
        digits="rtpevent",
        parameters=f"100rel={mode}",
    )
    phone.wait_for("registered")
    return phone
