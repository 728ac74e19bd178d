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
    equal private address is no sign, since switch and phone then share a network. Where the Via
    names the very source, no one translates, and another port in the Contact is the device's word
    on where it listens.
    """
    host, port = flow.remote
    source = _normal(host)
    if _normal(contact.host) != source or _normal(via.host) != source:
        return True
    return flow.transport is Transport.UDP and (via.port or SIP_PORT) != port


def delivery_flow(contact: SipUri, flow: Flow, *, is_natted: bool) -> Flow:
    """Return where to send what is for a device.

    That is where its REGISTER came from; but a device that no one translates, and that listens on
    another port of the same host, is reached there. Never another host: a Contact that names a
    third party would turn us into a cannon.
    """
    if is_natted or flow.transport is not Transport.UDP:
        return flow
    host, port = flow.remote
    wanted = contact.port or SIP_PORT
    if wanted == port or _normal(contact.host) != _normal(host):
        return flow
    return Flow(flow.listener, (host, wanted))


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
