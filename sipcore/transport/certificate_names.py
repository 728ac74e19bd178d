"""Whether a certificate speaks for a SIP domain (RFC 5922 §7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.uri import SipUri
from sipcore.transport.next_hop import is_numeric

_WILDCARD: Final = "*."


class CertificateNames:
    """What a certificate says of its owner, as it stands in it.

    ``uris``, ``dns_names`` and ``addresses`` are those of its subjectAltName; ``common_names``
    those of its subject.
    """

    __slots__ = ("addresses", "common_names", "dns_names", "uris")

    def __init__(
        self,
        *,
        uris: Iterable[str] = (),
        dns_names: Iterable[str] = (),
        addresses: Iterable[str] = (),
        common_names: Iterable[str] = (),
    ) -> None:
        self.uris = tuple(uris)
        self.dns_names = tuple(dns_names)
        self.addresses = tuple(addresses)
        self.common_names = tuple(common_names)

    def sip_domains(self) -> tuple[str, ...]:
        """Return the SIP domains that the certificate names, in lower case (§7.1).

        A ``sip`` URI of a domain alone counts; one of a user, or of another scheme, names no
        domain. Names of hosts count only where no such URI stands, and the subject only where
        there is no subjectAltName at all.
        """
        domains = tuple(domain for uri in self.uris if (domain := _domain_of(uri)))
        has_alternatives = self.uris or self.dns_names or self.addresses
        names = self.dns_names if has_alternatives else self.common_names
        return domains or tuple(name.rstrip(".").lower() for name in names)

    def speak_for(self, peer_name: str, *, allows_wildcards: bool = False) -> bool:
        """Tell whether a peer by this name, or at this address, has the certificate (§7.2).

        Names are compared whole. A wildcard stands for no name, unless the operator
        ``allows_wildcards`` of one label in front.
        """
        if is_numeric(peer_name):
            return _is_one_of(peer_name, self.addresses)
        wanted = peer_name.rstrip(".").lower()
        domains = self.sip_domains()
        if wanted in domains:
            return bool(wanted)
        _, dot, parent = wanted.partition(".")
        return allows_wildcards and bool(dot) and "." in parent and _WILDCARD + parent in domains


def _domain_of(uri: str) -> str:
    try:
        sip_uri = SipUri.parse(uri)
    except RemoteError:
        return ""
    return sip_uri.host if sip_uri.scheme == "sip" and sip_uri.user is None else ""


def _is_one_of(address: str, texts: Iterable[str]) -> bool:
    wanted = ipaddress.ip_address(address)
    return any(is_numeric(text) and ipaddress.ip_address(text) == wanted for text in texts)
