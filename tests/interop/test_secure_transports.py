"""TLS and WebSocket from outside: OpenSSL, a browser's library and SIPp at a real switch."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.secure_wire import NAME, TlsAgent, WebSocketAgent, tunnel
from tests.interop.switchboard import BOB, DOMAIN, PASSWORD, found
from tests.interop.test_transports import talk
from tests.interop.wire import Address, Agent, UdpAgent
from tests.support.certificates import Authority
from tests.support.free_port import free_sip_ports, free_tcp_port
from tests.support.switch_process import HOST, SwitchProcess

LISTENER = '[[listeners]]\nname = "{name}"\ntransport = "{name}"\nlisten = "{listen}"\n{files}\n'
FILES = 'certificate = "switch.pem"\nprivate_key = "switch.key"\n'


class SecureSwitch:
    """One switch with all its listeners."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.authority.issue("switch", hosts=[NAME, DOMAIN, HOST])
        (plain,) = free_sip_ports(1)
        self.udp: Address = (HOST, plain)
        self.tls: Address = (HOST, free_tcp_port())
        self.wss: Address = (HOST, free_tcp_port())
        listeners = (("udp", self.udp), ("tcp", self.udp), ("tls", self.tls), ("wss", self.wss))
        tables = (
            LISTENER.format(
                name=name,
                listen=f"{host}:{port}",
                files=FILES if name in ("tls", "wss") else "",
            )
            for name, (host, port) in listeners
        )
        settings = "\n".join((f'domains = ["{DOMAIN}"]', *tables, "[shutdown]\ndeadline_s = 1"))
        self.switch: SwitchProcess = found(folder, settings=settings, has_own_listeners=True)

    def phone(self, kind: str, user: str) -> Agent:
        known = {"user": user, "device": f"{user}-desk", "password": PASSWORD, "domain": DOMAIN}
        if kind == "udp":
            return UdpAgent(self.udp, **known)
        if kind == "tls":
            return TlsAgent(self.tls, ca_file=self.authority.ca_file, **known)
        return WebSocketAgent(self.wss, ca_file=self.authority.ca_file, **known)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureSwitch]:
    secure = SecureSwitch(tmp_path_factory.mktemp("secure"))
    with secure.switch as switch:
        switch.start()
        yield secure
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def openssl(secure: SecureSwitch, *arguments: str, text: str = "") -> str:
    """Connect with OpenSSL's own client, say something, and return all that it shows."""
    host, port = secure.tls
    process = subprocess.Popen(
        [
            "openssl", "s_client", "-connect", f"{host}:{port}", "-servername", NAME,
            "-CAfile", str(secure.authority.ca_file), "-verify_return_error", *arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()
    time.sleep(0.5)  # it ends with its input, and would not wait for the answer
    output, _ = process.communicate(timeout=5)
    return output


OPTIONS = (
    f"OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKo\r\n"
    f"From: <sip:a@{DOMAIN}>;tag=1\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_finds_a_good_certificate_and_an_answer(secure: SecureSwitch, version: str) -> None:
    output = openssl(
        secure, version, "-verify_hostname", NAME, "-quiet", "-no_ign_eof", text=OPTIONS
    )
    assert "SIP/2.0 200 OK" in output
    assert "verify error" not in output


def test_openssl_is_refused_what_is_too_old(secure: SecureSwitch) -> None:
    output = openssl(secure, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "alert protocol version" in output or "no protocols available" in output
    assert "SIP/2.0" not in output


@pytest.mark.parametrize(
    ("caller", "callee"), [("tls", "udp"), ("udp", "tls"), ("wss", "tls"), ("tls", "wss")]
)
def test_transports_meet(secure: SecureSwitch, caller: str, callee: str) -> None:
    words = {
        "udp": ("UDP", secure.udp, ""),
        "tls": ("TLS", secure.tls, "transport=tls"),
        "wss": ("WSS", secure.wss, "transport=ws"),
    }
    with secure.phone(caller, "alice") as alice, secure.phone(callee, "bob") as bob:
        invite, answer = talk(alice, bob)
    name, (host, port), parameter = words[callee]
    assert invite["via"].startswith(f"SIP/2.0/{name} {host}:{port};")
    assert f"{host}:{port}" in invite.uri_in("contact")
    assert parameter in invite.uri_in("contact")
    _, (host, port), parameter = words[caller]
    assert f"{host}:{port}" in answer.uri_in("contact")
    assert parameter in answer.uri_in("contact")


def test_a_browser_that_left_is_not_called(secure: SecureSwitch) -> None:
    with secure.phone("wss", "bob") as bob:
        bob.register()
    with secure.phone("tls", "alice") as alice:
        deadline = time.monotonic() + 5
        status = 0
        while status != 480 and time.monotonic() < deadline:
            status = invite(alice, f"sip:{BOB}@{DOMAIN}")
        assert status == 480


def invite(caller: Agent, uri: str) -> int:
    headers = (("Content-Type", "application/sdp"),)
    return caller.ask("INVITE", uri, headers=headers, body=caller.sdp)[1].status


def test_sips_does_not_reach_a_phone_on_udp(secure: SecureSwitch) -> None:
    with secure.phone("tls", "alice") as alice, secure.phone("udp", "bob") as bob:
        bob.register()
        assert invite(alice, f"sips:{BOB}@{DOMAIN}") == 480
        bob.hear_nothing(0.1)
        bob.register(expires=0)


def test_a_large_invite_reaches_a_phone_that_has_only_udp(secure: SecureSwitch) -> None:
    """It is tried by TCP, where nobody listens, and rings by UDP without a pause."""
    with secure.phone("tls", "alice") as alice, secure.phone("udp", "bob") as bob:
        bob.register()
        large = alice.sdp + "".join(f"a=x-{n}:{'y' * 60}\r\n" for n in range(30))
        began = time.monotonic()
        statuses: list[int] = []
        headers = (("Content-Type", "application/sdp"),)
        uri = f"sip:{BOB}@{DOMAIN}"
        thread = threading.Thread(
            target=lambda: statuses.append(
                alice.ask("INVITE", uri, headers=headers, body=large)[1].status
            )
        )
        thread.start()
        rung = bob.wait_for_request("INVITE")
        assert time.monotonic() - began < 1
        assert rung["via"].startswith("SIP/2.0/UDP ")
        assert len(rung.text) > 1_300
        bob.respond(rung, 486)
        bob.wait_for_request("ACK")
        thread.join(5)
        assert statuses == [486]
        bob.register(expires=0)


def test_a_renewed_certificate_is_taken_over(secure: SecureSwitch) -> None:
    def serial() -> object:
        context = ssl.create_default_context(cafile=str(secure.authority.ca_file))
        with context.wrap_socket(
            socket.create_connection(secure.tls), server_hostname=NAME
        ) as connection:
            certificate = connection.getpeercert()
            assert certificate is not None
            return certificate["serialNumber"]

    before = serial()
    with secure.phone("tls", "alice") as alice:
        secure.authority.issue("switch", hosts=[NAME, DOMAIN, HOST], days=80)
        assert secure.switch.cli("reload") == "Reloaded.\n"
        assert serial() != before
        alice.register()  # over the connection that stood
    assert secure.switch.metric("freiton_certificate_days", listener="tls") > 79


@pytest.mark.sipp
def test_sipp_talks_through_a_tls_tunnel(secure: SecureSwitch, tmp_path: Path) -> None:
    scenario = tmp_path / "options.xml"
    scenario.write_text(SCENARIO)
    with tunnel(secure.tls, secure.authority.ca_file) as port:
        result = subprocess.run(
            [
                "sipp", f"{HOST}:{port}", "-sf", str(scenario), "-t", "t1", "-m", "20", "-r", "50",
                "-i", HOST, "-p", str(free_tcp_port()), "-s", DOMAIN, "-nostdin",
            ],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )  # fmt: skip
    assert result.returncode == 0, result.stdout[-2_000:] + result.stderr[-500:]


SCENARIO = f"""<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="options">
<send retrans="500"><![CDATA[
OPTIONS sip:{DOMAIN} SIP/2.0
Via: SIP/2.0/TLS [local_ip]:[local_port];branch=[branch]
From: <sip:a@{DOMAIN}>;tag=[call_number]
To: <sip:{DOMAIN}>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""
