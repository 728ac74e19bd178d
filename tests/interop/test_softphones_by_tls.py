"""Two real softphones registered by TLS, which check the certificate, call each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.interop.softphone import Softphone
from tests.interop.switchboard import BOB, DOMAIN, PASSWORD
from tests.interop.test_secure_transports import SecureSwitch
from tests.support.certificates import Authority
from tests.support.switch_process import HOST

pytestmark = [
    pytest.mark.softphone,
    pytest.mark.skipif(
        importlib.util.find_spec("baresip") is None,
        reason="there is no softphone: pip install --pre 'freiton[softphone]' installs it",
    ),
]


def softphone(
    folder: Path, secure: SecureSwitch, account: str, *, tone_hz: int, ca_file: Path
) -> Softphone:
    return Softphone(
        folder,
        tone_hz=tone_hz,
        interface=HOST,
        user=account,
        device=f"{account}-desk",
        domain=DOMAIN,
        password=PASSWORD,
        registrar=f"sip:{HOST}:{secure.tls[1]};transport=tls",
        transport="tls",
        digits="info",
        config=f"sip_cafile {ca_file}\nsip_verify_server yes\n",
    )


def test_softphones_call_each_other_by_tls(tmp_path: Path) -> None:
    secure = SecureSwitch(tmp_path)
    ca_file = secure.authority.ca_file
    with secure.switch as switch:
        switch.start()
        with (
            softphone(tmp_path, secure, "alice", tone_hz=440, ca_file=ca_file) as alice,
            softphone(tmp_path, secure, "bob", tone_hz=1000, ca_file=ca_file) as bob,
        ):
            for phone in (alice, bob):
                phone.wait_for("registered")
            assert switch.metric("freiton_bindings", transport="tls") == 2
            assert switch.metric("freiton_connections", transport="tls") == 2
            alice.order("dial", uri=f"sip:{BOB}@{DOMAIN}")
            bob.wait_for("incoming")
            bob.order("answer")
            alice.wait_for("established")
            alice.order("hang-up")
            bob.wait_for("closed")
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


def test_a_softphone_does_not_register_with_whom_it_does_not_know(tmp_path: Path) -> None:
    secure = SecureSwitch(tmp_path)
    stranger = Authority(tmp_path, "Other CA").ca_file
    with secure.switch as switch:
        switch.start()
        with (
            softphone(tmp_path, secure, "alice", tone_hz=440, ca_file=stranger) as alice,
            pytest.raises(AssertionError),
        ):
            alice.wait_for("registered", timeout_s=3)
        assert switch.metric("freiton_bindings", transport="tls") == 0
        assert switch.metric("freiton_handshakes_failed_total") >= 1
        switch.stop()
