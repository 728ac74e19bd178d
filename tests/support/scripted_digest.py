"""Digest as a phone does it, by hand (RFC 7616)."""

from __future__ import annotations

import hashlib

from sipcore.message import Response


def answer_challenge(
    challenge: str, *, method: str, uri: str, user: str, password: str, count: int
) -> str:
    """Return the credentials for a request, with MD5 and qop auth."""
    realm, nonce = _parameter(challenge, "realm"), _parameter(challenge, "nonce")
    ha1 = _md5(f"{user}:{realm}:{password}")
    ha2 = _md5(f"{method}:{uri}")
    response = _md5(f"{ha1}:{nonce}:{count:08x}:cn:auth:{ha2}")
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc={count:08x}, cnonce="cn"'
    )


def is_stale(response: Response) -> bool:
    challenge = response.value("www-authenticate") or response.value("proxy-authenticate") or ""
    return "stale=true" in challenge.lower()


def signature_of(response: Response) -> str:
    return "authorization" if response.status == 401 else "proxy-authorization"


def _parameter(field: str, name: str) -> str:
    return field.split(f'{name}="', 1)[1].split('"', 1)[0]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
