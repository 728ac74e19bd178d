"""Kamailio as the neighbouring proxy: a proxied call through both, in either direction.

SIPp plays the phones on both ends. Kamailio puts its own Record-Route beside ours, judges ours by
its own reading of RFC 3261 §16, and is the proxy that most neighbours run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.integration.town import DOMAIN, Town, found
from tests.support.free_port import free_sip_ports
from tests.support.kamailio import needs_kamailio, running_kamailio
from tests.support.sipp import HOST, SippRole, needs_sipp, run_sipp, start_sipp

EAST = "east.example"

pytestmark = [
    needs_sipp,
    pytest.mark.sipp,
    needs_kamailio,
]

CONFIG = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
listen=udp:{host}:{port}
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
server_signature=no

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (!loose_route()) {{ sl_send_reply("481", "No Route"); exit; }}
        t_relay();
        exit;
    }}
    if (is_method("INVITE")) record_route();
    if ($rd == "{east}") {{
        t_relay_to_udp("{host}", "{phone}");
    }} else {{
        t_relay_to_udp("{host}", "{switch}");
    }}
}}
"""


@dataclass(frozen=True)
class Neighbourhood:
    """Our town, a Kamailio beside it, and the port of the phone behind that."""

    town: Town
    kamailio_port: int
    phone_port: int


@pytest.fixture
def neighbourhood(tmp_path: Path) -> Iterator[Neighbourhood]:
    kamailio, phone = free_sip_ports(2)
    town = Town(tmp_path / "town", found(tmp_path))
    town.switch.cli(
        "trunk", "add", "east",
        "--host", f"{HOST}:{kamailio}", "--domain", EAST, "--handling", "proxy",
    )  # fmt: skip
    town.switch.start()
    config = CONFIG.format(
        host=HOST, port=kamailio, east=EAST, phone=phone, switch=town.switch.sip_port
    )
    with running_kamailio(tmp_path / "kamailio", config, port=kamailio):
        yield Neighbourhood(town, kamailio, phone)
    town.close()


def test_a_call_goes_through_both_proxies_to_the_neighbours_phone(
    neighbourhood: Neighbourhood,
) -> None:
    town = neighbourhood.town
    callee = start_sipp(
        SippRole(scenario="uas-answer.xml", port=neighbourhood.phone_port, pause_ms=100),
        town.folder,
    )
    with callee:
        role = town.role("uac-call-neighbour.xml", "bob", to="carol", pause_ms=300)
        caller = run_sipp(replace(role, keys={**role.keys, "neighbour": EAST}), town.folder)
        callee.expect_success()
    assert _record_routes(callee.messages(), "INVITE") == 3, "two of ours, one of Kamailio's"
    assert f"{HOST}:{neighbourhood.kamailio_port}" in caller.messages()
    assert town.switch.wait_for_records(0) == []


def test_a_call_comes_through_both_proxies_to_a_phone_of_ours(
    neighbourhood: Neighbourhood,
) -> None:
    town = neighbourhood.town
    town.register("bob")
    callee = town.answer("uas-answer.xml", "bob", pause_ms=100)
    run_sipp(inward(neighbourhood, "uac-carrier.xml"), town.folder)
    callee.expect_success()
    assert _record_routes(callee.messages(), "INVITE") == 3
    assert town.switch.wait_for_records(0) == []


def test_a_caller_gives_up_through_both_proxies(neighbourhood: Neighbourhood) -> None:
    """CANCEL and 487 go hop by hop, and every hop acknowledges."""
    town = neighbourhood.town
    town.register("bob")
    callee = town.answer("uas-ring.xml", "bob")
    run_sipp(inward(neighbourhood, "uac-carrier-cancel.xml"), town.folder)
    callee.expect_success()
    assert town.switch.wait_for_records(0) == []


def test_a_failure_comes_back_through_both_proxies(neighbourhood: Neighbourhood) -> None:
    town = neighbourhood.town
    town.register("bob")
    callee = town.answer("uas-busy.xml", "bob")
    run_sipp(inward(neighbourhood, "uac-carrier-busy.xml"), town.folder)
    callee.expect_success()
    assert town.switch.wait_for_records(0) == []


def inward(neighbourhood: Neighbourhood, scenario: str) -> SippRole:
    """The neighbour's phone calls ours."""
    return SippRole(
        scenario=scenario,
        port=neighbourhood.phone_port,
        remote_port=neighbourhood.kamailio_port,
        keys={"account": "carol", "carrier": EAST},
        domain=DOMAIN,
        service="bob",
        pause_ms=300,
    )


def _record_routes(messages: str, method: str) -> int:
    """Count the entries in the first request of a method."""
    start = messages.index(f"\n{method} sip:")
    head = messages[start:].replace("\r\n", "\n").partition("\n\n")[0]
    return sum(line.count("<sip:") for line in head.split("\n") if line.startswith("Record-Route:"))
