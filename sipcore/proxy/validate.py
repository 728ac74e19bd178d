"""Whether a request may be forwarded at all: the checks of RFC 3261 §16.3, in its order.

The sixth, authorization, is the user's; so is the first as far as the parser has made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from typing import Final

from sipcore.message.check import scheme_of
from sipcore.message.message import Request

OPTION_TAGS: Final[frozenset[str]] = frozenset()
"""What a Proxy-Require may ask of us: nothing."""

SCHEMES: Final = frozenset({"sip", "sips", "tel"})

_MARK_HEADERS: Final = ("route", "proxy-require", "proxy-authorization")
_MARK_BYTES: Final = 10


class Refusal:
    """Why a request is not forwarded, and the response it gets."""

    __slots__ = ("fields", "reason", "status")

    def __init__(
        self, status: int, reason: str | None = None, fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields

    def __repr__(self) -> str:
        return f"<Refusal {self.status}>"


def validate(request: Request, *, sent_bys: AbstractSet[str]) -> Refusal | None:
    """Check in the order of §16.3; a header that cannot be read is a RemoteError.

    ``sent_bys`` are what stands in our own Vias.
    """
    if scheme_of(request.uri) not in SCHEMES:
        return Refusal(416)
    if request.max_forwards == 0:
        return Refusal(483)
    if has_looped(request, sent_bys=sent_bys):
        return Refusal(482)
    if request.has("proxy-require"):
        unsupported = [tag for tag in request.tokens("proxy-require") if tag not in OPTION_TAGS]
        if unsupported:
            return Refusal(420, fields=(("unsupported", ", ".join(unsupported)),))
    return None


def loop_mark(request: Request) -> str:
    """Return what stands for all that decides where a request goes (§16.6 step 8).

    It ends the branch of each Via of ours. The topmost Via, which differs in every round, is left
    out (RFC 5393 §4.2.1), and so is the method, since an ACK and a CANCEL have their INVITE's.
    """
    parts = [
        request.call_id,
        request.from_.tag or "",
        request.to.tag or "",
        str(request.cseq.number),
        request.uri_text,
    ]
    for key in _MARK_HEADERS:
        # The number of fields keeps two lists apart that differ in where one ends.
        values = request.values(key)
        parts += [str(len(values)), *values]
    seed = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(seed, digest_size=_MARK_BYTES).hexdigest()


def has_looped(request: Request, *, sent_bys: AbstractSet[str]) -> bool:
    """Tell whether this very request went through us before; changed, it is a spiral (§16.3)."""
    ours = [via.branch or "" for via in request.vias if via.sent_by in sent_bys]
    if not ours:
        return False
    mark = f".{loop_mark(request)}"
    return any(branch.endswith(mark) for branch in ours)
