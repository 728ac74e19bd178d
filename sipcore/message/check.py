"""Whether a message holds what every message must (RFC 3261 §8.1.1, §8.2.2.1, §16.3, §21.4.1).

Beyond this check, the six headers that steer a message can be read without a thought.
"""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Message, Request, Response
from sipcore.message.parse import content_length
from sipcore.message.uri import TelUri, Uri

SCHEMES: Final = frozenset({"sip", "sips", "tel", "urn"})
"""What may stand in a Request-URI: addresses, numbers, and ``urn:service:sos``."""


def check_request(request: Request, *, schemes: frozenset[str] = SCHEMES) -> None:
    """Raise a RemoteError, with the status that the request deserves, unless it is whole.

    400 for a header missing, twice or unreadable; 416 for a scheme that is not ours.
    """
    _check_headers(request)
    if request.cseq.method != request.method:
        raise RemoteError(f"CSeq of {request.cseq.method} in a {request.method}")
    _ = request.max_forwards
    if scheme_of(request.uri) not in schemes:
        raise RemoteError(f"scheme of {request.uri_text[:60]!r}", status_hint=416)


def check_response(response: Response) -> None:
    """Raise a RemoteError unless the response is whole; it is to be dropped."""
    _check_headers(response)


def scheme_of(uri: Uri) -> str:
    """Return the scheme of a URI in lower case."""
    return "tel" if isinstance(uri, TelUri) else uri.scheme


def _check_headers(message: Message) -> None:
    _ = message.via, message.from_, message.to, message.call_id, message.cseq
    content_length(message)
