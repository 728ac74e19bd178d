"""Digest arithmetic for SIP (RFC 7616 §3.4, RFC 8760): MD5 and SHA-256, with qop=auth or without.

``auth-int`` is not done: border elements rewrite SDP, so a hash over the body breaks real calls.
The ``-sess`` variants are refused: no SIP client needs them, and they protect nothing here.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from types import MappingProxyType
from typing import Final

QOP_AUTH: Final = "auth"


class Algorithm(StrEnum):
    """A hash under its name in the ``algorithm`` parameter; weakest first."""

    MD5 = "MD5"
    SHA_256 = "SHA-256"

    @classmethod
    def parse(cls, name: str) -> Algorithm | None:
        """Return the algorithm of that name in any case, MD5 for none (RFC 7616 §3.3)."""
        return _BY_NAME.get(name.lower())


_BY_NAME: Final = MappingProxyType(
    {"": Algorithm.MD5, "md5": Algorithm.MD5, "sha-256": Algorithm.SHA_256}
)


def compute_ha1(algorithm: Algorithm, *, username: str, realm: str, password: str) -> str:
    """Return H(username:realm:password): what a server keeps instead of the password."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def compute_response(
    algorithm: Algorithm,
    *,
    ha1: str,
    method: str,
    uri: str,
    nonce: str,
    nonce_count: str = "",
    cnonce: str = "",
    qop: str = "",
) -> str:
    """Return the response value; without ``qop`` in the way of RFC 2069."""
    ha2 = _hash(algorithm, f"{method}:{uri}")
    if not qop:
        return _hash(algorithm, f"{ha1}:{nonce}:{ha2}")
    return _hash(algorithm, f"{ha1}:{nonce}:{nonce_count}:{cnonce}:{qop}:{ha2}")


def is_same_response(expected: str, received: str) -> bool:
    """Compare in a time that tells nothing about ``expected``; hex digits of any case."""
    return hmac.compare_digest(_octets(expected), _octets(received.lower()))


def _hash(algorithm: Algorithm, text: str) -> str:
    # MD5 is the protocol's, so it must work where a policy forbids it for security.
    if algorithm is Algorithm.MD5:
        return hashlib.md5(_octets(text), usedforsecurity=False).hexdigest()
    return hashlib.sha256(_octets(text)).hexdigest()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
