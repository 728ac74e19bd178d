"""The request and the response that a proxy passes on (RFC 3261 §16.6, §16.7).

Both are built: what routes them is ours or checked, and of the rest only the listed headers are
copied, as they are. So a header that asserts an identity never passes, and neither do credentials:
they were for us.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.grammar import parse_uint
from sipcore.message.message import Message, Request, Response
from sipcore.message.uri import SipUri
from sipcore.transport.flow import Flow

MAX_FORWARDS: Final = 70
MAX_BREADTH: Final = 60
"""How many branches a request may have at once, if it does not say (RFC 5393 §5.3.3)."""
_MAX_BREADTH_LIMIT: Final = 2**31 - 1

_IN_BOTH: Final = (
    "accept", "accept-encoding", "accept-language", "alert-info", "allow", "allow-events",
    "call-info", "contact", "content-disposition", "content-encoding", "content-language",
    "content-type", "date", "event", "expires", "geolocation", "mime-version", "organization",
    "reason", "record-route", "reply-to", "require", "session-id", "subject", "supported",
    "timestamp", "user-agent",
)  # fmt: skip
REQUEST_HEADERS: Final = frozenset(
    {
        *_IN_BOTH, "accept-contact", "geolocation-routing", "in-reply-to", "info-package",
        "priority", "privacy", "refer-sub", "refer-to", "referred-by", "reject-contact",
        "request-disposition", "sip-if-match", "subscription-state", "target-dialog",
    }
)  # fmt: skip
RESPONSE_HEADERS: Final = frozenset(
    {
        *_IN_BOTH, "error-info", "min-expires", "proxy-authenticate", "retry-after", "server",
        "sip-etag", "unsupported", "warning", "www-authenticate",
    }
)  # fmt: skip


class Target:
    """One place that a request is forwarded to; ``route`` holds whole Route entries."""

    __slots__ = ("flow", "request_uri", "route")

    def __init__(self, request_uri: str, flow: Flow, route: tuple[str, ...] = ()) -> None:
        self.request_uri = request_uri
        self.flow = flow
        self.route = route


def forwarded_request(
    request: Request, target: Target, *, breadth: int, fields: Iterable[tuple[str, str]] = ()
) -> Request:
    """Build what one target gets; the transaction layer puts our Via on top.

    The Routes of the request named us and end here.
    """
    uri, route = _routed(target)
    forwarded = Request(request.method, uri, body=request.body)
    for value in request.values("via"):
        forwarded.add("via", value)
    for value in route:
        forwarded.add("route", value)
    hops = request.max_forwards
    forwarded.add("max-forwards", str(MAX_FORWARDS if hops is None else hops - 1))
    forwarded.add("max-breadth", str(breadth))
    for key in ("from", "to", "call-id", "cseq"):
        forwarded.add(key, request.required(key))
    _copy(request, forwarded, REQUEST_HEADERS)
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
    """Return how many branches the request may have from here on (RFC 5393 §5.3.1)."""
    value = request.value("max-breadth")
    if value is None:
        return MAX_BREADTH
    return parse_uint(value, "Max-Breadth", maximum=_MAX_BREADTH_LIMIT)


def _to(request: Request, response: Response) -> str:
    """Return the To with the target's tag; of a response that has none to read, the request's."""
    try:
        return response.required("to") if response.to.tag else request.required("to")
    except RemoteError:
        return request.required("to")


def _routed(target: Target) -> tuple[str, tuple[str, ...]]:
    """Write the route as the first of it expects: a strict router looks into the Request-URI."""
    if not target.route:
        return target.request_uri, ()
    first = NameAddress.parse(target.route[0]).uri
    if not isinstance(first, SipUri):
        raise RemoteError("a Path entry is no SIP URI")
    if first.is_loose_router:
        return target.request_uri, target.route
    return str(first), (*target.route[1:], f"<{target.request_uri}>")


def _copy(source: Message, destination: Message, keys: frozenset[str]) -> None:
    for key, value in source.fields:
        if key in keys:
            destination.add(key, value)
