"""Questions to the name service, through c-ares, without holding anybody up.

Addresses are asked as the system would: its hosts file first, then the name service. What comes
back is data of strangers and is checked before it goes further.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import aiodns
import pycares

from sipcore.limits import DNS_RECORDS_MAX, DNS_TIMEOUT_S
from sipcore.transport.dns_records import (
    AddressRecord,
    NaptrRecord,
    Question,
    Record,
    RecordType,
    SrvRecord,
    plain_name,
)

_TRIES: Final = 2
_NAME_OCTETS_MAX: Final = 253
_FAMILIES: Final = MappingProxyType(
    {RecordType.A: socket.AF_INET, RecordType.AAAA: socket.AF_INET6}
)
_NO_RECORDS: Final = frozenset(
    {pycares.errno.ARES_ENODATA, pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_EBADNAME}
)


class Answer(NamedTuple):
    """What the name service said: ``records`` is None when it could not tell."""

    question: Question
    records: tuple[Record, ...] | None
    ttl_s: float


class Resolver:
    """Asks each question in a task; every one is answered within ``DNS_TIMEOUT_S``.

    ``learn`` is called with each answer, never from within ``ask``. Without ``name_servers``, which
    are ``host`` or ``host:port``, the system's are asked. How many questions are under way at once
    is for the one who asks to bound.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        learn: Callable[[Answer], None],
        *,
        name_servers: Sequence[str] = (),
    ) -> None:
        self._loop = loop
        self._learn = learn
        self._tasks: set[asyncio.Task[None]] = set()
        self._resolver = aiodns.DNSResolver(
            list(name_servers) or None,
            loop=loop,
            timeout=DNS_TIMEOUT_S / (2 * _TRIES),
            tries=_TRIES,
        )

    def ask(self, questions: list[Question]) -> None:
        """Ask all of these; must be called on the loop."""
        for question in questions:
            task = self._loop.create_task(self._answer(question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop the questions under way; they are not answered any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._resolver.close()

    async def _answer(self, question: Question) -> None:
        try:
            async with asyncio.timeout(DNS_TIMEOUT_S):
                answer = await self._look_up(question)
        except (OSError, ValueError):  # a timeout is an OSError; a label may be too long
            answer = Answer(question, None, 0.0)
        except aiodns.error.DNSError as error:
            is_known = bool(error.args) and error.args[0] in _NO_RECORDS
            answer = Answer(question, () if is_known else None, 0.0)
        self._learn(answer)

    async def _look_up(self, question: Question) -> Answer:
        name = question.name
        if not name.isascii() or len(name) > _NAME_OCTETS_MAX:
            return Answer(question, (), 0.0)
        family = _FAMILIES.get(question.type)
        if family is not None:
            return await self._addresses(question, family)
        result = await self._resolver.query_dns(name, question.type.name)
        read = ((_read(one.data), one.ttl) for one in result.answer[:DNS_RECORDS_MAX])
        return _answer(question, read)

    async def _addresses(self, question: Question, family: socket.AddressFamily) -> Answer:
        result = await self._resolver.getaddrinfo(question.name, family=family)
        read = ((_read_address(one.addr[0]), one.ttl) for one in result.nodes[:DNS_RECORDS_MAX])
        return _answer(question, read)


def _answer(question: Question, read: Iterable[tuple[Record | None, int]]) -> Answer:
    found = [(record, ttl) for record, ttl in read if record is not None]
    lifetimes = [float(ttl) for _, ttl in found]
    records = tuple(dict.fromkeys(record for record, _ in found))
    return Answer(question, records, min(lifetimes, default=0.0))


def _read(data: object) -> Record | None:
    """Read a record of those that SIP needs; a CNAME on the way to them is none."""
    if isinstance(data, pycares.SRVRecordData):
        return SrvRecord(
            priority=data.priority,
            weight=data.weight,
            port=data.port,
            target=plain_name(data.target),
        )
    if isinstance(data, pycares.NAPTRRecordData):
        return NaptrRecord(
            order=data.order,
            preference=data.preference,
            flags=data.flags,
            service=data.service,
            regexp=data.regexp,
            replacement=data.replacement,
        )
    return None


def _read_address(host: object) -> AddressRecord | None:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return AddressRecord(str(ipaddress.ip_address(text)))
    except ValueError:
        return None
