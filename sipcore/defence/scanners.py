"""Tools that look for telephones to misuse, by the names they give themselves.

Who renames his tool is not recognised here; he meets the limits for strangers.
"""

from __future__ import annotations

from typing import Final

from sipcore.message.message import Request

SCANNERS: Final = (
    "friendly-request", "friendly-scanner", "gulp", "iwar", "pplsip", "sip-scan", "siparmyknife",
    "sipcli", "sipvicious", "smap", "sundayddr", "vaxsipuseragent",
)  # fmt: skip
"""Beginnings of User-Agent, in lower case."""

_FROM_NAMES: Final = frozenset({"sipvicious", "sipsscuser"})


def is_scanner(request: Request) -> bool:
    """Tell whether the sender names itself as a known tool; RemoteError when From is malformed."""
    agent = request.value("user-agent")
    if agent is not None and agent.lower().startswith(SCANNERS):
        return True
    return (request.from_.display_name or "").lower() in _FROM_NAMES
