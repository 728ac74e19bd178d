"""What can be saved of a request that is malformed, to answer it all the same.

A sender that gets its 400 stops repeating. The answer needs no more than Via, From, To, Call-ID
and CSeq (RFC 3261 §8.2.6.2), so these are looked for with more patience than a parser may have.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.grammar import is_token
from sipcore.message.headers import header_key
from sipcore.message.message import Request
from sipcore.transport.flow import Flow, Outgoing
from sipcore.transport.response_path import note_source
from sipcore.transport.stateless import answer, outgoing_response

_NEEDED: Final = frozenset({"via", "from", "to", "call-id", "cseq"})
_FOLD: Final = re.compile(r"\r\n[ \t]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_REASON: Final = re.compile(r"[^A-Za-z0-9 .,:;/'()_=-]")
_REASON_CHARS_MAX: Final = 80


def salvage_request(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Request | None:
    """Return a request with only the fields an answer needs; None when one cannot be had."""
    head = data[: limits.head_bytes_max].lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    text = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape"))
    first, *lines = text.split("\r\n", limits.header_lines_max)
    method, _, rest = first.partition(" ")
    if not is_token(method) or not rest:
        return None
    request = Request(method, "sip:malformed.invalid", _needed_fields(lines))
    try:
        _ = request.via, request.call_id, request.required("from"), request.required("to")
        has_method = request.cseq.method == method
    except RemoteError:
        return None
    return request if has_method else None


def refuse_malformed(request: Request, error: RemoteError, flow: Flow) -> Outgoing | None:
    """Build the stateless answer to a malformed request; None when it gets none.

    The reason phrase names the fault, as §21.4.1 asks. An ACK is never answered.
    """
    if request.method == "ACK":
        return None
    reason = _NOT_REASON.sub("", str(error))[:_REASON_CHARS_MAX]
    try:
        note_source(request, flow)
        response = answer(request, error.status_hint, reason=reason or None)
        return outgoing_response(request, response, flow)
    except RemoteError:
        return None


def _needed_fields(lines: list[str]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        try:
            key = header_key(name)
        except RemoteError:
            continue
        if colon and key in _NEEDED and _CONTROL.search(value) is None:
            fields.append((key, value.strip(" \t")))
    return fields
