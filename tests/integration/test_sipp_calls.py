"""SIPp phones and carriers against the real switch: how calls begin, change and end."""

from __future__ import annotations

import pytest

from tests.integration.town import GERMANY, GERMANY_E164, Town
from tests.support.sipp import needs_sipp

pytestmark = [needs_sipp, pytest.mark.sipp]


def test_the_switch_answers_options(town: Town) -> None:
    town.run("uac-options.xml", "alice")


def test_phones_register_over_udp_and_tcp(town: Town) -> None:
    town.register("alice", "carol-desk")
    town.run("uac-register.xml", "carol-mobile", transport="t1")
    assert town.switch.metric("freiton_registered_accounts") == 2
    assert town.switch.metric("freiton_bindings", transport="udp") == 2
    assert town.switch.cli("status")


def test_a_wrong_password_registers_nobody(town: Town) -> None:
    with pytest.raises(AssertionError, match=r"SIP/2.0 (401|403)"):
        town.run("uac-register.xml", "nobody", port=town.ports["alice"], timeout_s=5)
    assert town.switch.metric("freiton_registered_accounts") == 0


def test_one_phone_calls_another(town: Town) -> None:
    town.register("alice", "carol-desk")
    callee = town.answer("uas-answer.xml", "carol-desk", pause_ms=200)
    town.run("uac-call.xml", "alice", to="03023125003", pause_ms=1500)
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["direction"] == "on-net"
    assert record["called_number"] == "+493023125003"
    assert record["ending"] == "answered"
    assert record["charged_s"] == "2"
    assert record["amount_euro"] == "0.000000"
    assert town.switch.metric("freiton_slots_in_use") == 0
    assert town.switch.metric("freiton_calls_ended_total", kind="on-net", result="answered") == 1


def test_a_call_through_a_carrier_costs_what_the_list_says(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=1500)
    carrier.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["direction"] == "outbound"
    assert record["account_id"] == town.accounts["bob"]
    assert record["called_number"] == GERMANY_E164
    assert record["trunk_id"] == town.trunks["north"]
    assert record["charged_s"] == "2"
    assert record["amount_euro"] == "0.000967"  # 2 s at 2.9 ct/min: 0.096666… ct
    assert town.switch.metric("freiton_charged_euros_total") == pytest.approx(0.000967)


def test_reliable_provisionals_and_an_early_update_cross(town: Town) -> None:
    carrier = town.answer("uas-answer-reliable.xml", "north", pause_ms=100)
    town.run("uac-call-reliable.xml", "bob", to=GERMANY, pause_ms=1500)
    carrier.expect_success()
    (record,) = town.switch.wait_for_records(1)
    assert (record["ending"], record["charged_s"]) == ("answered", "2")


def test_a_caller_without_100rel_hears_a_carrier_that_speaks_it(town: Town) -> None:
    carrier = town.answer("uas-answer-prack.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=1500)
    carrier.expect_success()
    town.switch.wait_for_records(1)


def test_a_flatrate_makes_the_german_fixed_network_free(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "alice", to=GERMANY, pause_ms=1500)
    carrier.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["charged_s"] == "2"
    assert record["amount_euro"] == "0.000000"


def test_a_call_over_tcp_reaches_a_carrier_over_udp(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=500, transport="t1")
    carrier.expect_success()
    town.switch.wait_for_records(1)


def test_the_callee_may_hang_up(town: Town) -> None:
    callee = town.answer("uas-answer-and-hang-up.xml", "north", pause_ms=1500)
    town.run("uac-call-until-cut.xml", "bob", to=GERMANY)
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["charged_s"] == "2"
    assert record["released_by"] == "callee"


def test_the_caller_gives_up_while_it_rings(town: Town) -> None:
    town.register("carol-desk")
    callee = town.answer("uas-ring.xml", "carol-desk")
    town.run("uac-cancel.xml", "alice", to="carol", pause_ms=300)
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "cancelled"
    assert record["sip_status"] == "487"
    assert record["amount_euro"] == "0.000000"
    assert town.switch.metric("freiton_slots_in_use") == 0


def test_busy_reaches_the_caller(town: Town) -> None:
    town.register("carol-desk")
    callee = town.answer("uas-busy.xml", "carol-desk")
    town.run("uac-busy.xml", "alice", to="carol")
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "busy"
    assert record["sip_status"] == "486"


def test_nobody_answers(town: Town) -> None:
    """Bob's phone rings for the five seconds that his account allows."""
    town.register("bob")
    callee = town.answer("uas-ring.xml", "bob")
    town.run("uac-no-answer.xml", "alice", to="bob")
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "unanswered"
    assert record["sip_status"] == "480"


def test_of_two_phones_one_answers_and_the_other_is_told(town: Town) -> None:
    town.register("carol-desk", "carol-mobile")
    other = town.answer("uas-ring-other-answers.xml", "carol-mobile")
    answering = town.answer("uas-answer.xml", "carol-desk", pause_ms=500)
    town.run("uac-call.xml", "alice", to="carol", pause_ms=500)
    answering.expect_success()
    other.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "answered"
    legs = [line for line in town.switch.log_lines() if line["event"].startswith("leg ")]
    assert sorted(line["result"] for line in legs) == ["answered", "elsewhere"]


def test_a_blind_transfer_works_towards_a_carrier_without_refer(town: Town) -> None:
    town.register("alice", "carol-desk")
    carrier = town.answer("uas-transferred.xml", "north")
    target = town.answer("uas-transfer-target.xml", "carol-desk", pause_ms=1500)
    town.run("uac-transfer.xml", "bob", to=GERMANY, pause_ms=1000)
    target.expect_success()
    carrier.expect_success()

    records = {one["direction"]: one for one in town.switch.wait_for_records(2)}
    dialled, transferred = records["outbound"], records["on-net"]
    assert dialled["account_id"] == transferred["account_id"] == town.accounts["bob"]
    assert dialled["joined_call_ids"] == transferred["call_id"]
    assert transferred["referred_by"] == dialled["call_id"]
    assert dialled["charged_s"] == "3"  # a second before the transfer, one and a half after it
    assert transferred["charged_s"] == "2"
    assert dialled["ended_at"] == transferred["ended_at"]
    assert town.switch.metric("freiton_slots_in_use") == 0


def test_a_call_is_held_and_resumed(town: Town) -> None:
    town.register("carol-desk")
    callee = town.answer("uas-hold.xml", "carol-desk")
    town.run("uac-hold.xml", "alice", to="03023125003", pause_ms=500)
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["charged_s"] == "2"  # three pauses of half a second, hold included


def test_a_carrier_calls_one_of_our_numbers(town: Town) -> None:
    town.register("carol-desk")
    callee = town.answer("uas-answer.xml", "carol-desk", pause_ms=100)
    caller = town.start("uac-carrier.xml", "north", to="+493023125003", pause_ms=1500)
    town.switch.wait_for_metric("freiton_calls", 1, state="answered")
    assert town.switch.metric("freiton_slots_in_use") == 0  # incoming calls are never limited
    assert town.switch.metric("freiton_trunk_channels_in_use", trunk="north") == 1
    caller.expect_success()
    callee.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["direction"] == "inbound"
    assert record["amount_euro"] == "0.000000"


def test_when_the_first_carrier_fails_the_second_takes_the_call(town: Town) -> None:
    failing = town.answer("uas-unavailable.xml", "north")
    taking = town.answer("uas-answer.xml", "south", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=1500)
    failing.expect_success()
    taking.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["trunk_id"] == town.trunks["south"]
    assert record["amount_euro"] == "0.000967"


def test_when_no_carrier_takes_it_the_caller_is_told(town: Town) -> None:
    carriers = [town.answer("uas-unavailable.xml", name) for name in ("north", "south")]
    town.run("uac-unavailable.xml", "bob", to=GERMANY)
    for carrier in carriers:
        carrier.expect_success()

    (record,) = town.switch.wait_for_records(1)
    assert record["ending"] == "trunks-failed"
    assert record["amount_euro"] == "0.000000"
