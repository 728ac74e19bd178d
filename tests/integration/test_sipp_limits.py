"""SIPp against the real switch: who may call when, and when it ends for want of money."""

from __future__ import annotations

import pytest

from tests.integration.town import AFGHANISTAN, GERMANY, Town
from tests.support.sipp import SippProcess, needs_sipp

pytestmark = [needs_sipp, pytest.mark.sipp]


def hold_the_only_slot(town: Town, *, carrier_calls: int = 1) -> tuple[SippProcess, SippProcess]:
    """Let alice call through a carrier on her one flatrate, and wait until both talk."""
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100, calls=carrier_calls)
    call = town.start("uac-call-probed.xml", "alice", to=GERMANY)
    wait_until_answered(town, 1)
    return call, carrier


def wait_until_answered(town: Town, count: int) -> None:
    town.switch.wait_for_metric("freiton_calls", count, state="answered")


def test_a_second_call_on_one_flatrate_is_refused(town: Town) -> None:
    call, carrier = hold_the_only_slot(town)
    assert town.switch.metric("freiton_slots_in_use") == 1
    town.run("uac-flatrate-limit.xml", "alice", to=GERMANY, port=town.ports["dave"])
    call.expect_success()
    carrier.expect_success()

    first, second = sorted(town.switch.wait_for_records(2), key=lambda one: one["sip_status"])
    assert (first["ending"], first["sip_status"]) == ("answered", "200")
    assert (second["ending"], second["sip_status"]) == ("flatrate-limit", "486")
    assert second["amount_euro"] == "0.000000"
    assert town.switch.metric("freiton_refusals_total", cause="flatrate-limit") == 1
    assert town.switch.metric("freiton_slots_in_use") == 0


def test_a_second_flatrate_counts_at_once(town: Town) -> None:
    call, carrier = hold_the_only_slot(town, carrier_calls=2)
    town.switch.cli("flatrate", "add", "alice")
    town.run("uac-call.xml", "alice", to="+493023125901", port=town.ports["dave"], pause_ms=500)
    call.expect_success()
    carrier.expect_success()
    records = town.switch.wait_for_records(2)
    assert [record["ending"] for record in records] == ["answered", "answered"]


def test_a_slot_is_free_as_soon_as_its_call_is_over(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=50, calls=5)
    for _ in range(5):
        town.run("uac-call.xml", "alice", to=GERMANY, pause_ms=100)
    carrier.expect_success()
    assert len(town.switch.wait_for_records(5)) == 5


def test_a_phone_that_lost_its_power_holds_no_slot(town: Town) -> None:
    """The holder's leg does not answer the question whether it lives: the next call gets in."""
    carrier = town.answer("uas-answer.xml", "north", pause_ms=50, calls=2)
    town.run("uac-call-silent.xml", "alice", to=GERMANY)
    wait_until_answered(town, 1)
    town.run("uac-call.xml", "alice", to="+493023125901", port=town.ports["dave"], pause_ms=500)
    carrier.expect_success()


def test_without_credit_there_is_no_call(town: Town) -> None:
    town.run("uac-no-credit.xml", "dave", to=AFGHANISTAN)
    (record,) = town.switch.wait_for_records(1)
    assert (record["ending"], record["sip_status"]) == ("no-credit", "402")


def test_a_call_ends_with_the_last_second_that_was_paid_for(town: Town) -> None:
    """Four cents are three seconds at 79 ct/min: 3.95 ct; a fourth second would be 5.266… ct."""
    town.switch.cli("top-up", "dave", "0.04")
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    caller = town.run("uac-call-until-cut.xml", "dave", to=AFGHANISTAN)
    carrier.expect_success()

    _setup_s, talk_s = caller.durations_s()
    assert 2.95 <= talk_s <= 3.15
    (record,) = town.switch.wait_for_records(1)
    assert record["charged_s"] == "3"
    assert record["amount_euro"] == "0.039500"
    assert record["released_by"] == "switch"
    town.run("uac-no-credit.xml", "dave", to=AFGHANISTAN)


def test_a_dear_country_is_barred_unless_allowed(town: Town) -> None:
    town.run("uac-refused.xml", "bob", to=AFGHANISTAN)
    (record,) = town.switch.wait_for_records(1)
    assert (record["ending"], record["sip_status"]) == ("non-eu-off", "403")


def test_an_emergency_call_ignores_the_limit(town: Town) -> None:
    """The phone is registered, its only slot is taken, and it is not even asked who it is."""
    town.register("alice")
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    call = town.start("uac-call-probed.xml", "alice", to=GERMANY, port=town.ports["dave"])
    wait_until_answered(town, 1)
    rescue = town.answer("uas-answer.xml", "rescue", pause_ms=100)
    town.run("uac-emergency.xml", "alice", to="112", pause_ms=500)
    rescue.expect_success()
    call.expect_success()
    carrier.expect_success()

    records = town.switch.wait_for_records(2)
    (emergency,) = [record for record in records if record["direction"] == "emergency"]
    assert emergency["ending"] == "answered"
    assert emergency["amount_euro"] == "0.000000"
    assert emergency["trunk_id"] == town.trunks["rescue"]
    assert "+493023125001" in rescue.messages()
