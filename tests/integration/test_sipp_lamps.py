"""A lamp from outside: SIPp watches an account of the real switch while it calls."""

from __future__ import annotations

import json
import re
import time

from sipcore.presence.record import CSEQ_GAP
from tests.integration.town import Town

WAIT_S = 10.0


def subscriptions(town: Town) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(
        town.switch.cli("watcher", "subscriptions", "--json")
    )
    return listed


def await_subscriptions(town: Town, count: int) -> list[dict[str, object]]:
    until = time.monotonic() + WAIT_S
    while len(listed := subscriptions(town)) != count:
        assert time.monotonic() < until, listed
        time.sleep(0.05)
    return listed


def test_a_lamp_is_lit_while_the_watched_account_calls(town: Town) -> None:
    town.register("carol-desk")
    lamp = town.start("uac-lamp.xml", "alice", to="bob")
    (listed,) = await_subscriptions(town, 1)
    assert (listed["watcher"], listed["event"]) == ("alice@freiton.internal", "dialog")
    assert (listed["resource"], listed["state"]) == ("bob@freiton.internal", "active")
    time.sleep(1.1)  # the rate of the package, in real time
    town.answer("uas-answer.xml", "carol-desk")
    town.run("uac-call.xml", "bob", to="carol", pause_ms=2500)
    lamp.expect_success()
    assert subscriptions(town) == []


def test_a_lamp_goes_on_after_the_switch_was_killed(town: Town) -> None:
    town.register("carol-desk")
    lamp = town.start("uac-lamp.xml", "alice", to="bob", timeout_s=40)
    await_subscriptions(town, 1)
    time.sleep(0.5)
    town.switch.kill()
    town.switch.start()
    (listed,) = await_subscriptions(town, 1)
    assert listed["resource"] == "bob@freiton.internal"
    # It hears everything anew, in its old dialog: dark, which is no step of its story and ends it.
    until = time.monotonic() + WAIT_S
    while len(set(re.findall(r"^CSeq: (\d+) NOTIFY", lamp.messages(), re.MULTILINE))) < 2:
        assert time.monotonic() < until, lamp.messages()
        time.sleep(0.05)
    first, again = sorted({int(one) for one in re.findall(r"CSeq: (\d+) NOTIFY", lamp.messages())})
    assert first == 1
    assert again > CSEQ_GAP
    assert f'version="{again - 1}"' in lamp.messages()
    lamp.kill()
