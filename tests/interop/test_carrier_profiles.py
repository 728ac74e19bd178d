"""Carriers of a profile, seen from outside: the real switch, set up by an operator's commands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.interop.switchboard import ALICE, DOMAIN, PASSWORD, found
from tests.interop.wire import Headers, Message, UdpAgent
from tests.support.switch_process import HOST, SwitchProcess

PROVEN = "+4989999999"
GERMANY = "03023125900"
PLUSNET = "plusnet.example"
CONNECT = "connect.example"
PILOT = "+493023125000"


class Scene:
    """The switch, a carrier by fixed address and one that we register with."""

    def __init__(self, switch: SwitchProcess, fixed: UdpAgent, registrar: UdpAgent) -> None:
        self.switch = switch
        self.fixed = fixed
        self.registrar = registrar

    def call_out(self, shown: str, *, headers: Headers = ()) -> Message:
        """Let Alice call with this user in From; return the INVITE that the carrier gets."""
        with self._phone(shown) as phone, ThreadPoolExecutor() as pool:
            calling = pool.submit(phone.call, GERMANY, headers=headers)
            invite = self.fixed.wait_for_request("INVITE")
            self.fixed.answer(invite)
            call = calling.result()
            hanging_up = pool.submit(call.hang_up)
            self.fixed.respond(self.fixed.wait_for_request("BYE"), 200)
            hanging_up.result()
        return invite

    def refused(self, shown: str) -> int:
        """Let Alice call with this user in From; return the status that she gets."""
        with self._phone(shown) as phone:
            headers = (("Content-Type", "application/sdp"),)
            uri = f"sip:{GERMANY}@{DOMAIN}"
            return phone.ask("INVITE", uri, headers=headers, body=phone.sdp)[1].status

    def _phone(self, shown: str) -> UdpAgent:
        return UdpAgent(
            (HOST, self.switch.sip_port),
            user=shown,
            device="alice-desk",
            password=PASSWORD,
            domain=DOMAIN,
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("profiles")
    with (
        UdpAgent((HOST, 0), user="plusnet", domain=PLUSNET) as fixed,
        UdpAgent((HOST, 0), user="connect", domain=CONNECT) as registrar,
        found(folder) as switch,
    ):
        fixed.remote = registrar.remote = (HOST, switch.sip_port)
        switch.cli(
            *("trunk", "add", "plusnet", "--profile", "plusnet", "--domain", PLUSNET),
            *("--host", f"{HOST}:{fixed.bound[1]}", "--priority", "1"),
        )
        switch.cli(
            *("trunk", "add", "connect", "--profile", "sipconnect-2.0", "--transport", "udp"),
            *("--host", f"{HOST}:{registrar.bound[1]}", "--domain", CONNECT),
            *("--username", PILOT, "--secret", "a-secret-of-the-trunk"),
        )
        switch.start()
        yield Scene(switch, fixed, registrar)
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.fixture(autouse=True)
def _nothing_left(scene: Scene) -> Iterator[None]:
    yield
    scene.fixed.forget()


def test_one_contact_without_a_user_registers_every_number(scene: Scene) -> None:
    """RFC 6140 §5."""
    register = scene.registrar.wait_for_request("REGISTER")
    assert register["contact"] == f"<sip:{HOST}:{scene.switch.sip_port};bnc>"
    assert register["require"] == register["proxy-require"] == "gin"
    assert register["supported"] == "path"
    assert register.uri_in("to") == f"sip:{PILOT}@{CONNECT}"
    headers = (("Contact", f"{register['contact']};expires=300"),)
    scene.registrar.respond(register, 200, headers=headers)


def test_a_carrier_is_asked_whether_it_is_there(scene: Scene) -> None:
    ping = scene.fixed.wait_for_request("OPTIONS")
    assert ping.uri == f"sip:{PLUSNET}"
    scene.fixed.respond(ping, 200)


def test_a_number_is_shown_once_its_proof_is_entered_and_no_longer_when_it_is_gone(
    scene: Scene,
) -> None:
    own = f"sip:00{ALICE[1:]}@{PLUSNET};user=phone"
    assert scene.call_out(PROVEN).uri_in("from") == own
    proof = ("--document", "letter", "--expires", "2099-12-31")
    scene.switch.cli("number", "right", "add", "alice", PROVEN, *proof)
    shown = scene.call_out(PROVEN)
    assert shown.uri_in("from") == f"sip:00{PROVEN[1:]}@{PLUSNET};user=phone"
    assert shown.uri_in("p-asserted-identity") == own
    hidden = scene.call_out(PROVEN, headers=(("Privacy", "id"),))
    assert hidden.uri_in("from") == "sip:anonymous@anonymous.invalid"
    assert (hidden["privacy"], hidden.uri_in("p-asserted-identity")) == ("id", own)
    scene.switch.cli("number", "right", "remove", "alice", PROVEN)
    assert scene.call_out(PROVEN).uri_in("from") == own


@pytest.mark.parametrize("shown", ["110", "0900123456", "+49112"])
def test_a_number_that_nobody_may_show_goes_nowhere(scene: Scene, shown: str) -> None:
    assert scene.refused(shown) == 403
    assert not [one for one in scene.fixed.received if one.method == "INVITE"]


def test_a_diversion_is_told_by_its_own_number_alone(scene: Scene) -> None:
    for diverter, told in (
        (ALICE, f"<sip:00{ALICE[1:]}@{PLUSNET}>;reason=user-busy"),
        ("+4915112345678", ""),
    ):
        diversion = (("Diversion", f"<sip:{diverter}@{DOMAIN}>;reason=user-busy"),)
        assert scene.call_out("alice", headers=diversion)["diversion"] == told
