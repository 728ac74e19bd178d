"""The event packages that are served: what each says of its body, its duration and its rate."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DIALOG: Final = "dialog"
MESSAGE_SUMMARY: Final = "message-summary"
PRESENCE: Final = "presence"
REG: Final = "reg"


@dataclass(frozen=True, slots=True)
class Package:
    """One event package; ``pause_s`` is its RFC's least time between two NOTIFY requests."""

    name: str
    content_type: str
    default_expires_s: int
    pause_s: float
    source: str


PACKAGES: Final = MappingProxyType(
    {
        one.name: one
        for one in (
            # RFC 4235 §3.4 and §3.10: an hour; one notification a second is enough.
            Package(DIALOG, "application/dialog-info+xml", 3600, 1.0, "RFC 4235"),
            # RFC 3842 §3.4 and §3.10: an hour; at most one a second.
            Package(MESSAGE_SUMMARY, "application/simple-message-summary", 3600, 1.0, "RFC 3842"),
            # RFC 3856 §6.4 and §6.10: an hour; at most one in five seconds.
            Package(PRESENCE, "application/pidf+xml", 3600, 5.0, "RFC 3856"),
            # RFC 3680 §4.4 and §4.10: 3761 seconds; at most one in five seconds.
            Package(REG, "application/reginfo+xml", 3761, 5.0, "RFC 3680"),
        )
    }
)

ALLOW_EVENTS: Final = ", ".join(PACKAGES)

LISTABLE: Final = frozenset({DIALOG, PRESENCE})
"""Packages that may be asked of a list (RFC 4662)."""

EVENT_LIST: Final = "eventlist"
"""The option tag of RFC 4662 §3."""

LIST_PAUSE_S: Final = 1.0
"""A list waits as long as its fastest member would; the changes of that time go together."""
