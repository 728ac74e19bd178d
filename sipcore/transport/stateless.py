"""Answers for which nothing is kept (RFC 3261 §8.2.7)."""

from __future__ import annotations

import hashlib

from sipcore.message.derive import respond
from sipcore.message.message import Request, Response, serialize
from sipcore.transport.flow import Flow, Outgoing
from sipcore.transport.response_path import response_flow


def stateless_tag(request: Request) -> str:
    """Return the To tag of a stateless answer: the same for every retransmission."""
    seed = "\n".join((request.required("via"), request.call_id, request.required("cseq")))
    return hashlib.sha256(seed.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def answer(
    request: Request,
    status: int,
    *,
    reason: str | None = None,
    to_tag: str | None = None,
    retry_after_s: int | None = None,
) -> Response:
    """Build a response without a body; its To tag is the stateless one unless given."""
    tag = stateless_tag(request) if to_tag is None else to_tag
    fields = None if retry_after_s is None else [("retry-after", str(retry_after_s))]
    return respond(request, status, reason, to_tag=tag, fields=fields)


def outgoing_response(request: Request, response: Response, flow: Flow) -> Outgoing:
    """Address the response to a request that came over ``flow``.

    RemoteError when the request's Via is malformed: there is no way back then.
    """
    return Outgoing(serialize(response), response_flow(request, flow))
