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
from sipcore.message.address import NameAddress
from sipcore.message.check import check_request, check_response
from sipcore.message.credentials import Challenge, Credentials
from sipcore.message.cseq import CSeq
from sipcore.message.diversion import Diversion
from sipcore.message.history_info import HistoryEntry
from sipcore.message.identity import Identity
from sipcore.message.message import Request, Response, serialize
from sipcore.message.parse import parse_message
from sipcore.message.privacy import Privacy
from sipcore.message.rack import RAck
from sipcore.message.reason import Reason
from sipcore.message.refer_to import ReferTo
from sipcore.message.referred_by import ReferredBy
from sipcore.message.replaces import Replaces
from sipcore.message.sdp_privacy import without_names
from sipcore.message.session_id import SessionId
from sipcore.message.sipfrag import read_status
from sipcore.message.uri import parse_uri
from sipcore.message.via import Via
from sipcore.net.websocket import WebSocketFraming
from sipcore.presence.pidf import render_presence
from sipcore.presence.pidf_reader import parse_presence
from sipcore.transport.flow import Flow, Listener, Transport
from sipcore.transport.framing import StreamFraming
from sipcore.transport.malformed import refuse_malformed, salvage_request
from sipcore.transport.stun import stun_answer

STUN_ANSWER_MAX: Final = 120
HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: sip\r\n\r\n"
)
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


def read_values(data: bytes) -> None:
    """Read one value as each typed header; what is written again is read as the same."""
    text = data.decode("utf-8", "surrogateescape")
    if any(octet in text for octet in "\r\n\0"):
        return
    for parse in (
        CSeq.parse, Diversion.parse, HistoryEntry.parse, NameAddress.parse, Privacy.parse,
        RAck.parse, Reason.parse, ReferTo.parse, ReferredBy.parse, Replaces.parse, SessionId.parse,
        Via.parse, parse_uri,
    ):  # fmt: skip
        try:
            value = parse(text)
        except RemoteError:
            continue
        assert str(parse(str(value))) == str(value), (parse, text)
    with contextlib.suppress(RemoteError):
        read_status(data)


def read_identity(data: bytes) -> None:
    """Read what says who calls, from whole messages with values in wrong places."""
    try:
        message = parse_message(data)
    except RemoteError:
        return
    for read in (
        Diversion.of, HistoryEntry.of, Privacy.of, Reason.of, ReferTo.of, ReferredBy.of,
        Replaces.of, SessionId.of,
    ):  # fmt: skip
        with contextlib.suppress(RemoteError):
            read(message)
    for key in ("p-asserted-identity", "p-preferred-identity"):
        with contextlib.suppress(RemoteError):
            Identity.of(message, key)


def read_xml(data: bytes) -> None:
    """Read a published presence; what we make of it is read as the same again."""
    try:
        presence = parse_presence(data)
    except RemoteError:
        return
    again = render_presence("sip:anna@example.org", presence)
    with contextlib.suppress(RemoteError):  # ours may be longer than what a phone may publish
        assert parse_presence(again.body(1)).tuples == presence.tuples


def read_stun(data: bytes) -> None:
    """Answer a binding request, if it is one, with no more than little."""
    answer = stun_answer(data, ("198.51.100.1", 5060))
    assert answer is None or len(answer) <= STUN_ANSWER_MAX


def read_websocket(data: bytes) -> None:
    """Take a handshake and then frames, in pieces whose size the first octet gives."""
    if not data:
        return
    for greeting in (HANDSHAKE, b""):
        framing = WebSocketFraming()
        framing.feed(greeting)
        size = data[0] + 1
        for start in range(0, len(data), size):
            framing.feed(data[start : start + size])
            framing.take_outgoing()
        framing.ping()
        framing.encode(b"x")
        framing.close()
        framing.take_outgoing()


def websocket_frames(message: bytes) -> bytes:
    """Mask a message as a browser does, half of it as one frame and half as another."""
    half = len(message) // 2
    mask = b"\x11\x22\x33\x44"
    frames = b""
    for opcode, part in ((0x01, message[:half]), (0x80, message[half:])):
        masked = bytes(octet ^ mask[at % 4] for at, octet in enumerate(part))
        frames += bytes((opcode, 0x80 | 126)) + len(part).to_bytes(2) + mask + masked
    return frames


READERS: Final[MappingProxyType[str, Callable[[bytes], None]]] = MappingProxyType(
    {
        "message": read_message,
        "stream": read_stream,
        "sdp": read_sdp,
        "credentials": read_credentials,
        "values": read_values,
        "identity": read_identity,
        "xml": read_xml,
        "stun": read_stun,
        "websocket": read_websocket,
    }
)
