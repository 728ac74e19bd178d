"""Who passed a call on before it came here: Diversion and History-Info in one form (RFC 7544).

The two headers say the same in opposite orders and different words. At the border either is read
into `Redirection`s, the oldest first, and either can be written from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from sipcore.message.address import NameAddress
from sipcore.message.diversion import COUNTER_MAX, Diversion
from sipcore.message.history_info import HistoryEntry
from sipcore.message.message import Message
from sipcore.message.uri import SipUri, Uri

UNKNOWN_REASON: Final = "unknown"

CAUSE_OF_REASON: Final = MappingProxyType(
    {
        "unconditional": 302,
        "user-busy": 486,
        "no-answer": 408,
        "deflection": 480,
        "unavailable": 503,
    }
)
"""RFC 7544 and RFC 4458; every other reason is a 404."""

_UNKNOWN_CAUSE: Final = 404
_REASON_OF_CAUSE: Final = MappingProxyType(
    {cause: reason for reason, cause in CAUSE_OF_REASON.items()}
    | {487: "deflection", _UNKNOWN_CAUSE: UNKNOWN_REASON}
)
_LEAVING: Final = frozenset({302, 408, 480, 486, 487, 503})
"""With which Reason an entry of RFC 4244 says that its user passed the call on."""

_UNKNOWN: Final = "unknown.invalid"
"""RFC 7544: the host of an entry that only stands for a diversion nobody named."""


class Redirection:
    """A user that passed the call on; ``count`` is over one when others before it are unnamed."""

    __slots__ = ("count", "is_private", "reason", "uri")

    def __init__(self, uri: Uri, reason: str, *, count: int = 1, is_private: bool = False) -> None:
        self.uri = uri
        self.reason = reason
        self.count = count
        self.is_private = is_private

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Redirection):
            return NotImplemented
        mine = (str(self.uri), self.reason, self.count, self.is_private)
        return mine == (str(other.uri), other.reason, other.count, other.is_private)

    __hash__ = None  # type: ignore[assignment]  # its URI can change

    def __repr__(self) -> str:
        return f"<Redirection {self.uri} {self.reason} {self.count}>"


def redirections_of(message: Message) -> list[Redirection]:
    """Return how a call came here; History-Info, which tells more, before Diversion (RFC 7544).

    RemoteError when a header has more entries than any list may have.
    """
    if message.has("history-info"):
        found = list(_from_history(HistoryEntry.of(message)))
        if found:
            return found
    if not message.has("diversion"):
        return []
    return [
        Redirection(one.address.uri, one.reason, count=one.counter, is_private=one.is_private)
        for one in reversed(Diversion.of(message))
    ]


def diversion_value(redirections: Iterable[Redirection]) -> str:
    """Write a Diversion header, the latest first (RFC 5806)."""
    return ", ".join(
        str(
            Diversion(
                NameAddress(one.uri),
                one.reason,
                counter=min(one.count, COUNTER_MAX),
                is_private=one.is_private,
            )
        )
        for one in reversed(list(redirections))
    )


def history_value(redirections: Iterable[Redirection], target: str) -> str:
    """Write a History-Info header that ends with ``target``, where the call goes now.

    Each entry is mapped from the one before it (``mp``, RFC 7044).
    """
    entries: list[HistoryEntry] = []
    index: tuple[int, ...] = ()
    cause: int | None = None
    for uri, next_cause, is_private in _targets(redirections):
        index = (*index, 1)
        entries.append(
            HistoryEntry(uri, index, cause=cause, origin=index[:-1] or None, is_private=is_private)
        )
        cause = next_cause
    last = HistoryEntry(SipUri.parse(target), (*index, 1), cause=cause, origin=index or None)
    return ", ".join(map(str, (*entries, last)))


def _targets(redirections: Iterable[Redirection]) -> Iterator[tuple[Uri, int, bool]]:
    for one in redirections:
        for _ in range(one.count - 1):
            yield SipUri(_UNKNOWN, user="unknown"), _UNKNOWN_CAUSE, False
        yield one.uri, CAUSE_OF_REASON.get(one.reason, _UNKNOWN_CAUSE), one.is_private


def _from_history(entries: list[HistoryEntry]) -> Iterator[Redirection]:
    by_index = {entry.index: entry for entry in entries}
    unnamed = 0
    for diverter, cause in _diverters(entries, by_index):
        if isinstance(diverter.uri, SipUri) and diverter.uri.host == _UNKNOWN:
            unnamed += 1
            continue
        yield Redirection(
            diverter.uri,
            _REASON_OF_CAUSE.get(cause, UNKNOWN_REASON),
            count=unnamed + 1,
            is_private=diverter.is_private,
        )
        unnamed = 0


def _diverters(
    entries: list[HistoryEntry], by_index: dict[tuple[int, ...], HistoryEntry]
) -> Iterator[tuple[HistoryEntry, int]]:
    """Yield who sent the call on, and why; the words of RFC 4244 count where there are no new."""
    has_causes = any(entry.cause in _REASON_OF_CAUSE for entry in entries)
    for before, entry in pairwise(entries):
        if has_causes:
            if entry.cause is not None and entry.cause in _REASON_OF_CAUSE:
                origin = None if entry.origin is None else by_index.get(entry.origin)
                yield origin or before, entry.cause
        elif before.reason in _LEAVING and before.reason is not None:
            yield before, before.reason
