"""Where a response goes: RFC 3261 §18.2 with the symmetric way of RFC 3581 §4.

The path leads back to the address that the request came from, whatever its Via claims, so that
nobody can aim responses at somebody else. For that reason ``maddr`` is not followed.
"""

from __future__ import annotations

from typing import Final

from sipcore.message.message import Request
from sipcore.transport.flow import Flow

DEFAULT_PORT: Final = 5060


def note_source(request: Request, flow: Flow) -> None:
    """Write ``received`` and ``rport`` into the top Via (§18.2.1, RFC 3581 §4).

    Values that came with the request are replaced: only we can know them. RemoteError when the
    Via is malformed.
    """
    via = request.via
    host, port = flow.remote
    source = host.partition("%")[0]  # the zone of a link-local address is ours alone
    parameters = via.parameters
    if "rport" in parameters:
        parameters["rport"] = str(port)
        parameters["received"] = source
    elif via.host.strip("[]") != source:
        parameters["received"] = source
    elif parameters.pop("received", None) is None:
        return
    request.replace_via(via)


def response_flow(request: Request, flow: Flow) -> Flow:
    """Return the flow for the responses to a request that came over ``flow`` (§18.2.2)."""
    if flow.is_reliable or "rport" in request.via.parameters:
        return flow
    host, source_port = flow.remote
    port = request.via.port or DEFAULT_PORT
    return flow if port == source_port else Flow(flow.listener, (host, port))


def reopened_flow(request: Request, flow: Flow) -> Flow:
    """Return the flow for responses when the connection of ``flow`` is gone (§18.2.2)."""
    return Flow(flow.listener, (flow.remote[0], request.via.port or DEFAULT_PORT))
