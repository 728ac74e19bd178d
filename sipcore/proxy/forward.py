"""The request and the response that a proxy passes on (RFC 3261 §16.6, §16.7).

Both are built: what routes them is ours or checked, and of the rest only the listed headers are
copied, as they are. So a header that asserts an identity never passes, and neither do credentials
that were for us; those for somebody behind us do (§22.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.address import NameAddress
from sipcore.message.credentials import read_credentials
from sipcore.message.grammar import parse_uint
from sipcore.message.message import Message, Request, Response
from sipcore.message.uri import SipUri
from sipcore.proxy.record_route import Side
from sipcore.transport.flow import Flow

_MAX_BREADTH_LIMIT: Final = 2**31 - 1
_CREDENTIALS: Final = ("authorization", "proxy-authorization")

_IN_BOTH: Final = (
    "accept", "accept-encoding", "accept-language", "alert-info", "allow", "allow-events",
    "call-info", "contact", "content-disposition", "content-encoding", "content-language",
    "content-type", "date", "event", "expires", "geolocation", "mime-version", "min-se",
    "organization", "reason", "record-route", "recv-info", "reply-to", "require", "session-expires",
    "session-id", "subject", "supported", "timestamp", "user-agent",
)  # fmt: skip
REQUEST_HEADERS: Final = frozenset(
    {
        *_IN_BOTH, "accept-contact", "geolocation-routing", "in-reply-to", "info-package", "join",
        "priority", "privacy", "rack", "refer-sub", "refer-to", "referred-by", "reject-contact",
        "replaces", "request-disposition", "sip-if-match", "subscription-state", "target-dialog",
    }
)  # fmt: skip
RESPONSE_HEADERS: Final = frozenset(
    {
        *_IN_BOTH, "error-info", "min-expires", "proxy-authenticate", "retry-after", "rseq",
        "server", "sip-etag", "unsupported", "warning", "www-authenticate",
    }
)  # fmt: skip


class Target:
    """One place that a request is forwarded to.

    ``route`` holds whole Route entries. ``q`` is its preference in thousandths; ``ring_s`` how long
    an INVITE may ring there. ``further`` are other ways to the same place, tried in their order
    when one fails (§16.6 step 7). Requests of a dialog with it go over ``flow`` too, unless it
    lies in a ``network``: then they follow their Route and Request-URI into that.
    """

    __slots__ = ("flow", "further", "network", "q", "request_uri", "ring_s", "route")

    def __init__(
        self,
        request_uri: str,
        flow: Flow,
        route: tuple[str, ...] = (),
        *,
        q: int = 1000,
        ring_s: float | None = None,
        further: tuple[Flow, ...] = (),
        network: str = "",
    ) -> None:
        self.request_uri = request_uri
        self.flow = flow
        self.route = route
        self.q = q
        self.ring_s = ring_s
        self.further = further
        self.network = network

    @property
    def side(self) -> Side:
        """What a Record-Route says of it."""
        return Side(network=self.network) if self.network else Side(self.flow)

    def next_way(self) -> Target | None:
        """Return the same place over its next way, if there is one."""
        if not self.further:
            return None
        flow, *others = self.further
        return Target(
            self.request_uri,
            flow,
            self.route,
            q=self.q,
            ring_s=self.ring_s,
            further=tuple(others),
            network=self.network,
        )


def forwarded_request(
    request: Request,
    target: Target,
    *,
    breadth: int,
    is_own_realm: Callable[[str], bool],
    record_routes: Iterable[str] = (),
    fields: Iterable[tuple[str, str]] = (),
) -> Request:
    """Build what one target gets; the transaction layer puts our Via on top.

    ``record_routes`` are ours, top first. Of the Routes of the request those that named us have
    ended before; what is left of them follows those of the target.
    """
    uri, route = _routed(target.request_uri, (*target.route, *request.entries("route")))
    forwarded = Request(request.method, uri, body=request.body)
    for value in request.values("via"):
        forwarded.add("via", value)
    for value in record_routes:
        forwarded.add("record-route", value)
    for value in route:
        forwarded.add("route", value)
    hops = request.max_forwards
    limits = DEFAULT_LIMITS
    forwarded.add("max-forwards", str(limits.hops_max if hops is None else hops - 1))
    forwarded.add("max-breadth", str(breadth))
    for key in ("from", "to", "call-id", "cseq"):
        forwarded.add(key, request.required(key))
    _copy(request, forwarded, REQUEST_HEADERS)
    for key in _CREDENTIALS:
        if request.has(key):
            _copy_credentials(request, forwarded, key, is_own_realm)
    for key, value in fields:
        forwarded.add(key, value)
    return forwarded


def forwarded_response(request: Request, response: Response) -> Response:
    """Build what the sender gets: a response of a target, on the way the request came."""
    forwarded = Response(response.status, response.reason, body=response.body)
    for value in request.values("via"):
        forwarded.add("via", value)
    for key in ("from", "call-id", "cseq"):
        forwarded.add(key, request.required(key))
    forwarded.add("to", _to(request, response))
    _copy(response, forwarded, RESPONSE_HEADERS)
    return forwarded


def max_breadth(request: Request) -> int:
    """Return how many branches the request may have from here on (RFC 5393 §5.3.3).

    More than we allow is read as that.
    """
    value = request.value("max-breadth")
    limit = DEFAULT_LIMITS.max_breadth
    if value is None:
        return limit
    return min(limit, parse_uint(value, "Max-Breadth", maximum=_MAX_BREADTH_LIMIT))


def ack_branch(ack: Request) -> str:
    """Return the branch of an ACK that is passed on: each repeat of it gets the same (§16.11)."""
    seed = f"{ack.via.sent_by}\n{ack.via.branch}\n{ack.uri_text}\n{ack.call_id}"
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogateescape"), digest_size=12)
    return f"z9hG4bK{digest.hexdigest()}"


def _to(request: Request, response: Response) -> str:
    """Return the To with the target's tag; of a response that has none to read, the request's."""
    try:
        return response.required("to") if response.to.tag else request.required("to")
    except RemoteError:
        return request.required("to")


def _routed(request_uri: str, route: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Write the route as the first of it expects: a strict router looks into the Request-URI."""
    if not route:
        return request_uri, ()
    first = NameAddress.parse(route[0]).uri
    if not isinstance(first, SipUri):
        raise RemoteError("a Route or Path entry is no SIP URI")
    if first.is_loose_router:
        return request_uri, route
    return str(first), (*route[1:], f"<{request_uri}>")


def _copy(source: Message, destination: Message, keys: frozenset[str]) -> None:
    for key, value in source.fields:
        if key in keys:
            destination.add(key, value)


def _copy_credentials(
    source: Request, destination: Request, key: str, is_own_realm: Callable[[str], bool]
) -> None:
    """Copy what is not for us; what cannot be read could be anybody's and stays."""
    try:
        credentials = read_credentials(source, key)
    except RemoteError:
        return
    for value, one in zip(source.values(key), credentials, strict=True):
        realm = one.get("realm")
        if realm and not is_own_realm(realm):
            destination.add(key, value)
