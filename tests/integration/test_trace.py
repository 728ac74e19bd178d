"""A call of SIPp phones, looked at, replayed, and played again by SIPp from its own recording."""

from __future__ import annotations

import json
import socket
import stat
import struct

import pytest

from tests.freiton.trace.test_hep import chunks
from tests.integration.town import GERMANY, GERMANY_E164, SETTINGS, Town
from tests.support.sipp import needs_sipp

pytestmark = [needs_sipp, pytest.mark.sipp]


def test_a_real_call_is_shown_replayed_and_played_again(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=500)
    carrier.expect_success()
    (record,) = town.switch.wait_for_records(1)

    shown = town.switch.cli("trace", record["call_id"])
    assert "routing: outbound, from bob" in shown
    assert "log: answered" in shown
    assert "log: ended, answered by caller" in shown
    assert GERMANY_E164 not in shown
    assert GERMANY_E164[:-3] in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert GERMANY_E164 in town.switch.cli("trace", "last", "--full")
    whole = town.switch.cli("trace", "last", "--messages")
    assert "Authorization: (cut out)" in whole
    assert "response=" not in whole

    assert "Identical" in town.switch.cli("replay", "last")
    (listed,) = json.loads(town.switch.cli("trace", "--json"))
    assert listed["call_id"] == record["call_id"]

    scenarios = town.folder / "scenarios"
    town.switch.cli("trace", "last", "--sipp", str(scenarios))
    again = town.answer(str(scenarios / "uas-trace.xml"), "north")
    town.run(str(scenarios / "uac-trace.xml"), "bob", to=GERMANY)
    again.expect_success()
    first, second = town.switch.wait_for_records(2)
    assert second["ending"] == first["ending"] == "answered"
    assert second["called_number"] == first["called_number"]


def test_a_saved_recording_is_private_and_replays_without_the_switch(town: Town) -> None:
    town.answer("uas-busy.xml", "north")
    town.run("uac-busy.xml", "bob", to=GERMANY)
    saved = town.folder / "call.trace"
    town.switch.cli("trace", "last", "--save", str(saved))
    town.switch.stop()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert "Identical" in town.switch.cli("replay", str(saved))
    saved.write_bytes(saved.read_bytes().replace(b"SIP/2.0 486 Busy", b"SIP/2.0 486 Bizy", 99))
    refused = town.switch.try_cli("replay", str(saved))
    assert refused.returncode == 1
    assert "Different" in refused.stdout


def test_refusals_are_explained_also_without_a_record(town: Town) -> None:
    town.register("alice")
    with pytest.raises(AssertionError):
        town.run("uac-call.xml", "nobody", to=GERMANY, port=town.ports["bob"], timeout_s=5)
    told = town.switch.cli("why", "last", "--language", "en")
    assert "Answered with 40" in told
    assert "no record was made" in told
    told = town.switch.cli("why", "last", "--json")
    assert json.loads(told)["status"] is None


def test_copies_reach_a_capture_server(quiet_town: Town) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5.0)
        port = server.getsockname()[1]
        hep = f'[hep]\nenabled = true\nserver = "127.0.0.1:{port}"\npassword = "homer"\n'
        (quiet_town.folder / "freiton.toml").write_text(SETTINGS + hep)
        quiet_town.switch.start()
        quiet_town.run("uac-options.xml", "alice")
        came, went = chunks(server.recv(65_536)), chunks(server.recv(65_536))
    assert came[15].startswith(b"OPTIONS ")
    assert went[15].startswith(b"SIP/2.0 200")
    assert came[14] == went[14] == b"homer"
    assert came[7] == went[8] == struct.pack("!H", quiet_town.ports["alice"])


def test_numbers_that_are_erased_are_erased_from_recordings_too(town: Town) -> None:
    carrier = town.answer("uas-answer.xml", "north", pause_ms=100)
    town.run("uac-call.xml", "bob", to=GERMANY, pause_ms=500)
    carrier.expect_success()
    (record,) = town.switch.wait_for_records(1)
    town.switch.cli("ledger", "erase-numbers", "--call", record["call_id"])
    gone = town.switch.try_cli("trace", record["call_id"])
    assert gone.returncode == 1
    assert "remembered" in gone.stderr
