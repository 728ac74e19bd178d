"""Whether a device sits behind a network address translator."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

from sipcore.message.uri import SipUri
from sipcore.message.via import Via
from sipcore.transport.flow import Flow, Transport

SIP_PORT: Final = 5060


def is_behind_nat(contact: SipUri, via: Via, flow: Flow) -> bool:
    """Compare where a device says it is, in Contact and Via, with where its packets come from.

    The port counts for UDP only: a TCP connection leaves from a port that nobody listens on. An
    equal private address is no sign, since switch and phone then share a network.
    """
    host, port = flow.remote
    source = _normal(host)
    if _normal(contact.host) != source or _normal(via.host) != source:
        return True
    if flow.transport is not Transport.UDP:
        return False
    return (contact.port or SIP_PORT) != port or (via.port or SIP_PORT) != port


def _normal(host: str) -> str:
    """Return an address in one spelling; a host name stays, and so never equals an address."""
    host = host.strip("[]")
    if ":" not in host:
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
