"""SIPp against the real switch while it is stopped, killed, started again, and read."""

from __future__ import annotations

import signal

import pytest

from tests.integration.town import GERMANY, GERMANY_E164, Town
from tests.support.sipp import needs_sipp

pytestmark = [needs_sipp, pytest.mark.sipp]


def test_a_stopping_switch_ends_its_calls_in_peace(town: Town) -> None:
    """New calls get 503; the running one is neither cut nor forgotten."""
    carrier = town.answer("uas-answer.xml", "north", pause_ms=50)
    call = town.start("uac-call.xml", "bob", to=GERMANY, pause_ms=4500)
    town.switch.wait_for_metric("freiton_calls", 1, state="answered")
    town.switch.signal(signal.SIGTERM)
    town.switch.wait_for_metric("freiton_shutting_down", 1)
    assert town.switch.health()[0] == 503
    town.run("uac-unavailable.xml", "carol-desk", to=GERMANY)
    call.expect_success()
    carrier.expect_success()

    assert town.switch.wait_for_end() == 0
    refused, ended = town.switch.records()
    assert (refused["ending"], refused["sip_status"]) == ("shutting-down", "503")
    assert ended["charged_s"] == "5"
    assert ended["amount_euro"] == "0.002417"  # 5 s at 2.9 ct/min: 0.241666… ct


def test_a_call_for_help_is_cut_by_the_second_word_only(town: Town) -> None:
    """The deadline ends the ordinary call beside it; the operator may insist."""
    town.switch.stop()
    with (town.folder / "freiton.toml").open("a") as settings:
        settings.write("[shutdown]\ndeadline_s = 0\n")
    town.switch.start()
    town.register("alice")
    ordinary = town.answer("uas-answer.xml", "north", pause_ms=50)
    town.start("uac-call.xml", "bob", to=GERMANY, pause_ms=60_000)
    rescue = town.answer("uas-answer.xml", "rescue", pause_ms=50)
    town.start("uac-emergency.xml", "alice", to="112", pause_ms=60_000)
    town.switch.wait_for_metric("freiton_calls", 2, state="answered")

    town.switch.signal(signal.SIGTERM)
    ordinary.expect_success()
    town.switch.wait_for_metric("freiton_calls", 1, state="answered")
    assert town.switch.is_running
    waiting = [one for one in town.switch.log_lines() if one["event"].startswith("waiting for")]
    assert len(waiting) == 1

    town.switch.signal(signal.SIGTERM)
    assert town.switch.wait_for_end() == 0
    rescue.expect_success()
    directions = [record["direction"] for record in town.switch.records()]
    assert directions == ["outbound", "emergency"]


def test_a_call_outlives_a_killed_switch(town: Town) -> None:
    """Killed in mid-call and started again: both sides are found alive, and charged once."""
    carrier = town.answer("uas-answer.xml", "north", pause_ms=50)
    call = town.start("uac-call-adopted.xml", "bob", to=GERMANY, pause_ms=500)
    town.switch.wait_for_metric("freiton_calls", 1, state="answered")
    town.switch.kill()
    town.switch.start()
    call.expect_success()
    carrier.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "answered"
    assert 500_000 <= int(record["duration_us"]) <= 15_000_000
    assert town.switch.cli("ledger", "verify")
    assert town.switch.metric("freiton_slots_in_use") == 0


def test_the_log_tells_each_leg_once_and_no_number_whole(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=50)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=100)
    carrier.expect_success()
    town.run("uac-refused.xml", "bob", to="0093202101234")
    town.switch.wait_for_records(2)

    told = [line for line in town.switch.log_lines() if line["event"].startswith("call ")]
    assert [line["result"] for line in told] == ["answered", "refused"]
    legs = [line for line in town.switch.log_lines() if line["event"].startswith("leg ")]
    assert [(line["target"], line["result"]) for line in legs] == [("north", "answered")]
    assert legs[0]["call"] == told[0]["call"]
    assert told[0]["called"] == GERMANY_E164[:-3] + "***"
    assert told[0]["calling"] == "+493023125***"
    text = town.switch.log_tail()
    assert GERMANY_E164[3:] not in text
    assert "202101234" not in text
