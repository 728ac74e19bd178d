"""Everything that reads bytes of strangers, as functions of bytes; only RemoteError may come out.

Both the seeded runs of `make test` and the coverage-guided ones of `python -m tests.fuzz` feed
them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from sipcore.auth.authenticator import Authenticator, DeviceSecret
from sipcore.auth.digest import Algorithm
from sipcore.auth.nonce import Nonces
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.b2bua.body import Body
from sipcore.b2bua.body_privacy import SDP_TYPE, conceal
from sipcore.errors import RemoteError
from sipcore.message.check import check_request, check_response
from sipcore.message.credentials import Challenge, Credentials
from sipcore.message.message import Request, Response, serialize
from sipcore.message.parse import parse_message
from sipcore.message.sdp_privacy import without_names
from sipcore.transport.flow import Flow, Listener, Transport
from sipcore.transport.framing import StreamFraming
from sipcore.transport.malformed import refuse_malformed, salvage_request

_LISTENER: Final = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
_FLOW: Final = Flow(_LISTENER, ("198.51.100.1", 5060))


def read_message(data: bytes) -> None:
    """Parse, check, read every typed header, write again; or answer what cannot be read."""
    try:
        message = parse_message(data)
        read_headers(message)
    except RemoteError as error:
        request = salvage_request(data)
        if request is not None:
            refuse_malformed(request, error, _FLOW)
        return
    again = parse_message(serialize(message))
    assert again.body == message.body


def read_headers(message: Request | Response) -> None:
    """Read what the rooms above read."""
    if isinstance(message, Request):
        check_request(message)
        _ = message.uri, message.max_forwards, message.routes
    else:
        check_response(message)
    _ = message.vias, message.from_, message.to, message.call_id, message.cseq
    _ = message.contacts, message.record_routes, message.expires, message.content_type
    for key in ("allow", "supported", "require"):
        _ = message.tokens(key)


def read_stream(data: bytes) -> None:
    """Cut a stream into messages, in pieces whose size the first octet gives."""
    if not data:
        return
    framing = StreamFraming()
    size = data[0] + 1
    for start in range(0, len(data), size):
        framing.feed(data[start : start + size])


def read_sdp(data: bytes) -> None:
    """Take the names out of a session description, twice: the second time changes nothing."""
    once = without_names(data)
    assert without_names(once) == once
    conceal(Body(data, (("content-type", SDP_TYPE),)))


def read_credentials(data: bytes) -> None:
    """Read credentials and a challenge, and let an authenticator judge them."""
    text = data.decode("utf-8", "surrogateescape")
    if any(octet in text for octet in "\r\n\0"):
        return
    for reader in (Credentials.parse, Challenge.parse):
        with contextlib.suppress(RemoteError):
            reader(text)
    request = Request("REGISTER", "sip:example.org")
    for key, value in (
        ("from", "<sip:anna@example.org>;tag=1"),
        ("to", "<sip:anna@example.org>"),
        ("call-id", "1"),
        ("cseq", "1 REGISTER"),
        ("authorization", text),
    ):
        request.add(key, value)
    authenticator = Authenticator(
        "example.org", Nonces(b"k" * 16, b"run"), wrong_passwords=WrongPasswords()
    )
    with contextlib.suppress(RemoteError):
        authenticator.verify(request, _secret, now=1_000.0, source="198.51.100.1")


def _secret(username: str) -> DeviceSecret | None:
    digest = "0" * 32
    return DeviceSecret(username, "1", {Algorithm.MD5: digest}) if username == "anna" else None


READERS: Final[MappingProxyType[str, Callable[[bytes], None]]] = MappingProxyType(
    {
        "message": read_message,
        "stream": read_stream,
        "sdp": read_sdp,
        "credentials": read_credentials,
    }
)
