"""What is asked of the name service and what it says (RFC 1035, RFC 2782, RFC 3403)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class RecordType(IntEnum):
    """A type of record; the value is that of the wire."""

    A = 1
    AAAA = 28
    SRV = 33
    NAPTR = 35


@dataclass(frozen=True, slots=True)
class Question:
    """A name in lower case, without the last dot, and the type of record that is wanted of it."""

    name: str
    type: RecordType


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """An A or AAAA record: a numeric host."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvRecord:
    """An SRV record (RFC 2782); ``target`` is empty when the service is decidedly not offered."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NaptrRecord:
    """A NAPTR record (RFC 3403 §4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


Record = AddressRecord | SrvRecord | NaptrRecord

Answers = Callable[[Question], tuple[Record, ...] | None]
"""What is known by now: None for what is still to be asked, no records for a name without any."""


def plain_name(name: str) -> str:
    """Return a domain name in the one spelling of a ``Question``."""
    return name.rstrip(".").lower()
