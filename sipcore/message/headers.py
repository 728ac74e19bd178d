"""Header names: every spelling leads to one key, every key to one spelling on the wire.

A key is the long name in lower case. This file is a list, so it may be long.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import is_token

_NAMES: Final = (
    "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow",
    "Allow-Events", "Authentication-Info", "Authorization", "Call-ID", "Call-Info", "Contact",
    "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
    "Content-Type", "CSeq", "Date", "Diversion", "Error-Info", "Event", "Expires", "From",
    "Geolocation", "Geolocation-Routing", "History-Info", "Identity", "Identity-Info",
    "In-Reply-To", "Info-Package", "Join", "Max-Forwards", "MIME-Version", "Min-Expires",
    "Min-SE", "Organization", "P-Access-Network-Info", "P-Asserted-Identity", "P-Called-Party-ID",
    "P-Charging-Vector", "P-Early-Media", "P-Preferred-Identity", "Path", "Priority", "Privacy",
    "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Require", "RAck", "Reason",
    "Record-Route", "Recv-Info", "Refer-Sub", "Refer-To", "Referred-By", "Reject-Contact",
    "Remote-Party-ID", "Replaces", "Reply-To", "Request-Disposition", "Require",
    "Resource-Priority", "Retry-After", "Route", "RSeq", "Server", "Service-Route",
    "Session-Expires", "Session-ID", "SIP-ETag", "SIP-If-Match", "Subject", "Subscription-State",
    "Supported", "Target-Dialog", "Timestamp", "To", "Unsupported", "User-Agent", "Via",
    "Warning", "WWW-Authenticate",
)  # fmt: skip

# RFC 3261 §7.3.3 and the IANA registry of SIP header fields.
_COMPACT: Final = (
    ("a", "accept-contact"), ("b", "referred-by"), ("c", "content-type"),
    ("d", "request-disposition"),
    ("e", "content-encoding"), ("f", "from"), ("i", "call-id"), ("j", "reject-contact"),
    ("k", "supported"), ("l", "content-length"), ("m", "contact"), ("n", "identity-info"),
    ("o", "event"), ("r", "refer-to"), ("s", "subject"), ("t", "to"), ("u", "allow-events"),
    ("v", "via"), ("x", "session-expires"), ("y", "identity"),
)  # fmt: skip

WIRE_NAMES: Final = MappingProxyType({name.lower(): name for name in _NAMES})
"""Key → spelling on the wire."""

KEYS: Final = MappingProxyType(
    dict(_COMPACT)
    | {short.upper(): key for short, key in _COMPACT}
    | {name: name.lower() for name in _NAMES}
    | {name.lower(): name.lower() for name in _NAMES}
)
"""Usual spelling → key; ``header_key`` knows every other one."""

SINGLE: Final = frozenset(
    {
        "call-id", "content-disposition", "content-length", "content-type", "cseq", "event",
        "expires", "from", "join", "max-forwards", "min-expires", "min-se", "rack", "refer-to",
        "referred-by", "replaces", "rseq", "session-expires", "sip-etag", "sip-if-match",
        "subscription-state", "target-dialog", "to",
    }
)  # fmt: skip
"""Headers that may stand once; a second one is how proxies are made to disagree."""


def header_key(name: str) -> str:
    """Return the key of a header name in any spelling; a name that is no token is refused.

    A blank before the colon is legal (§7.3.1) and cut here, so that "P-Asserted-Identity :" is
    no other header than "P-Asserted-Identity:".
    """
    key = KEYS.get(name)
    if key is not None:
        return key
    stripped = name.rstrip(" \t")
    # Before lower(), which makes a "k" of the Kelvin sign.
    if not is_token(stripped):
        raise RemoteError(f"not a header name: {name[:40]!r}")
    key = stripped.lower()
    return KEYS.get(key, key)


def wire_name(key: str) -> str:
    """Return the spelling for the wire; an unknown key is capitalised by words."""
    name = WIRE_NAMES.get(key)
    return name if name is not None else "-".join(word.capitalize() for word in key.split("-"))
