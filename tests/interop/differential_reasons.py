"""Why a phone sees something else through this switch than through Kamailio: every difference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

System = Literal["Freiton", "Kamailio"]


@dataclass(frozen=True)
class Instead:
    """A message that comes in place of another one; in every story, or in one."""

    freiton: str
    kamailio: str
    why: str
    story: str = ""


@dataclass(frozen=True)
class Header:
    """A header that is there through one of them alone, in messages of these kinds."""

    name: str
    only: System
    kinds: str
    why: str

    def explains(self, kind: str, name: str, only: System) -> bool:
        return (name, only) == (self.name, self.only) and bool(re.fullmatch(self.kinds, kind))


INSTEAD = (
    Instead(
        "401 INVITE",
        "407 INVITE",
        "the switch is the caller's other end and asks as such (RFC 3261 §22.2); a proxy asks for"
        " itself (§22.3)",
    ),
    Instead(
        "480 INVITE",
        "408 INVITE",
        "the ring time is the account's, and its end says that nobody is there; a proxy tells that"
        " its timer ended",
        story="nobody answers",
    ),
    Instead(
        "480 INVITE",
        "302 INVITE",
        "the switch follows a redirection itself, to numbers and accounts that it knows and at the"
        " expense of who redirects; the address of some phone is neither, and is not told",
        story="the callee has moved",
    ),
)

_DIALOG = "(INVITE|18[03] INVITE|200 INVITE)"
_CAPABILITIES = "each leg is a dialog with the switch, which says what it can do itself"

HEADERS = (
    Header(
        "record-route",
        "Kamailio",
        _DIALOG,
        "a proxy must ask to stay on the way; the switch is an end of both dialogs and is never"
        " left out",
    ),
    Header("allow", "Freiton", _DIALOG, _CAPABILITIES),
    Header("supported", "Freiton", _DIALOG, _CAPABILITIES),
    Header(
        "session-expires",
        "Freiton",
        "INVITE",
        "calls are charged: a session timer notices when an end is gone (RFC 4028)",
    ),
    Header("reason", "Freiton", "404 INVITE", "the cause is told as Q.850 too"),
    Header("warning", "Freiton", "404 INVITE", "and in words, as with every refusal of its own"),
    Header(
        "accept",
        "Freiton",
        "200 OPTIONS",
        "an answer to OPTIONS should say what is understood (RFC 3261 §11.2)",
    ),
    Header(
        "allow-events",
        "Freiton",
        "200 OPTIONS",
        "the same for packages of events, of which this Kamailio has none (RFC 6665 §8.2.2)",
    ),
    Header("supported", "Freiton", "200 OPTIONS", "the same for extensions (RFC 3261 §11.2)"),
    Header(
        "max-breadth",
        "Freiton",
        "MESSAGE",
        "what is proxied carries its bound on forking (RFC 5393); Kamailio 5.6 does not know it",
    ),
)
