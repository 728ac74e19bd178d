"""Neighbours and texts from outside: SIPp phones, a SIPp neighbour, the real switch between."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.integration.town import Town
from tests.support.free_port import free_sip_ports
from tests.support.sipp import HOST, needs_sipp, run_sipp

pytestmark = [needs_sipp, pytest.mark.sipp]

EAST = "east.example"


def open_with_neighbour(town: Town) -> int:
    """Start the switch beside a neighbour; return the neighbour's port."""
    (port,) = free_sip_ports(1)
    switch = town.switch
    switch.cli(
        "trunk", "add", "east", "--host", f"{HOST}:{port}", "--domain", EAST, "--handling", "proxy"
    )
    assert "All is well." in switch.cli("check-config")
    switch.start()
    return port


def test_a_call_to_a_neighbour_goes_along_its_record_route(quiet_town: Town) -> None:
    port = open_with_neighbour(quiet_town)
    neighbour = quiet_town.answer("uas-answer.xml", "south", port=port, pause_ms=100)
    role = quiet_town.role("uac-call-neighbour.xml", "bob", to="carol", pause_ms=300)
    caller = run_sipp(replace(role, keys={**role.keys, "neighbour": EAST}), quiet_town.folder)
    neighbour.expect_success()

    (bye,) = [one for one in neighbour.messages().split("-----") if "\nBYE sip:" in one]
    assert "Route:" not in bye.replace("Record-Route:", "")
    assert caller.messages().count("Record-Route: <sip:") >= 2
    time.sleep(0.2)
    assert quiet_town.switch.wait_for_records(0) == []


def test_a_message_reaches_both_phones_of_an_account(town: Town) -> None:
    town.register("bob", "carol-desk", "carol-mobile")
    phones = [town.answer("uas-message.xml", name) for name in ("carol-desk", "carol-mobile")]
    town.run("uac-message.xml", "bob", to="carol")
    for phone in phones:
        phone.expect_success()
