"""Keeping the NAT of an idle phone open, so that it can still be called.

It is an OPTIONS and not a bare line end: only packets from inside must refresh a translator's
mapping (RFC 4787 §4.3), and an OPTIONS makes the phone send one, whatever it answers. Nothing is
remembered of it: there is no retransmission, and the next one is 25 seconds away.
"""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message.message import Message, Request, Response, serialize
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Outgoing

_MARK: Final = "-keep-alive"


def keep_alive(binding: Binding, identifiers: Identifiers) -> Outgoing:
    """Return an OPTIONS to the device, to be sent as it is, outside of any transaction."""
    flow = binding.flow
    sent_by = flow.listener.sent_by
    uri = binding.request_uri
    request = Request("OPTIONS", uri)
    via = f"SIP/2.0/{flow.transport.name} {sent_by};branch={identifiers.branch()};rport"
    request.add("via", via)
    request.add("max-forwards", "70")
    request.add("from", f"<sip:{sent_by}>;tag={identifiers.tag()}")
    request.add("to", f"<{uri}>")
    request.add("call-id", identifiers.call_id() + _MARK)
    request.add("cseq", "1 OPTIONS")
    return Outgoing(serialize(request), flow)


def is_keep_alive_answer(message: Message) -> bool:
    """Tell a device's answer to ``keep_alive``, which no transaction waits for."""
    if not isinstance(message, Response):
        return False
    try:
        return message.call_id.endswith(_MARK)
    except RemoteError:
        return False
