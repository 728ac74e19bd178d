"""Messages made from messages: responses, and the ACK and CANCEL of an INVITE."""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Request, Response
from sipcore.message.reason_phrases import REASON_PHRASES

_ECHOED: Final = ("from", "call-id", "cseq")


def respond(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    fields: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Response:
    """Build the response to a request (RFC 3261 §8.2.6.2).

    ``to_tag`` is added only when the request's To had none; a 100 never gets one.
    """
    phrase = REASON_PHRASES.get(status, "Unknown") if reason is None else reason
    response = Response(status, phrase, body=body)
    for value in request.values("via"):
        response.add("via", value)
    for key in _ECHOED:
        response.add(key, request.required(key))
    to = request.required("to")
    if to_tag is not None and status != 100 and not _has_tag(request):
        to = f"{to};tag={to_tag}"
    response.add("to", to)
    if status == 100 and (timestamp := request.value("timestamp")) is not None:
        response.add("timestamp", timestamp)
    if fields is not None:
        for key, value in fields:
            response.add(key, value)
    return response


def acknowledge(invite: Request, response: Response) -> Request:
    """Build the ACK for a non-2xx final response (§17.1.1.3)."""
    ack = Request("ACK", invite.uri_text)
    ack.add("via", str(invite.via))
    ack.add("max-forwards", "70")
    ack.add("from", invite.required("from"))
    ack.add("to", response.required("to"))
    ack.add("call-id", invite.call_id)
    ack.add("cseq", f"{invite.cseq.number} ACK")
    for value in invite.values("route"):
        ack.add("route", value)
    _keep_session(invite, ack)
    return ack


def cancel(invite: Request, *, fields: list[tuple[str, str]] | None = None) -> Request:
    """Build the CANCEL for an INVITE that was sent (§9.1); ``fields`` may carry a Reason."""
    request = Request("CANCEL", invite.uri_text)
    request.add("via", str(invite.via))
    request.add("max-forwards", "70")
    request.add("from", invite.required("from"))
    request.add("to", invite.required("to"))
    request.add("call-id", invite.call_id)
    request.add("cseq", f"{invite.cseq.number} CANCEL")
    for value in invite.values("route"):
        request.add("route", value)
    _keep_session(invite, request)
    if fields is not None:
        for key, value in fields:
            request.add(key, value)
    return request


def _keep_session(invite: Request, request: Request) -> None:
    """Name the same session as the INVITE did (RFC 7989 §6)."""
    value = invite.value("session-id")
    if value is not None:
        request.add("session-id", value)


def _has_tag(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except RemoteError:
        # The 400 that says so echoes it as it came (§8.2.6.2).
        return True
