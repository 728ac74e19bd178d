"""Characters that Python's case folding makes letters or digits of SIP: none may count as one."""

from __future__ import annotations

import pytest

from sipcore.auth.digest import Algorithm
from sipcore.errors import RemoteError
from sipcore.message.credentials import Credentials
from sipcore.message.cseq import CSeq
from sipcore.message.headers import header_key
from sipcore.message.parameters import parse_parameters
from sipcore.message.parse import parse_message
from sipcore.message.reason import Reason
from sipcore.message.uri import SipUri, parse_uri
from sipcore.message.via import Via

LONG_S, KELVIN, DOTLESS, DOTTED = "\u017f", "\u212a", "\u0131", "\u0130"


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG_S}ip:a@h", f"s{DOTLESS}p:a@h", f"S{DOTTED}P:a@h", f"sip:a@ban{KELVIN}.example",
        f"sip:a@{LONG_S}.example", f"sip:a@h;{KELVIN}=1", f"{KELVIN}:x", "sip:a@h:\uff15060",
        "tel:+\uff14\uff19", f"urn\u00a0:{KELVIN}",
    ],
)  # fmt: skip
def test_uris(text: str) -> None:
    with pytest.raises(RemoteError):
        SipUri.parse(str(parse_uri(text)))


@pytest.mark.parametrize(
    "name", [KELVIN, f"V{DOTTED}a", f"{LONG_S}", f"Toke{KELVIN}n", "Via\u00a0"]
)
def test_header_names(name: str) -> None:
    with pytest.raises(RemoteError):
        header_key(name)


@pytest.mark.parametrize(
    "line",
    [
        f"{LONG_S}IP/2.0 200 OK", f"INVITE sip:a@h {LONG_S}IP/2.0", f"INV{DOTLESS}TE\u00a0 sip:a@h",
        "SIP/2.0 \u0662\u0660\u0660 OK", "SIP/\u0662.0 200 OK",
    ],
)  # fmt: skip
def test_start_lines(line: str) -> None:
    with pytest.raises(RemoteError):
        parse_message(f"{line}\r\n\r\n".encode())


def test_other_readers() -> None:
    for value in (f"{LONG_S}IP/2.0/UDP h", f"SIP/2.0/T{KELVIN} h", f"SIP/2.0/UDP {KELVIN}"):
        with pytest.raises(RemoteError):
            Via.parse(value)
    for value in ("\u0661 INVITE", f"1 {KELVIN}", "1\u00a0INVITE"):
        with pytest.raises(RemoteError):
            CSeq.parse(value)
    with pytest.raises(RemoteError):
        parse_parameters(f";{KELVIN}=1")
    with pytest.raises(RemoteError):
        Reason.parse(f"{LONG_S}IP;cause=200")
    with pytest.raises(RemoteError):
        Credentials.parse(f"{KELVIN} realm=x")
    assert Algorithm.parse(f"{LONG_S}HA-256") is None
