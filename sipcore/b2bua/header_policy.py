"""Which headers may cross the switch: a short list, everything else is built by us (D5).

A caller's header that is not named here reaches nobody; what a target learns about the caller
stands in ``Target.fields``.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from sipcore.b2bua.call_events import Fields
from sipcore.dialog.session_timer import OPTION_TAG
from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import rack
from sipcore.message.grammar import TOKEN
from sipcore.message.message import Message, Request
from sipcore.message.reason import Reason
from sipcore.message.uri import is_sips
from sipcore.transport.flow import Flow

METHODS: Final = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO", "MESSAGE",
    "REFER",
)  # fmt: skip
ALLOW: Final = ", ".join(METHODS)
SUPPORTED_LATER: Final = OPTION_TAG
"""Without 100rel: a re-INVITE of ours asks for no provisional responses, and none are awaited."""
SUPPORTED_UNRELIABLE: Final = f"{SUPPORTED_LATER}, replaces, norefersub"
"""Towards a target that cannot answer provisionally and reliably (RFC 3262)."""
SUPPORTED: Final = f"{rack.OPTION_TAG}, {SUPPORTED_UNRELIABLE}"
"""Never what we do not do ourselves: path and outbound are missing on purpose."""

# Possessive: blanks before a comma could else be split in many ways, at every entry of a list.
_MEDIA_RANGE: Final = rf"{TOKEN}/{TOKEN}\s*+(?:;[^,]*+)?+"

BODY_FIELDS: Final = MappingProxyType(
    {
        # Without them a body is noise: what it is, how it is packed, what it is for.
        "content-type": re.compile(rf"{TOKEN}\s*/\s*{TOKEN}\s*(?:;.*)?"),
        "content-encoding": re.compile(rf"{TOKEN}(?:\s*,\s*{TOKEN})*"),
        "content-disposition": re.compile(rf"{TOKEN}\s*(?:;.*)?"),
        # The language of a text message.
        "content-language": re.compile(r"[A-Za-z0-9\-]+(?:\s*,\s*[A-Za-z0-9\-]+)*"),
        # Says that a multipart body is one (location beside SDP in an emergency call).
        "mime-version": re.compile(r"\d+\.\d+"),
    }
)
"""Headers that travel with a body, and what their values look like."""

INVITE_FIELDS: Final = MappingProxyType(
    {
        # Which bodies the caller can read in the answer.
        "accept": re.compile(rf"{_MEDIA_RANGE}(?:,\s*+{_MEDIA_RANGE})*+"),
        # How urgent the caller finds it; phones ring differently for "emergency".
        "priority": re.compile(TOKEN),
    }
)
"""Headers of an INVITE that reach the target. Not on the list although phones would show them:
Subject and Call-Info (a free text channel past charging and CLIR) and Alert-Info (an unknown
caller would choose how the phone rings).
"""

FAILURE_FIELDS: Final = MappingProxyType(
    {
        # When to try again, and what would have been understood.
        "retry-after": re.compile(r"\d{1,9}"),
        "accept": INVITE_FIELDS["accept"],
    }
)
"""Headers of a failure response that reach the other side."""

_REASON_PROTOCOLS: Final = frozenset({"SIP", "Q.850"})
_REASONS_MAX: Final = 2
_REASON_TEXT_MAX: Final = 80


def contact(call_id: str, flow: Flow, peer: str) -> str:
    """Return our Contact on a leg; its user part leads every later request to the call.

    It is a ``sips`` URI where that of the ``peer``, to whom it is told, is one (§8.1.1.8).
    """
    is_secure = is_sips(peer) and flow.transport.is_secure
    return f"<{flow.listener.contact_uri(call_id, is_secure=is_secure)}>"


def passed_fields(request: Request) -> Fields:
    """Return what of an INVITE's headers reaches the target."""
    return tuple(
        (key, value)
        for key, pattern in INVITE_FIELDS.items()
        for value in request.values(key)
        if pattern.fullmatch(value) is not None
    )


def failure_fields(response: Message) -> Fields:
    """Return what of a failure response's headers reaches the other side, Reason included."""
    passed = tuple(
        (key, value)
        for key, pattern in FAILURE_FIELDS.items()
        for value in response.values(key)[:1]
        if pattern.fullmatch(value) is not None
    )
    reason = reason_of(response)
    return (*passed, ("reason", reason)) if reason else passed


def reason_of(message: Message) -> str:
    """Return the Reason of a BYE, CANCEL or failure, written anew (RFC 3326 §2); empty for none.

    Only causes of SIP and Q.850, whose numbers mean something on the other side.
    """
    try:
        reasons = Reason.of(message)
    except RemoteError:
        return ""
    return ", ".join(
        str(Reason(reason.protocol, reason.cause, _printable(reason.text)))
        for reason in reasons[:_REASONS_MAX]
        if reason.protocol in _REASON_PROTOCOLS and reason.cause is not None
    )


def hops_left(request: Request) -> int:
    """Return the Max-Forwards of the request that goes on; a loop through us comes to an end."""
    received = request.max_forwards
    return DEFAULT_LIMITS.hops_max if received is None else max(received - 1, 0)


def _printable(text: str) -> str:
    return text[:_REASON_TEXT_MAX] if text.isascii() and text.isprintable() else ""
