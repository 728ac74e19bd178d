"""Answering challenges as a client: trunk registrations and calls (RFC 3261 §22.2, §22.3)."""

from __future__ import annotations

from typing import Final

from sipcore.auth.digest import QOP_AUTH, Algorithm, compute_ha1, compute_response
from sipcore.errors import LocalError, RemoteError
from sipcore.limits import STALE_IN_A_ROW_MAX
from sipcore.message.credentials import (
    Challenge,
    Credentials,
    read_challenges,
    read_credentials,
)
from sipcore.message.message import Request, Response

_ANSWERED_BY: Final = (
    (401, "www-authenticate", "authorization"),
    (407, "proxy-authenticate", "proxy-authorization"),
)
_NONCE_COUNT_MAX: Final = 2**32 - 1


class DigestClient:
    """One username at one realm; other realms get no answer, so no trunk learns another's hashes.

    It keeps the last challenge and counts its uses, so that the next request carries credentials
    at once.
    """

    __slots__ = (
        "_challenge", "_count", "_ha1s", "_key", "_realm", "_stale_in_a_row", "_username"
    )  # fmt: skip

    def __init__(self, *, username: str, password: str, realm: str) -> None:
        if any(mark in text for text in (username, realm) for mark in '"\\\r\n'):
            raise LocalError("a quote, backslash or line end in a username or realm")
        self._username = username
        self._realm = realm
        self._ha1s = {
            algorithm: compute_ha1(algorithm, username=username, realm=realm, password=password)
            for algorithm in Algorithm
        }
        self._challenge: Challenge | None = None
        self._key = ""
        self._count = 0
        self._stale_in_a_row = 0

    def respond_to_challenge(
        self, response: Response, request: Request, *, cnonce: str
    ) -> tuple[str, str] | None:
        """Return the field to send ``request`` again with, under a new branch and a higher CSeq.

        None when the 401 or 407 cannot be read, asks for another realm or for what we cannot do,
        or when it refused our password: the same is not tried twice (§22.1).
        """
        for status, challenge_key, credentials_key in _ANSWERED_BY:
            if response.status == status:
                challenge = self._choose(_challenges(response, challenge_key))
                if challenge is None or not self._may_answer(challenge, request, credentials_key):
                    return None
                if self._challenge is None or challenge.get("nonce") != self._challenge.get(
                    "nonce"
                ):
                    self._count = 0
                self._challenge = challenge
                self._key = credentials_key
                return self.authorize(request, cnonce=cnonce)
        return None

    def authorize(self, request: Request, *, cnonce: str) -> tuple[str, str] | None:
        """Return the field for a new request by the last challenge; None while there is none."""
        challenge = self._challenge
        if challenge is None or self._count >= _NONCE_COUNT_MAX:
            return None
        self._count += 1
        algorithm = Algorithm.parse(challenge.get("algorithm")) or Algorithm.MD5
        qop = QOP_AUTH if challenge.get("qop") else ""
        count = f"{self._count:08x}" if qop else ""
        parameters = {
            "username": self._username,
            "realm": self._realm,
            "nonce": challenge.get("nonce"),
            "uri": request.uri_text,
            "response": compute_response(
                algorithm,
                ha1=self._ha1s[algorithm],
                method=request.method,
                uri=request.uri_text,
                nonce=challenge.get("nonce"),
                nonce_count=count,
                cnonce=cnonce if qop else "",
                qop=qop,
            ),
        }
        for name in ("algorithm", "opaque"):
            if name in challenge.parameters:
                parameters[name] = challenge.get(name)
        if qop:
            parameters |= {"qop": qop, "nc": count, "cnonce": cnonce}
        return self._key, str(Credentials(parameters))

    def _choose(self, challenges: list[Challenge]) -> Challenge | None:
        """Return the strongest challenge that is ours to answer, whatever order they came in."""
        for algorithm in reversed(Algorithm):
            for challenge in challenges:
                if (
                    challenge.scheme == "digest"
                    and challenge.get("realm") == self._realm
                    and Algorithm.parse(challenge.get("algorithm")) is algorithm
                    and _can_answer(challenge)
                ):
                    return challenge
        return None

    def _may_answer(self, challenge: Challenge, request: Request, key: str) -> bool:
        for used in read_credentials(request, key):
            if used.get("realm") != self._realm:
                continue
            if used.get("nonce") == challenge.get("nonce"):
                return False
            if used.get("nc").strip("0") not in ("", "1"):
                # This nonce and password had been taken before, so only the nonce can be too old,
                # even where a server does not say so.
                return True
            self._stale_in_a_row = self._stale_in_a_row + 1 if challenge.is_stale else 0
            return challenge.is_stale and self._stale_in_a_row <= STALE_IN_A_ROW_MAX
        self._stale_in_a_row = 0
        return True


def _challenges(response: Response, key: str) -> list[Challenge]:
    try:
        return read_challenges(response, key)
    except RemoteError:
        return []


def _can_answer(challenge: Challenge) -> bool:
    offered = [qop.strip().lower() for qop in challenge.get("qop").split(",")]
    return bool(challenge.get("nonce")) and (QOP_AUTH in offered or offered == [""])
