"""Whether a request may be forwarded at all (RFC 3261 §16.3 and §16.4)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

from sipcore.message.message import Request
from sipcore.message.uri import OtherUri, SipUri, Uri

OPTION_TAGS: Final[frozenset[str]] = frozenset()
"""What a Proxy-Require may ask of us: nothing."""


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


LoopKey = tuple[str, str | None, str | None, int, str, tuple[str, ...], tuple[str, ...]]


def validate(
    request: Request,
    *,
    is_own_uri: Callable[[SipUri], bool],
    sent_bys: AbstractSet[str],
    under_way: Callable[[LoopKey], bool],
) -> Refusal | None:
    """Check in the order of §16.3; a header that cannot be read is a RemoteError."""
    uri = request.uri
    if isinstance(uri, OtherUri) or (isinstance(uri, SipUri) and uri.scheme != "sip"):
        return Refusal(416)
    if request.max_forwards == 0:
        return Refusal(483)
    if any(via.sent_by in sent_bys for via in request.vias) and under_way(loop_key(request)):
        return Refusal(482)
    unsupported = [tag for tag in request.tokens("proxy-require") if tag not in OPTION_TAGS]
    if unsupported:
        return Refusal(420, fields=(("unsupported", ", ".join(unsupported)),))
    if not _ends_here(request, uri, is_own_uri):
        return Refusal(403, "Relaying Denied")
    return None


def loop_key(request: Request) -> LoopKey:
    """Return all that decides where a request goes (§16.6 step 8).

    It is compared with the requests that are being forwarded right now: a loop comes back while
    its first round waits for an answer. So no branch needs to carry a hash. The topmost Via, which
    differs in every round, is left out (RFC 5393 §4.2.1).
    """
    return (
        request.call_id,
        request.from_.tag,
        request.to.tag,
        request.cseq.number,
        request.uri_text,
        tuple(request.entries("route")),
        tuple(request.entries("proxy-require")),
    )


def _ends_here(request: Request, uri: Uri, is_own_uri: Callable[[SipUri], bool]) -> bool:
    """Tell whether every Route and maddr names us: we relay to nobody's choice of next hop."""
    hops: list[Uri] = [route.uri for route in request.routes]
    if isinstance(uri, SipUri) and (maddr := uri.parameters.get("maddr")) is not None:
        hops.append(SipUri(maddr.lower()))
    return all(isinstance(hop, SipUri) and is_own_uri(hop) for hop in hops)
