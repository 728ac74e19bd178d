"""The History-Info header (RFC 7044 §5): where a request was sent before it came here.

Why it was sent on stands in the ``cause`` of the URI that it was sent to (RFC 4458); agents of
the time before write a Reason into the URI that it was sent from (RFC 4244 §4.1).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote as unescape_header

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.grammar import parse_uint, unquote
from sipcore.message.message import Message
from sipcore.message.parameters import format_parameters
from sipcore.message.privacy import Privacy
from sipcore.message.reason import Reason
from sipcore.message.uri import SipUri, TelUri, Uri

Index = tuple[int, ...]
"""``1.1.2`` as numbers."""

INDEX_DEPTH_MAX: Final = 16
"""Levels of an index: more hops than any call takes, and a bound on what is kept of one entry."""

_TARGET_PARAMETERS: Final = ("rc", "mp", "np")
_CAUSE_MAX: Final = 999


class HistoryEntry:
    """One target that the request had.

    ``uri`` is written without ``cause`` and headers. ``cause`` says why the request came to this
    target, ``reason`` the status with which it left it; ``origin`` is the entry that the target
    was found by.
    """

    __slots__ = ("cause", "index", "is_private", "origin", "origin_kind", "reason", "uri")

    def __init__(
        self,
        uri: Uri,
        index: Index,
        *,
        cause: int | None = None,
        reason: int | None = None,
        origin: Index | None = None,
        origin_kind: str = "mp",
        is_private: bool = False,
    ) -> None:
        self.uri = uri
        self.index = index
        self.cause = cause
        self.reason = reason
        self.origin = origin
        self.origin_kind = origin_kind
        self.is_private = is_private

    @classmethod
    def parse(cls, value: str) -> HistoryEntry:
        """Read one ``hi-entry``; it must have an index."""
        address = NameAddress.parse(value)
        uri, parameters = address.uri, address.parameters
        index = parameters.get("index")
        if index is None:
            raise RemoteError(f"a History-Info without an index: {value[:60]!r}")
        kind = next((one for one in _TARGET_PARAMETERS if parameters.get(one)), None)
        origin = None if kind is None else parameters[kind]
        cause, headers = None, {}
        if isinstance(uri, SipUri):
            headers = _headers(uri.headers)
            cause = _cause(uri.parameters.pop("cause", None))
            uri.headers = ""
        elif isinstance(uri, TelUri):
            cause = _cause(uri.parameters.pop("cause", None))
        return cls(
            uri,
            _index(index),
            cause=cause,
            reason=_reason(headers.get("reason", "")),
            origin=None if origin is None else _index(origin),
            origin_kind=kind or "mp",
            is_private="history" in Privacy.parse(headers.get("privacy", "")).values,
        )

    @classmethod
    def of(cls, message: Message) -> list[HistoryEntry]:
        """Return every entry, the oldest first; one that cannot be read is left out."""
        found = []
        for entry in message.entries("history-info"):
            try:
                found.append(cls.parse(entry))
            except RemoteError:
                continue
        return found

    def __str__(self) -> str:
        uri = str(self.uri)
        if self.cause is not None:
            uri += f";cause={self.cause}"
        headers = []
        if self.reason is not None:
            headers.append(f"Reason=SIP%3Bcause%3D{self.reason}")
        if self.is_private:
            headers.append("Privacy=history")
        if headers:
            uri += "?" + "&".join(headers)
        parameters: dict[str, str | None] = {"index": _dotted(self.index)}
        if self.origin is not None:
            parameters[self.origin_kind] = _dotted(self.origin)
        return f"<{uri}>{format_parameters(parameters)}"

    def __repr__(self) -> str:
        return f"HistoryEntry({str(self)!r})"


def _headers(text: str) -> dict[str, str]:
    """Return the headers of a URI, their names in lower case and their values decoded."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {name.lower(): unescape_header(value) for name, _, value in pairs}


def _reason(text: str) -> int | None:
    if not text:
        return None
    try:
        reason = Reason.parse(text)
    except RemoteError:
        return None
    return reason.cause if reason.protocol == "SIP" else None


def _cause(text: str | None) -> int | None:
    return None if text is None else parse_uint(text, "a cause", maximum=_CAUSE_MAX)


def _index(text: str) -> Index:
    parts = unquote(text).split(".")
    if len(parts) > INDEX_DEPTH_MAX:
        raise RemoteError(f"an index of {len(parts)} levels")
    return tuple(parse_uint(part, "an index", maximum=_CAUSE_MAX) for part in parts)


def _dotted(index: Index) -> str:
    return ".".join(map(str, index))
