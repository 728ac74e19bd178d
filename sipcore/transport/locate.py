"""From a URI to the servers to be tried, in order (RFC 3263 §4, weights by RFC 2782).

Nothing is asked here: ``locate`` is a function of what is known of the name service by now, and
says what is to be asked next, or the next hops. There are at most three rounds of questions
(NAPTR, SRV, addresses), none of which follows a pointer twice, so there is no loop to fall into.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import LOCATED_HOPS_MAX, SERVICE_TARGETS_MAX
from sipcore.message.uri import SipUri, Uri
from sipcore.transport.dns_records import (
    AddressRecord,
    Answers,
    NaptrRecord,
    Question,
    RecordType,
    SrvRecord,
    plain_name,
)
from sipcore.transport.flow import Listener, Transport
from sipcore.transport.next_hop import NextHop, is_numeric

Draw = Callable[[int], int]
"""Chance, handed in: a whole number from 0 to its argument, both included."""

SECURE: Final = frozenset({Transport.TLS, Transport.WSS})

DEFAULT_PORTS: Final = MappingProxyType(
    {
        Transport.UDP: 5060,
        Transport.TCP: 5060,
        Transport.TLS: 5061,
        Transport.WS: 80,
        Transport.WSS: 443,
    }
)
"""RFC 3261 §19.1.2, RFC 7118 with the ports of RFC 6455 §3."""

_BY_SERVICE: Final = MappingProxyType(
    {
        "sip+d2u": Transport.UDP,
        "sip+d2t": Transport.TCP,
        "sips+d2t": Transport.TLS,
        "sip+d2w": Transport.WS,
        "sips+d2w": Transport.WSS,
    }
)
"""The services field of NAPTR (RFC 3263 §4.1, RFC 7118); SCTP is not spoken here."""

_SERVICE_LABELS: Final = MappingProxyType(
    {
        Transport.UDP: "_sip._udp",
        Transport.TCP: "_sip._tcp",
        Transport.TLS: "_sips._tcp",
        Transport.WS: "_sip._ws",
        Transport.WSS: "_sips._ws",
    }
)
_PARAMETER: Final = MappingProxyType(
    {
        ("udp", False): Transport.UDP,
        ("tcp", False): Transport.TCP,
        ("tcp", True): Transport.TLS,
        # Deprecated by RFC 3261 §26.2.2 and yet what most phones and carriers write.
        ("tls", False): Transport.TLS,
        ("tls", True): Transport.TLS,
        ("ws", False): Transport.WS,
        ("ws", True): Transport.WSS,
        ("wss", False): Transport.WSS,
        ("wss", True): Transport.WSS,
    }
)


class Capabilities:
    """The transports we can send over, the preferred first, each with its IP versions."""

    __slots__ = ("_versions", "transports")

    def __init__(self, versions: Mapping[Transport, Iterable[int]]) -> None:
        self._versions = {one: frozenset(of_one) for one, of_one in versions.items()}
        self.transports: Final = tuple(self._versions)

    @classmethod
    def of_listeners(cls, listeners: Iterable[Listener]) -> Capabilities:
        """Return what these listeners can do: UDP first, then TCP, TLS, WS, WSS."""
        found: dict[Transport, set[int]] = {}
        for listener in listeners:
            bound = ipaddress.ip_address(listener.bound[0].partition("%")[0])
            found.setdefault(listener.transport, set()).add(bound.version)
        return cls({transport: found[transport] for transport in sorted(found)})

    def speaks(self, transport: Transport) -> bool:
        """Tell whether a transport is spoken at all."""
        return transport in self._versions

    def address_types(self, transport: Transport) -> tuple[RecordType, ...]:
        """Return the address records that are of use, those to be tried first in front."""
        versions = self._versions.get(transport, frozenset())
        kinds = ((6, RecordType.AAAA), (4, RecordType.A))
        return tuple(kind for version, kind in kinds if version in versions)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URI says about where it leads; ``transport`` and ``port`` are None when it is silent.

    ``host`` is a name in lower case or an address without brackets, in its one spelling.
    """

    host: str
    port: int | None = None
    transport: Transport | None = None
    is_secure: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The name service is to be asked all of this before ``locate`` can go on."""

    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Where to send, first choice first; no hops when there is no such place."""

    hops: tuple[NextHop, ...]


def wanted(uri: Uri) -> Wanted:
    """Read the host, port and transport of a URI (RFC 3263 §4).

    RemoteError (416) for a scheme or transport of which nothing is known here, and for ``sips``
    over UDP, which is a contradiction.
    """
    if not isinstance(uri, SipUri):
        raise RemoteError(f"no way to {str(uri)[:60]!r}", status_hint=416)
    is_secure = uri.scheme == "sips"
    transport = None
    if uri.transport is not None:
        transport = _PARAMETER.get((uri.transport, is_secure))
        if transport is None:
            raise RemoteError(f"no {uri.scheme} over {uri.transport[:20]!r}", status_hint=416)
    host = (uri.parameters.get("maddr") or uri.host).strip("[]")
    # One spelling, so that two ways to write an IPv6 address are one flow.
    host = str(ipaddress.ip_address(host)) if is_numeric(host) else plain_name(host)
    return Wanted(host, uri.port, transport, is_secure)


def locate(
    wanted: Wanted, answers: Answers, capabilities: Capabilities, *, draw: Draw
) -> Ask | Located:
    """Return what to ask next, or where to send.

    Equal SRV records are drawn anew with each call, which spreads the load.
    """
    if wanted.transport is not None and not capabilities.speaks(wanted.transport):
        return Located(())
    if is_numeric(wanted.host) or wanted.port is not None:
        transport = _assumed_transport(wanted)
        port = wanted.port or DEFAULT_PORTS[transport]
        return _addresses((_Server(transport, wanted.host, port),), answers, capabilities)
    return _by_services(wanted, answers, capabilities, draw)


class _Server:
    """A host, as yet perhaps a name, a port and a transport."""

    __slots__ = ("host", "port", "transport")

    def __init__(self, transport: Transport, host: str, port: int) -> None:
        self.transport = transport
        self.host = host
        self.port = port


def _by_services(
    wanted: Wanted, answers: Answers, capabilities: Capabilities, draw: Draw
) -> Ask | Located:
    """Go through NAPTR and SRV, for a name without a port."""
    if wanted.transport is None:
        question = Question(wanted.host, RecordType.NAPTR)
        pointers = answers(question)
        if pointers is None:
            return Ask((question,))
        services = tuple(_pointed(pointers, wanted, capabilities))
    else:
        services = ()
    is_pointed = bool(services)
    if not is_pointed:
        services = tuple(_usual(wanted, capabilities))
    found: list[tuple[Transport, list[SrvRecord]]] = []
    unknown: list[Question] = []
    for transport, question in services:
        records = answers(question)
        if records is None:
            unknown.append(question)
        else:
            found.append((transport, [one for one in records if isinstance(one, SrvRecord)]))
    if unknown:
        return Ask(tuple(unknown))
    if not any(records for _, records in found):
        # No SRV record at all: the name itself is the server (§4.2).
        transport = services[0][0] if is_pointed else _assumed_transport(wanted)
        server = _Server(transport, wanted.host, DEFAULT_PORTS[transport])
        return _addresses((server,), answers, capabilities)
    servers = [
        _Server(transport, record.target, record.port)
        for transport, records in found
        for record in order_services(records, draw=draw)
    ]
    return _addresses(servers[:SERVICE_TARGETS_MAX], answers, capabilities)


def order_services(records: Iterable[SrvRecord], *, draw: Draw) -> Iterator[SrvRecord]:
    """Yield SRV records in the order to be tried: by priority, then by weighted chance.

    A record whose target is the root says that there is no such service, and is left out.
    """
    offered = sorted((one for one in records if one.target), key=attrgetter("priority", "weight"))
    for _, group in groupby(offered, key=attrgetter("priority")):
        # Those without weight stand in front, so that they have a small chance (RFC 2782).
        left = list(group)
        while left:
            mark = draw(sum(one.weight for one in left))
            running = 0
            for index, one in enumerate(left):
                running += one.weight
                if running >= mark:
                    yield left.pop(index)
                    break


def _pointed(
    records: Iterable[object], wanted: Wanted, capabilities: Capabilities
) -> Iterator[tuple[Transport, Question]]:
    """Yield the services that NAPTR names and we speak, in its order."""
    pointers = [one for one in records if isinstance(one, NaptrRecord)]
    for pointer in sorted(pointers, key=attrgetter("order", "preference")):
        transport = _BY_SERVICE.get(pointer.service.lower())
        if transport is None or not capabilities.speaks(transport):
            continue
        # RFC 3263 §4.1: flag s and no expression; a sips URI leads only to what is secure.
        if pointer.flags.lower() != "s" or pointer.regexp or not pointer.replacement:
            continue
        if wanted.is_secure and transport not in SECURE:
            continue
        yield transport, Question(plain_name(pointer.replacement), RecordType.SRV)


def _usual(wanted: Wanted, capabilities: Capabilities) -> Iterator[tuple[Transport, Question]]:
    """Yield the services to ask for where NAPTR names none."""
    transports: Sequence[Transport]
    if wanted.transport is not None:
        transports = (wanted.transport,)
    else:
        # WebSocket is for who cannot open a socket of his own; nobody else is sent there by guess.
        transports = [
            one
            for one in capabilities.transports
            if one not in (Transport.WS, Transport.WSS) and (one in SECURE or not wanted.is_secure)
        ]
    for transport in transports:
        name = f"{_SERVICE_LABELS[transport]}.{wanted.host}"
        yield transport, Question(name, RecordType.SRV)


def _assumed_transport(wanted: Wanted) -> Transport:
    return wanted.transport or (Transport.TLS if wanted.is_secure else Transport.UDP)


def _addresses(
    servers: Sequence[_Server], answers: Answers, capabilities: Capabilities
) -> Ask | Located:
    """Turn names into addresses, all of a server before those of the next (§4.2)."""
    hops: list[NextHop] = []
    unknown: list[Question] = []
    for server in servers:
        types = capabilities.address_types(server.transport)
        if is_numeric(server.host):
            version = ipaddress.ip_address(server.host).version
            if (RecordType.AAAA if version == 6 else RecordType.A) in types:
                hops.append(NextHop(server.host, server.port, server.transport))
            continue
        for kind in types:
            question = Question(server.host, kind)
            records = answers(question)
            if records is None:
                unknown.append(question)
                continue
            hops += [
                NextHop(record.host, server.port, server.transport)
                for record in records
                if isinstance(record, AddressRecord)
            ]
    if unknown:
        return Ask(tuple(dict.fromkeys(unknown)))
    return Located(tuple(dict.fromkeys(hops))[:LOCATED_HOPS_MAX])
