"""SIPp, which is not of our making, against the endpoint and its transactions."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final

import pytest

from sipcore.transport.flow import Listener, Transport
from tests.sipcore.net.peers import Site, site

pytestmark = [
    pytest.mark.sipp,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed"),
]

OPTIONS: Final = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="options">
<send retrans="500"><![CDATA[
OPTIONS sip:switch@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:switch@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Content-Length: 0

]]></send>
<recv response="200"></recv>
</scenario>
"""


async def run_sipp(listener: Listener, directory: Path, *options: str) -> None:
    """Run SIPp to its end; it exits with 0 when every call went as its scenario says."""
    sipp = await asyncio.create_subprocess_exec(
        "sipp",
        *("-nostdin", "-i", "127.0.0.1", "-timeout", "15s", "-timeout_error"),
        *options,
        listener.sent_by,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await sipp.communicate()
    assert sipp.returncode == 0, output.decode("latin-1")[-3000:]


async def listen(here: Site, transport: Transport) -> Listener:
    return await here.endpoint.listen("sip", transport, ("127.0.0.1", 0))


@pytest.mark.parametrize(
    ("transport", "option"), [(Transport.UDP, "u1"), (Transport.TCP, "t1"), (Transport.TCP, "tn")]
)
async def test_a_thousand_options_a_second(
    transport: Transport, option: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "options.xml"
    scenario.write_text(OPTIONS)
    count = "100" if option == "tn" else "1000"
    async with site() as here:
        listener = await listen(here, transport)
        how = ("-sf", str(scenario), "-t", option, "-max_socket", "500")
        await run_sipp(listener, tmp_path, *how, "-r", count, "-m", count)
        counters = here.switch.counters
        assert counters.requests_received["OPTIONS"] >= int(count)
        assert len(here.switch.requests) == int(count)
        assert here.endpoint.counters.malformed_requests == 0
        assert here.errors == []


@pytest.mark.parametrize(("transport", "option"), [(Transport.UDP, "u1"), (Transport.TCP, "t1")])
async def test_calls_are_set_up_and_released(
    transport: Transport, option: str, tmp_path: Path
) -> None:
    async with site() as here:
        listener = await listen(here, transport)
        await run_sipp(
            listener, tmp_path, *("-sn", "uac", "-t", option, "-r", "100", "-m", "100", "-d", "10")
        )
        received = here.switch.counters.requests_received
        assert (received["INVITE"], received["ACK"], received["BYE"]) >= (100, 100, 100)
        assert len(here.switch.requests) == 200
        assert here.errors == []
