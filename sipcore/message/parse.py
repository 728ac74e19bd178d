"""Bytes → Request or Response: start line and header boundaries, nothing more (RFC 3261 §7).

Strict where two readers could disagree, since that is how headers are smuggled: lines end with
CRLF only, no control characters, no line without a colon, one Content-Length.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.grammar import CONTROLS, is_token, parse_uint
from sipcore.message.headers import KEYS, header_key
from sipcore.message.message import Message, Request, Response

_BLANK: Final = " \t"
_BLANKS: Final = (" ", "\t")
_END: Final = b"\r\n\r\n"

_BARE_LF_BEHIND_RACK: Final = re.compile(
    rb"^(PRACK .*\r\nRAck: [0-9 ]+INVITE)\n(Content-)", re.DOTALL
)
"""The one line end that is mended: softphones built on libre write each PRACK so, and would never
be heard. No two readers can differ over it: to one that knows CRLF only it is no PRACK at all.
"""


def parse_message(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Request | Response:
    """Read one message that fills ``data``; octets beyond its Content-Length are dropped (§18.3).

    Raises RemoteError: 400 malformed, 513 too long, 505 other version.
    """
    if len(data) > limits.message_bytes_max:
        raise RemoteError("message too long", status_hint=513)
    data = data.lstrip(b"\r\n")  # §7.5
    head_end = data.find(_END)
    if head_end < 0:
        raise RemoteError("the head has no end")
    message = parse_head(data[:head_end], limits=limits)
    body = data[head_end + 4 :]
    length = content_length(message)
    if length is None:
        message.body = body
        return message
    if length > len(body):
        raise RemoteError(f"Content-Length {length} beyond the {len(body)} octets received")
    message.body = body[:length]
    return message


def parse_head(head: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Request | Response:
    """Read start line and headers; ``head`` has no blank line at its end."""
    if len(head) > limits.head_bytes_max:
        raise RemoteError("head too long", status_hint=513)
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if len(lines) > limits.header_lines_max:
        raise RemoteError("too many header lines", status_hint=513)
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) - 1):
        mended = _BARE_LF_BEHIND_RACK.sub(rb"\1\r\n\2", head)
        if mended != head:
            return parse_head(mended, limits=limits)
        raise RemoteError("a control character, or a line that does not end with CRLF")
    message = _with_start_line(lines[0], _read_fields(lines, limits))
    message.head = head
    return message


def content_length(message: Message) -> int | None:
    """Return the Content-Length, None when absent; a negative or doubled one is a RemoteError."""
    value = message.value("content-length")
    if value is None:
        return None
    return parse_uint(value, "Content-Length", maximum=2**31)


def _read_fields(lines: list[str], limits: Limits) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    value_chars_max = limits.value_chars_max
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        key = KEYS.get(name)
        if key is None or not colon:
            if line.startswith(_BLANKS):
                return _read_fields(_unfold(lines), limits)
            if not colon:
                raise RemoteError(f"a header without a colon: {line[:40]!r}")
            key = header_key(name)
        if len(value) > value_chars_max:
            raise RemoteError(f"header {key} too long", status_hint=513)
        fields.append((key, value.strip(_BLANK)))
    return fields


def _unfold(lines: list[str]) -> list[str]:
    """Join each line with its continuations, one blank between (§7.3.1)."""
    unfolded: list[list[str]] = []
    for line in lines:
        if not line.startswith(_BLANKS):
            unfolded.append([line])
        elif len(unfolded) > 1:
            unfolded[-1].append(line.strip(_BLANK))
        else:
            raise RemoteError("the start line is folded")
    return [" ".join(parts) for parts in unfolded]


def _with_start_line(line: str, fields: list[tuple[str, str]]) -> Request | Response:
    if line[:8].lower() == "sip/2.0 ":
        status, _, reason = line[8:].partition(" ")
        if len(status) != 3:
            raise RemoteError(f"not a status line: {line[:60]!r}")
        code = parse_uint(status, "status", maximum=699)
        if code < 100:
            raise RemoteError(f"status below 100: {code}")
        return Response(code, reason, fields)
    parts = line.split(" ")
    if len(parts) != 3:
        raise RemoteError(f"not a request line: {line[:60]!r}")
    method, uri, version = parts
    if version.lower() != "sip/2.0":
        if version.lower().startswith("sip/"):
            raise RemoteError(f"version {version[:20]!r}", status_hint=505)
        raise RemoteError(f"not SIP: {line[:60]!r}")
    if not is_token(method) or not uri:
        raise RemoteError(f"not a request line: {line[:60]!r}")
    return Request(method, uri, fields)
