"""What became of a request that crossed to the other leg, told to the peer who sent it."""

from __future__ import annotations

from sipcore.b2bua.body import NO_BODY, Body, read_body
from sipcore.b2bua.call_events import CallCommand, Fields
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Pending
from sipcore.b2bua.settings import CallSettings
from sipcore.message.message import Response


def tell_success(
    asker: Leg,
    pending: Pending,
    response: Response,
    body: Body,
    *,
    settings: CallSettings,
    now: float,
    out: list[CallCommand],
) -> bool:
    """Pass a 2xx on to who asked; True when the session is another by it."""
    origin = pending.origin
    if origin is None:
        return False
    method = origin.request.method
    if method not in ("INVITE", "UPDATE", "PRACK"):
        told = read_body(response, bytes_max=settings.body_bytes_max) or NO_BODY
        asker.respond(origin, response.status, out=out, body=told)
        return False
    asker.received_body = pending.body
    if method == "INVITE":
        asker.accept(body, now=now, out=out)
    elif method == "UPDATE":
        asker.respond_to_update(origin, now=now, out=out, body=body)
    else:
        asker.respond_to_prack(origin, out=out, body=body)
    return True


def tell_failure(
    asker: Leg | None,
    pending: Pending,
    status: int,
    *,
    out: list[CallCommand],
    fields: Fields = (),
) -> None:
    """Pass a failure on to who asked, once; an offer of his stays without an answer."""
    origin, pending.origin = pending.origin, None
    if asker is None or origin is None:
        return
    if origin.request.method == "INVITE":
        asker.reject(status, out=out, fields=fields)
        return
    if origin.request.method in ("UPDATE", "PRACK"):
        asker.reject_offer()
    asker.respond(origin, status, out=out, fields=fields)
