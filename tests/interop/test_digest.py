"""Digest from outside: sipsak, and answers by hand that no phone should give."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.interop.switchboard import DOMAIN, PASSWORD, found
from tests.interop.wire import Message, UdpAgent, digest_response, read_parameters
from tests.support.switch_process import HOST, SwitchProcess

AOR = f"<sip:alice@{DOMAIN}>"
URI = f"sip:{DOMAIN}"


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwitchProcess]:
    with found(tmp_path_factory.mktemp("digest")) as switch:
        switch.start()
        yield switch
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.fixture
def alice(switch: SwitchProcess) -> Iterator[UdpAgent]:
    with UdpAgent((HOST, switch.sip_port), user="alice", domain=DOMAIN) as agent:
        yield agent


def register(agent: UdpAgent, *credentials: str, cseq: int = 1, call_id: str = "") -> Message:
    fields = tuple(("Authorization", one) for one in credentials)
    agent.request("REGISTER", URI, to=AOR, headers=fields, cseq=cseq, call_id=call_id)
    return agent.wait_for_final("REGISTER")


def credentials(challenge: Message, *, qop: str = "auth", count: str = "00000001") -> str:
    given = read_parameters(challenge["www-authenticate"])
    response = digest_response(
        "alice-desk",
        PASSWORD,
        realm=given["realm"],
        nonce=given["nonce"],
        method="REGISTER",
        uri=URI,
        count=count,
        cnonce="abc",
    )
    return (
        f'Digest username="alice-desk", realm="{given["realm"]}", nonce="{given["nonce"]}", '
        f'uri="{URI}", response="{response}", qop={qop}, nc={count}, cnonce="abc"'
    )


needs_sipsak = pytest.mark.skipif(
    shutil.which("sipsak") is None, reason="sipsak is not installed (apt-get install sipsak)"
)


@needs_sipsak
def test_sipsak_finds_the_switch_alive(switch: SwitchProcess) -> None:
    command = ["sipsak", "-v", "-s", f"sip:{HOST}:{switch.sip_port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 OK" in done.stdout


@needs_sipsak
@pytest.mark.parametrize(("password", "is_let_in"), [(PASSWORD, True), ("a-guess", False)])
def test_sipsak(switch: SwitchProcess, password: str, *, is_let_in: bool) -> None:
    command = [
        "sipsak", "-U", "-C", "sip:alice@127.0.0.1:5999", "-x", "120",
        "-s", f"sip:alice@{HOST}:{switch.sip_port}", "-u", "alice-desk", "-a", password,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode == 0) is is_let_in, done.stdout + done.stderr


def test_auth_int_is_refused_by_name(alice: UdpAgent) -> None:
    challenge = register(alice)
    assert read_parameters(challenge["www-authenticate"])["qop"] == "auth"
    answer = register(alice, credentials(challenge, qop="auth-int"), cseq=2)
    assert (answer.status, answer.start) == (400, "SIP/2.0 400 Only qop=auth Is Offered")
    assert register(alice, credentials(challenge), cseq=3).status == 200


def test_a_replay_is_challenged_and_the_new_nonce_is_good(alice: UdpAgent) -> None:
    used = credentials(register(alice))
    assert register(alice, used, cseq=2).status == 200
    refused = register(alice, used, cseq=3)
    assert refused.status == 401
    assert read_parameters(refused["www-authenticate"])["stale"] == "true"
    assert register(alice, credentials(refused), cseq=4).status == 200


def test_a_nonce_serves_by_its_count(alice: UdpAgent) -> None:
    challenge = register(alice)
    for number in range(1, 5):
        field = credentials(challenge, count=f"{number:08x}")
        assert register(alice, field, cseq=number + 1).status == 200


def test_a_tag_in_to_makes_no_dialog_of_a_register(alice: UdpAgent) -> None:
    """Some agents keep the tag of the challenge when they answer it (aiosip)."""
    challenge = register(alice)
    fields = (("Authorization", credentials(challenge)),)
    alice.request("REGISTER", URI, to=challenge["to"], headers=fields, cseq=2)
    assert ";tag=" in challenge["to"]
    assert alice.wait_for_final("REGISTER").status == 200
