"""What we ask a carrier outside of any call: to know us (REGISTER), and whether it is there."""

from __future__ import annotations

from typing import Final

from freiton.routing.directory import Trunk
from freiton.routing.trunk_profile import RegistrationForm
from sipcore.errors import RemoteError
from sipcore.message import NameAddress, Request, Response, SipUri
from sipcore.message.message import parse_delta_seconds
from sipcore.message.parameters import Parameters, format_parameters
from sipcore.transport.flow import Flow, Transport

GRANTED_MIN_S: Final = 10.0
"""A zero or tiny interval would make us ask without pause."""

ROUTES_MAX: Final = 8
"""A Service-Route of more proxies than any carrier has in a row is a mistake or an attack."""

_GIN: Final = "gin"
_BNC: Final = "bnc"


def register_request(
    trunk: Trunk, flow: Flow, *, call_id: str, cseq: int, expires_s: int, tag: str
) -> Request:
    """Build a REGISTER without credentials.

    For the form ``gin`` one Contact without a user stands for every number of ours, and nobody on
    the way may take it for an ordinary one (RFC 6140 §5).
    """
    aor = str(SipUri(trunk.domain, user=trunk.username))
    request = Request("REGISTER", SipUri(trunk.domain))
    for key, value in (
        ("max-forwards", "70"),
        ("from", f"<{aor}>;tag={tag}"),
        ("to", f"<{aor}>"),
        ("call-id", call_id),
        ("cseq", f"{cseq} REGISTER"),
        ("contact", f"<{_contact(trunk, flow)}>"),
        ("expires", str(expires_s)),
    ):
        request.add(key, value)
    if _is_gin(trunk):
        request.add("require", _GIN)
        request.add("proxy-require", _GIN)
        request.add("supported", "path")
    return request


def options_request(trunk: Trunk, flow: Flow, *, call_id: str, cseq: int, tag: str) -> Request:
    """Build the question whether a carrier is there; any answer but 503 says that it is."""
    uri = SipUri(trunk.domain)
    ours = f"sip:{flow.listener.sent_by}"
    if trunk.username:
        ours = str(SipUri(trunk.domain, user=trunk.username))
    request = Request("OPTIONS", uri)
    for key, value in (
        ("max-forwards", "70"),
        ("from", f"<{ours}>;tag={tag}"),
        ("to", f"<{uri}>"),
        ("call-id", call_id),
        ("cseq", f"{cseq} OPTIONS"),
        ("accept", "application/sdp"),
    ):
        request.add(key, value)
    return request


def granted_s(response: Response, trunk: Trunk, *, asked_s: int) -> float:
    """Return the interval granted for our contact; what a carrier leaves out was granted as asked.

    Raises RemoteError when a Contact cannot be read.
    """
    granted: int | None = None
    for entry in response.entries("contact"):
        address = NameAddress.parse(entry)
        uri = address.uri
        if isinstance(uri, SipUri) and _is_ours(uri, trunk):
            text = address.parameters.get("expires")
            granted = parse_delta_seconds(text) if text is not None else None
            break
    if granted is None:
        granted = response.expires
    return max(GRANTED_MIN_S, float(asked_s if granted is None else granted))


def service_route(response: Response) -> tuple[str, ...]:
    """Return over which proxies a carrier wants our calls (RFC 3608 §5).

    None of them when it cannot be read or followed: a call without a Route still reaches the
    carrier, and one with half of it nobody.
    """
    if not response.has("service-route"):
        return ()
    try:
        uris = [NameAddress.parse(entry).uri for entry in response.entries("service-route")]
    except RemoteError:
        return ()
    if len(uris) > ROUTES_MAX:
        return ()
    if not all(isinstance(uri, SipUri) and uri.is_loose_router for uri in uris):
        return ()
    return tuple(f"<{uri}>" for uri in uris)


def _is_gin(trunk: Trunk) -> bool:
    return trunk.profile.registration is RegistrationForm.GIN


def _contact(trunk: Trunk, flow: Flow) -> str:
    parameters: Parameters = {}
    if flow.transport is not Transport.UDP:
        parameters["transport"] = flow.transport.name.lower()
    if _is_gin(trunk):
        parameters[_BNC] = None
    user = "" if _is_gin(trunk) else f"{SipUri(trunk.domain, user=trunk.username).escaped_user}@"
    return f"sip:{user}{flow.listener.sent_by}{format_parameters(parameters)}"


def _is_ours(uri: SipUri, trunk: Trunk) -> bool:
    return _BNC in uri.parameters if _is_gin(trunk) else uri.user == trunk.username
