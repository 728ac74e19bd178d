"""Neighbours and texts from outside: SIPp phones, a SIPp neighbour, the real switch between."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from tests.integration.town import Town
from tests.support.free_port import free_sip_ports
from tests.support.sipp import HOST, SippProcess, needs_sipp, run_sipp

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


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_a_call_to_a_neighbour_goes_along_its_record_route(
    quiet_town: Town, transport: str
) -> None:
    """Over TCP on our side, the two entries of the Record-Route name two transports (RFC 5658)."""
    port = open_with_neighbour(quiet_town)
    neighbour = quiet_town.answer("uas-answer.xml", "south", port=port, pause_ms=100)
    role = quiet_town.role(
        "uac-call-neighbour.xml", "bob", to="carol", pause_ms=300, transport=transport
    )
    caller = run_sipp(replace(role, keys={**role.keys, "neighbour": EAST}), quiet_town.folder)
    neighbour.expect_success()

    (bye,) = [one for one in neighbour.messages().split("-----") if "\nBYE sip:" in one]
    assert "Route:" not in bye.replace("Record-Route:", "")
    (line,) = re.findall(r"^Record-Route: (.*)$", acceptance(caller), re.MULTILINE)
    entries = re.findall(r"<sip:[^>@]+@[^>;]+(;transport=tcp)?;lr>", line)
    assert sorted(entries) == (["", ""] if transport == "u1" else ["", ";transport=tcp"])
    time.sleep(0.2)
    assert quiet_town.switch.wait_for_records(0) == []


def acceptance(caller: SippProcess) -> str:
    """Return the 200 to the INVITE, whose Record-Route the BYE follows."""
    found = [one for one in caller.messages().split("-----") if "\nSIP/2.0 200" in one]
    return next(one for one in found if "INVITE" in one)


def test_a_message_reaches_both_phones_of_an_account(town: Town) -> None:
    town.register("bob", "carol-desk", "carol-mobile")
    phones = [town.answer("uas-message.xml", name) for name in ("carol-desk", "carol-mobile")]
    town.run("uac-message.xml", "bob", to="carol")
    for phone in phones:
        phone.expect_success()
