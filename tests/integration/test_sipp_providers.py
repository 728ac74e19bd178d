"""SIPp calls charged by the lists of all four providers, and allowances that calls share.

Every amount is worked out by hand from the printed price, and half a second over a full one is
talked: 1.5 s are 2 begun seconds.
"""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.integration.earlier_calls import talk_before
from tests.integration.town import DOMAIN, GERMANY, GERMANY_E164, Town
from tests.support.sipp import needs_sipp
from tests.support.switch_process import STATE

pytestmark = [needs_sipp, pytest.mark.sipp]

MOBILE: Final = "017139200"
FRANCE: Final = "0033142685300"
PACKAGE: Final = "PACK-MOBILE-100"
PACKAGE_S: Final = 6_000

# Who calls, what, the price row of the document, and the amount in the basis of the list.
CALLS: Final = (
    # TGNET/call, line 89, gross: 2.9 ct * 2 / 60 = 0.0966… ct.
    ("bob", GERMANY, GERMANY_E164, "tgnet-call 2010-03-01", "89", "2", "0.000967"),
    # Enreach Contact 03/2026, net, Advanced. Line 184: 0.0120 * 2 / 60 = 0.0004.
    ("erik", "03023125901", "+493023125901", "enreach-contact 2026-03", "184", "2", "0.000400"),
    # Line 185: 0.0990 * 2 / 60 = 0.0033.
    ("erik", f"{MOBILE}10", "+491713920010", "enreach-contact 2026-03", "185", "2", "0.003300"),
    # Line 191, 60/1: the first minute is charged whole, 0.0190.
    ("erik", FRANCE, "+33142685300", "enreach-contact 2026-03", "191", "60", "0.019000"),
    # zaluma.team price sheet, net. Line 189, from VoIP: 9.9 ct * 2 / 60 = 0.33 ct.
    ("zoe-desk", f"{MOBILE}11", "+491713920011", "zaluma-team 2025-04-01", "189", "2", "0.003300"),
    # The same line from a SIM: 12.0 ct * 2 / 60 = 0.4 ct.
    ("zoe-sim", f"{MOBILE}12", "+491713920012", "zaluma-team 2025-04-01", "189", "2", "0.004000"),
    # Line 187 from a SIM: 9.9 ct * 2 / 60 = 0.33 ct.
    ("zoe-sim", "03023125902", "+493023125902", "zaluma-team 2025-04-01", "187", "2", "0.003300"),
)


def test_every_provider_charges_by_its_own_list(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100, calls=len(CALLS))
    spare_ports = iter(town.ports[name] for name in ("alice", "carol-desk", "carol-mobile"))
    used: set[str] = set()
    callers = []
    for phone, dialled, *_ in CALLS:
        port = next(spare_ports) if phone in used else town.ports[phone]
        used.add(phone)
        callers.append(town.start("uac-call.xml", phone, to=dialled, pause_ms=1500, port=port))
    for caller in callers:
        caller.expect_success()
    carrier.expect_success()

    records = {one["called_number"]: one for one in town.switch.wait_for_records(len(CALLS))}
    for phone, _, called, price_list, line, charged_s, amount in CALLS:
        record = records[called]
        assert record["account_id"] == town.accounts[phone.partition("-")[0]]
        assert (record["price_list"], record["document_line"]) == (price_list, line)
        assert (record["charged_s"], record["amount_euro"]) == (charged_s, amount)
    # An invoice adds the tax to what is net: 0.019000 * 1.19.
    assert records["+33142685300"]["gross_euro"] == "0.022610"
    assert records["+491713920012"]["origin"] == "mobile"


def test_a_minute_package_ends_during_a_call_and_is_shared_by_two(quiet_town: Town) -> None:
    """Paula has one second left, pia thirteen, who then makes two calls at once."""
    town = quiet_town
    state = town.folder / STATE
    to = f"{MOBILE}10"
    talk_before(state, DOMAIN, "paula", to=to, seconds=PACKAGE_S - 1)
    talk_before(state, DOMAIN, "pia", to=to, seconds=PACKAGE_S - 13, paid_micros=1_000_000)
    town.switch.start()
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100, calls=3)
    # The first reserves ten of the thirteen seconds that are left, the second the last three.
    players = [carrier, town.start("uac-call.xml", "pia", to=to, pause_ms=4500)]
    town.switch.wait_for_metric("freiton_calls", 1, state="answered")
    spare = town.ports["alice"]
    players += [
        town.start("uac-call.xml", "pia", to=f"{MOBILE}11", pause_ms=4500, port=spare),
        town.start("uac-call.xml", "paula", to=f"{MOBILE}12", pause_ms=2500),
    ]
    for player in players:
        player.expect_success()

    town.switch.wait_for_metric("freiton_calls_ended_total", 3)
    records = {(one["account_id"], one["called_number"]): one for one in town.switch.records()[2:]}
    paula, pia = town.accounts["paula"], town.accounts["pia"]
    split = records[paula, "+491713920012"]
    # The list of 2021 holds for the whole term, not that of 2024 with its 12.2 ct.
    assert split["price_list"] == "plusnet-example-a 2021-03-01"
    assert (split["plan"], split["price_per_minute_ct"]) == ("plusnet/sip-trunk", "11.1")
    # 3 seconds: one by the package, two at 11.1 ct * 2 / 60 = 0.37 ct.
    assert (split["charged_s"], split["allowance_used_s"]) == ("3", f"{PACKAGE}=1")
    assert split["amount_euro"] == "0.003700"

    first, second = records[pia, "+491713920010"], records[pia, "+491713920011"]
    assert (first["charged_s"], first["allowance_used_s"]) == ("5", f"{PACKAGE}=5")
    assert first["amount_euro"] == "0.000000"
    # Three by the package, two in money, as above.
    assert (second["charged_s"], second["allowance_used_s"]) == ("5", f"{PACKAGE}=3")
    assert second["amount_euro"] == "0.003700"
    # What the first had reserved and did not use is there again: 13 - 5 - 3.
    quoted = json.loads(town.switch.cli("quote", to, "--account", "pia", "--json"))
    assert quoted["left_s"] == {PACKAGE: 5}
