"""Messages that several tests begin with."""

from __future__ import annotations

from typing import Final

from sipcore.message.message import Request
from sipcore.message.parse import parse_message

REGISTER: Final = (
    b"REGISTER sip:example.org SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bKabc\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna" <sip:anna@example.org>;tag=f1\r\n'
    b"To: <sip:anna@example.org>\r\n"
    b"Call-ID: c1@192.0.2.10\r\n"
    b"CSeq: 7 REGISTER\r\n"
    b"Contact: <sip:anna@192.0.2.10:5060>;expires=300\r\n"
    b"Content-Length: 0\r\n"
    b"\r\n"
)


def with_lines(*lines: bytes, without: bytes = b"\0", body: bytes = b"") -> bytes:
    """Return the sample without the lines that begin with ``without`` and with ``lines`` more."""
    kept = [line for line in REGISTER.split(b"\r\n")[:-2] if not line.startswith(without)]
    return b"\r\n".join([*kept, *lines]) + b"\r\n\r\n" + body


def request_of(data: bytes = REGISTER) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message
