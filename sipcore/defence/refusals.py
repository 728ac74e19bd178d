"""The 503 that costs least to write, and the ACKs for it, which cost least to be dropped.

Under a flood most of what comes is refused, and what refusing takes is lost to the calls that
could be served. So the answer is put together from the few fields that it echoes, and its To tag
tells by itself that nobody waits for its ACK.
"""

from __future__ import annotations

from typing import Final

from sipcore.identifiers import Identifiers
from sipcore.limits import RETRY_AFTER_S
from sipcore.message.message import Request
from sipcore.transport.flow import Flow, Outgoing
from sipcore.transport.response_path import note_source, response_flow
from sipcore.transport.stateless import stateless_tag

_ACK: Final = b"ACK "


class Refusals:
    """Refuses without keeping anything (RFC 3261 §8.2.7, §21.5.4)."""

    __slots__ = ("_identifiers", "_mark", "_mark_bytes")

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._mark = ""
        self._mark_bytes = b""

    def refuse(self, request: Request, flow: Flow) -> Outgoing:
        """Return the 503 with a random Retry-After; RemoteError when there is no way back.

        ``request`` has been parsed, so no value of it holds a line end.
        """
        note_source(request, flow)
        vias = "\r\nVia: ".join(request.values("via"))
        to = request.required("to")
        if request.to.tag is None:
            to = f"{to};tag={self._tag(request)}"
        first, last = RETRY_AFTER_S
        text = (
            f"SIP/2.0 503 Service Unavailable\r\nVia: {vias}\r\n"
            f"From: {request.required('from')}\r\nTo: {to}\r\n"
            f"Call-ID: {request.required('call-id')}\r\n"
            f"CSeq: {request.required('cseq')}\r\n"
            f"Retry-After: {round(self._identifiers.spread(first, last))}\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        return Outgoing(text.encode("utf-8", "surrogateescape"), response_flow(request, flow))

    def is_acknowledged(self, data: bytes) -> bool:
        """Tell whether a datagram is the ACK for a 503 of these; it is not parsed for it."""
        return bool(self._mark) and data.startswith(_ACK) and self._mark_bytes in data

    def _tag(self, request: Request) -> str:
        """Return a tag that no dialog of this process has, the same for every retransmission."""
        if not self._mark:
            # Random, so that no far end can give its own dialogs a tag that looks like ours.
            self._mark = f"{self._identifiers.tag()}-503-"
            self._mark_bytes = f";tag={self._mark}".encode()
        return self._mark + stateless_tag(request)
