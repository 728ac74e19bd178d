"""A real user agent watches: pjsip reads our presence and message summaries, and publishes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.integration.town import PASSWORD, Town, found
from tests.support.free_port import free_sip_ports

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(find_spec("pjsua2") is None, reason="pjsua2-python is not installed"),
]
LIVES_S = 12
ONLINE, OFFLINE = 1, 2


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    (tmp_path / "site").mkdir()
    (tmp_path / "run").mkdir()
    made = Town(tmp_path / "run", found(tmp_path / "site"))
    made.switch.start()
    yield made
    made.close()


def test_pjsip_sees_a_colleague_come_and_its_messages(town: Town) -> None:
    (port,) = free_sip_ports(1)
    switch = f"127.0.0.1:{town.switch.sip_port}"
    arguments = (switch, "alice", PASSWORD, "sip:bob@freiton.internal", str(port), str(LIVES_S))
    program = Path(__file__).parent / "watching_program.py"
    watcher = subprocess.Popen(
        [sys.executable, str(program), *arguments], stdout=subprocess.PIPE, text=True
    )
    town.switch.wait_for_metric("freiton_publications", 1)
    assert town.switch.metric("freiton_subscriptions", event="presence") == 1
    assert town.switch.metric("freiton_subscriptions", event="message-summary") == 1
    town.switch.cli("mailbox", "set", "alice", "2", "8")
    time.sleep(1.0)  # until the lines of before are behind the news
    town.register("bob")
    output, _ = watcher.communicate(timeout=LIVES_S + 20)
    told = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    seen = [one["status"] for one in told if one["what"] == "buddy" and one["state"] == "ACTIVE"]
    assert seen[0] == OFFLINE, told
    assert seen[-1] == ONLINE, told
    messages = [one["body"] for one in told if one["what"] == "messages"]
    assert "Messages-Waiting: no" in messages[0]
    assert "Messages-Waiting: yes" in messages[-1]
    assert "Voice-Message: 2/8 (0/0)" in messages[-1]
