"""Kamailio's sipcapture, as a capture server, reads the copies that the switch sends."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from freiton.trace.hep import CaptureAgent, hep_packet
from sipcore.transport.flow import Transport
from tests.freiton.trace.test_hep import AT, OPTIONS
from tests.support.free_port import free_sip_ports

SERVER = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
listen=udp:127.0.0.1:{port}
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("db_text", "emptystring", 1)
modparam("sipcapture", "db_url", "text://{folder}/db")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
request_route {{
  xlog("L_ERR", "captured $rm $ci from $si:$sp\\n");
  drop;
}}
"""
WAIT_S = 10.0


@pytest.mark.skipif(shutil.which("kamailio") is None, reason="Kamailio is not installed")
def test_kamailio_reads_a_copy(tmp_path: Path) -> None:
    (port,) = free_sip_ports(1)
    tables = tmp_path / "db"
    tables.mkdir()
    (tables / "version").write_text("table_name(string) table_version(int)\nsip_capture:4\n")
    (tables / "sip_capture").write_text("id(int,auto)\n")
    config = tmp_path / "capture.cfg"
    config.write_text(SERVER.format(port=port, folder=tmp_path))
    packet = hep_packet(
        OPTIONS,
        ("198.51.100.1", 5061),
        ("192.0.2.1", 5060),
        transport=Transport.UDP,
        at=AT,
        agent=CaptureAgent(2001, b"secret"),
    )
    log = tmp_path / "log"
    command = ["kamailio", "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4"]
    command += ["-w", str(tmp_path), "-P", str(tmp_path / "pid"), "-Y", str(tmp_path)]
    with log.open("wb") as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
        try:
            deadline = time.monotonic() + WAIT_S
            while "captured" not in log.read_text() and time.monotonic() < deadline:
                sender.sendto(packet, ("127.0.0.1", port))
                time.sleep(0.1)
        finally:
            server.terminate()
            server.wait(WAIT_S)
    assert "captured OPTIONS hep-1 from 198.51.100.1:5061" in log.read_text()
