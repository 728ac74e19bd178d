"""STUN on the port of SIP: a Binding request is answered (RFC 5626 §4.4.2, RFC 5389).

A phone asks it to keep its NAT open and to see whether its own address has changed. Nothing else
of STUN is spoken: no credentials, no other method.
"""

from __future__ import annotations

import ipaddress
import struct
import zlib
from typing import Final

from sipcore.transport.flow import Address

HEADER_BYTES: Final = 20

_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_MAGIC_COOKIE: Final = 0x2112A442
_MESSAGE_BYTES_MAX: Final = 548
"""What fits into any datagram (RFC 5389 §7.1); a request of a phone has 20 to 60."""

_BINDING_REQUEST: Final = 0x0001
_BINDING_SUCCESS: Final = 0x0101
_BINDING_ERROR: Final = 0x0111

_XOR_MAPPED_ADDRESS: Final = 0x0020
_ERROR_CODE: Final = 0x0009
_UNKNOWN_ATTRIBUTES: Final = 0x000A
_FINGERPRINT: Final = 0x8028
_FINGERPRINT_MASK: Final = 0x5354554E
_COMPREHENSION_OPTIONAL: Final = 0x8000
_UNDERSTOOD: Final = frozenset({0x0006, 0x0008, 0x0014, 0x0015})
"""USERNAME, MESSAGE-INTEGRITY, REALM, NONCE: read over, since who asks is of no interest here."""

_FAMILY_IPV4: Final = 1
_FAMILY_IPV6: Final = 2


def stun_answer(data: bytes, source: Address) -> bytes | None:
    """Return the answer to a Binding request from ``source``; None for anything else.

    It has 32 octets more than the request at most, so it is no weapon in another's name.
    """
    if not HEADER_BYTES <= len(data) <= _MESSAGE_BYTES_MAX:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind != _BINDING_REQUEST or cookie != _MAGIC_COOKIE:
        return None
    if length % 4 or length != len(data) - HEADER_BYTES:
        return None
    attributes = _attributes(data)
    if attributes is None:
        return None
    unknown = [one for one in attributes if _must_be_understood(one)]
    if unknown:
        return _error(transaction, unknown)
    value = _mapped(source, transaction)
    return _message(
        _BINDING_SUCCESS,
        transaction,
        _ATTRIBUTE.pack(_XOR_MAPPED_ADDRESS, len(value)) + value,
        has_fingerprint=_FINGERPRINT in attributes,
    )


def _attributes(data: bytes) -> list[int] | None:
    """Return the types of all attributes; None when they do not fit or the fingerprint is wrong."""
    found: list[int] = []
    place = HEADER_BYTES
    while place + _ATTRIBUTE.size <= len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, place)
        value_at = place + _ATTRIBUTE.size
        if kind == _FINGERPRINT and data[value_at:] != _fingerprint(data[:place]):
            return None
        found.append(kind)
        place = value_at + (length + 3) // 4 * 4
    return found if place == len(data) else None


def _must_be_understood(attribute: int) -> bool:
    return attribute < _COMPREHENSION_OPTIONAL and attribute not in _UNDERSTOOD


def _mapped(source: Address, transaction: bytes) -> bytes:
    """Return where the request came from, in the form that no NAT rewrites (RFC 5389 §15.2)."""
    host, port = source
    address = ipaddress.ip_address(host.partition("%")[0])
    mask = _MAGIC_COOKIE.to_bytes(4, "big") + transaction
    masked = bytes(one ^ other for one, other in zip(address.packed, mask, strict=False))
    family = _FAMILY_IPV4 if address.version == 4 else _FAMILY_IPV6
    return struct.pack("!BBH", 0, family, port ^ (_MAGIC_COOKIE >> 16)) + masked


def _error(transaction: bytes, unknown: list[int]) -> bytes:
    """Return a 420 that names what was not understood (RFC 5389 §7.3.1)."""
    reason = b"Unknown Attribute"
    code = struct.pack("!HBB", 0, 4, 20) + reason
    names = b"".join(one.to_bytes(2, "big") for one in unknown)
    body = _ATTRIBUTE.pack(_ERROR_CODE, len(code)) + _padded(code)
    body += _ATTRIBUTE.pack(_UNKNOWN_ATTRIBUTES, len(names)) + _padded(names)
    return _message(_BINDING_ERROR, transaction, body, has_fingerprint=False)


def _message(kind: int, transaction: bytes, body: bytes, *, has_fingerprint: bool) -> bytes:
    length = len(body) + (_ATTRIBUTE.size + 4 if has_fingerprint else 0)
    message = _HEADER.pack(kind, length, _MAGIC_COOKIE, transaction) + body
    if not has_fingerprint:
        return message
    return message + _ATTRIBUTE.pack(_FINGERPRINT, 4) + _fingerprint(message)


def _fingerprint(message: bytes) -> bytes:
    """Return the checksum of what stands before the attribute, its header's length included."""
    return (zlib.crc32(message) ^ _FINGERPRINT_MASK).to_bytes(4, "big")


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
