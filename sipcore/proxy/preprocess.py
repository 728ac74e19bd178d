"""What a request asks for once its Routes through us are taken off (RFC 3261 §16.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sipcore.message.address import NameAddress
from sipcore.message.message import Request
from sipcore.message.uri import SipUri, Uri
from sipcore.proxy.record_route import Side

SideOf = Callable[[SipUri, Request], Side | None]

_OF_A_HOP: Final = ("maddr", "transport")


class Routed:
    """A request that has reached us: what is left of it to be done.

    ``passed`` are the Route entries that named us, as they were written. ``side`` is where the
    last of those that we had signed leads; with it the request belongs to a dialog that we
    recorded.
    """

    __slots__ = ("passed", "request", "side")

    def __init__(self, request: Request, passed: tuple[str, ...], side: Side | None) -> None:
        self.request = request
        self.passed = passed
        self.side = side

    @property
    def leads_elsewhere(self) -> bool:
        """Whether its sender chose a next hop: by a Route, or by an ``maddr`` not ours."""
        request = self.request
        if request.has("route"):
            return True
        uri = request.uri
        return isinstance(uri, SipUri) and "maddr" in uri.parameters


def preprocess(
    request: Request, *, is_own_uri: Callable[[SipUri], bool], side_of: SideOf
) -> Routed:
    """Take off what named us; a header that cannot be read is a RemoteError.

    All leading Routes that name us are taken off, since we leave two in each dialog (RFC 5658).
    """
    uri = request.uri
    routes = request.entries("route")
    if not routes and (not isinstance(uri, SipUri) or "maddr" not in uri.parameters):
        return Routed(request, (), None)
    passed: list[str] = []
    side: Side | None = None
    if routes and isinstance(uri, SipUri) and uri.is_loose_router and is_own_uri(uri):
        side = side_of(uri, request)
        if side is not None:
            # A strict router before us put our entry here, and the Request-URI last.
            passed.append(f"<{uri}>")
            uri = NameAddress.parse(routes.pop()).uri
    uri = _without_own_maddr(uri, is_own_uri)
    while routes and (own := _own(routes[0], is_own_uri)) is not None:
        side = side_of(own, request) or side
        passed.append(routes.pop(0))
    return Routed(_with_routes(request, uri, routes), tuple(passed), side)


def _own(entry: str, is_own_uri: Callable[[SipUri], bool]) -> SipUri | None:
    uri = NameAddress.parse(entry).uri
    return uri if isinstance(uri, SipUri) and is_own_uri(uri) else None


def _without_own_maddr(uri: Uri, is_own_uri: Callable[[SipUri], bool]) -> Uri:
    """Strip an ``maddr`` that names us, with the port and transport that lead here.

    §16.4 would have a request sent on when it came over another port or transport of ours than
    the URI says; it would come back to this switch and be stripped then.
    """
    if not isinstance(uri, SipUri):
        return uri
    maddr = uri.parameters.get("maddr")
    if maddr is None or not is_own_uri(SipUri(maddr.lower(), port=uri.port)):
        return uri
    kept = {name: value for name, value in uri.parameters.items() if name not in _OF_A_HOP}
    return SipUri(
        uri.host,
        user=uri.user,
        scheme=uri.scheme,
        password=uri.password,
        parameters=kept,
        headers=uri.headers,
    )


def _with_routes(request: Request, uri: Uri, routes: list[str]) -> Request:
    """Copy the request with another Request-URI and Route; all else stays, in its order."""
    fields = [field for field in request.fields if field[0] != "route"]
    text = request.uri_text if uri is request.uri else str(uri)
    return Request(
        request.method,
        text,
        [*fields, *(("route", one) for one in routes)],
        request.body,
    )
