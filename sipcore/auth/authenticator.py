"""Who sent this request: digest authentication as a server (RFC 3261 §22, RFC 7616, RFC 8760).

What the answer tells a stranger is always the same challenge: unknown user, wrong password and
too many guesses cannot be told apart, neither by content nor by the work done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from sipcore.auth.digest import QOP_AUTH, Algorithm, compute_response, is_same_response
from sipcore.auth.nonce import Nonces, NonceState, NonceUse
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.errors import RemoteError
from sipcore.limits import KNOWN_CHECKS_MAX, USERNAME_CHARS_MAX
from sipcore.message.credentials import Challenge as ChallengeField
from sipcore.message.credentials import Credentials, read_credentials
from sipcore.message.message import Request
from sipcore.message.uri import OtherUri, SipUri, Uri, parse_uri

_DECOYS: Final = MappingProxyType({Algorithm.MD5: "0" * 32, Algorithm.SHA_256: "0" * 64})
"""Hashed in place of an HA1 that is missing or may not be checked, so that the work is the same."""

_NONCE_COUNT: Final = re.compile(r"[0-9A-Fa-f]{1,8}")


class DeviceSecret:
    """What a look-up gives for a username: whose it is, and its HA1 for each algorithm."""

    __slots__ = ("account_key", "device_key", "ha1s")

    def __init__(self, device_key: str, account_key: str, ha1s: Mapping[Algorithm, str]) -> None:
        self.device_key = device_key
        self.account_key = account_key
        self.ha1s = ha1s


_STRANGER: Final = DeviceSecret("", "", MappingProxyType({}))

Lookup = Callable[[str], DeviceSecret | None]


class Cause(IntEnum):
    """Why a challenge was sent: for counters and logs, never for the wire."""

    NO_CREDENTIALS = 1
    FOREIGN_NONCE = 2
    STALE_NONCE = 3
    REUSED_NONCE = 4
    UNKNOWN_USER = 5
    WRONG_PASSWORD = 6
    TOO_MANY_WRONG = 7


class Verified:
    """The request comes from this device.

    ``is_repeat``: the very same request was verified before, so it is a retransmission whose
    transaction is gone, or a replay. It may be answered again but must start nothing new.
    """

    __slots__ = ("account_key", "device_key", "is_repeat", "username")

    def __init__(
        self, device_key: str, *, account_key: str, username: str, is_repeat: bool
    ) -> None:
        self.device_key = device_key
        self.account_key = account_key
        self.username = username
        self.is_repeat = is_repeat


class Challenge:
    """To be answered with ``status`` and ``fields``."""

    __slots__ = ("cause", "fields", "status")

    def __init__(self, status: int, fields: list[tuple[str, str]], *, cause: Cause) -> None:
        self.status = status
        self.fields = fields
        self.cause = cause


class Refused:
    """The credentials are malformed or another request's; to be answered with ``status``."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason


class Authenticator:
    """Verifies requests for one realm.

    ``nonces`` and ``wrong_passwords`` may be shared by the authenticators of several realms.
    ``algorithms`` are offered in this order. ``as_proxy`` makes it 407 and Proxy-Authorization.
    ``allow_without_qop`` takes answers in the way of RFC 2069, each nonce for one request.
    ``is_own_host`` knows further names of this server.
    Not for ACK and CANCEL, which are never challenged (RFC 3261 §22.1).
    """

    __slots__ = (
        "_algorithms", "_allow_without_qop", "_challenge_key", "_credentials_key", "_is_own_host",
        "_nonces",
        "_realm", "_status", "_wrong_from_known", "_wrong_passwords",
    )  # fmt: skip

    def __init__(
        self,
        realm: str,
        nonces: Nonces,
        *,
        wrong_passwords: WrongPasswords,
        algorithms: tuple[Algorithm, ...] = (Algorithm.MD5,),
        as_proxy: bool = False,
        allow_without_qop: bool = True,
        is_own_host: Callable[[str], bool] | None = None,
    ) -> None:
        self._realm = realm
        self._nonces = nonces
        self._wrong_passwords = wrong_passwords
        # A forged source address must not open the way to guess without end.
        self._wrong_from_known = WrongPasswords(checks_max=KNOWN_CHECKS_MAX)
        self._algorithms = algorithms
        self._allow_without_qop = allow_without_qop
        self._is_own_host = _is_nobody if is_own_host is None else is_own_host
        self._status = 407 if as_proxy else 401
        self._credentials_key = "proxy-authorization" if as_proxy else "authorization"
        self._challenge_key = "proxy-authenticate" if as_proxy else "www-authenticate"

    def verify(
        self,
        request: Request,
        lookup: Lookup,
        *,
        now: float,
        algorithms: tuple[Algorithm, ...] | None = None,
        is_known: Callable[[str], bool] | None = None,
        source: str = "",
    ) -> Verified | Challenge | Refused:
        """Tell which device sent ``request``.

        ``algorithms`` replaces those of the authenticator, for an account that asks for others.
        ``is_known`` says of a device key whether the request came over a flow that this device is
        registered from: then guesses of others do not keep its password from being checked.
        ``source`` is the sender's address: a copy of a request from elsewhere is no retransmission.
        """
        offered = self._algorithms if algorithms is None else algorithms
        try:
            answer, state = self._choose(request, offered, now=now)
            if answer is not None and not self._fits(answer.get("uri"), request):
                return Refused(400, "the digest-uri does not fit the Request-URI")
        except RemoteError as error:
            return Refused(400, str(error))
        if answer is None and self._wants_other_qop(request, now=now):
            # Another challenge would be answered in the same way, again and again.
            return Refused(400, "Only qop=auth Is Offered")
        if answer is None:
            return self.challenge(Cause.NO_CREDENTIALS, now=now, algorithms=offered, source=source)
        if state is not NonceState.FRESH:
            return self.challenge(_CAUSES[state], now=now, algorithms=offered, source=source)
        username = answer.get("username")
        secret = lookup(username) if len(username) <= USERNAME_CHARS_MAX else None
        if secret is None:
            secret = _STRANGER
        wrong = self._check(request.method, answer, secret, is_known, now=now)
        if wrong is not None:
            return self.challenge(wrong, now=now, algorithms=offered, source=source)
        count = int(answer.get("nc"), 16) if answer.get("qop") else 0
        use = self._nonces.use(
            answer.get("nonce"), count, _identity(request, answer, source), now=now
        )
        if use is NonceUse.REUSED:
            return self.challenge(Cause.REUSED_NONCE, now=now, algorithms=offered, source=source)
        return Verified(
            secret.device_key,
            account_key=secret.account_key,
            username=username,
            is_repeat=use is NonceUse.REPEATED,
        )

    def _fits(self, text: str, request: Request) -> bool:
        """Tell whether a digest-uri belongs to the Request-URI (RFC 3261 §22.4 item 6).

        Proxies rewrite hosts, ports and parameters, so only the user must be the same. A
        digest-uri without user names a server: the one that was asked, or us under another name,
        as SIPp does, which signs the address it sends to.
        """
        if text == request.uri_text:
            return True
        claimed, actual = parse_uri(text), request.uri
        user = _user(claimed)
        if user is not None:
            return user == _user(actual)
        if not isinstance(claimed, SipUri) or not isinstance(actual, SipUri):
            return False
        return claimed.host == actual.host or self._is_own_host(claimed.host)

    def challenge(
        self,
        cause: Cause = Cause.NO_CREDENTIALS,
        *,
        now: float,
        algorithms: tuple[Algorithm, ...] | None = None,
        source: str = "",
    ) -> Challenge:
        """Return a challenge with a new nonce for ``source``, one field for each algorithm."""
        nonce = self._nonces.issue(now=now, source=source)
        fields = []
        for algorithm in self._algorithms if algorithms is None else algorithms:
            parameters = {
                "realm": self._realm, "nonce": nonce, "algorithm": algorithm.value, "qop": QOP_AUTH
            }  # fmt: skip
            if cause in _STALE:
                parameters["stale"] = "true"
            fields.append((self._challenge_key, str(ChallengeField(parameters))))
        return Challenge(self._status, fields, cause=cause)

    def _choose(
        self, request: Request, offered: tuple[Algorithm, ...], *, now: float
    ) -> tuple[Credentials | None, NonceState]:
        """Return the answer to our challenge: freshest nonce first, then as offered.

        A client may answer each algorithm (RFC 8760 §2.4), and some leave old answers in place.
        """
        best: Credentials | None = None
        best_rank = (NonceState.FOREIGN + 1, 0)
        for answer in read_credentials(request, self._credentials_key):
            algorithm = Algorithm.parse(answer.get("algorithm"))
            if answer.get("realm") != self._realm or algorithm not in offered:
                continue
            if not self._is_whole(answer):
                continue
            state = self._nonces.state(answer.get("nonce"), now=now)
            rank = (state, offered.index(algorithm))
            if rank < best_rank:
                best, best_rank = answer, rank
        return best, NonceState(min(best_rank[0], NonceState.FOREIGN))

    def _wants_other_qop(self, request: Request, *, now: float) -> bool:
        """Tell a client that answers our own challenge with what it does not offer.

        That is ``auth-int``, mostly; an improper value is a 400 (RFC 2617 §3.2.2).
        """
        return any(
            answer.scheme == "digest"
            and answer.get("realm") == self._realm
            and answer.get("qop").lower() not in ("", QOP_AUTH)
            and self._nonces.state(answer.get("nonce"), now=now) is not NonceState.FOREIGN
            for answer in read_credentials(request, self._credentials_key)
        )

    def _is_whole(self, answer: Credentials) -> bool:
        if answer.scheme != "digest" or not answer.get("response"):
            return False
        qop = answer.get("qop")
        if not qop:
            return self._allow_without_qop
        return (
            qop.lower() == QOP_AUTH
            and bool(answer.get("cnonce"))
            and _NONCE_COUNT.fullmatch(answer.get("nc")) is not None
        )

    def _check(
        self,
        method: str,
        answer: Credentials,
        secret: DeviceSecret,
        is_known: Callable[[str], bool] | None,
        *,
        now: float,
    ) -> Cause | None:
        """Return what is wrong with an answer, None when its password is right."""
        # An empty HA1 is a missing one: anybody could answer for it.
        ha1 = secret.ha1s.get(_algorithm(answer)) or None
        may_check = self._wrong_passwords.may_check(secret.account_key, now=now)
        if _is_right(answer, method, ha1 if may_check else None):
            return None
        # Asked once for every failure, so that all of them take the same time.
        known = is_known is not None and is_known(secret.device_key)
        if ha1 is None:
            return Cause.UNKNOWN_USER
        if known:
            return self._check_known(answer, method, secret, now=now, was_checked=may_check)
        if not may_check:
            return Cause.TOO_MANY_WRONG
        self._wrong_passwords.add(secret.account_key, now=now)
        return Cause.WRONG_PASSWORD

    def _check_known(
        self,
        answer: Credentials,
        method: str,
        secret: DeviceSecret,
        *,
        now: float,
        was_checked: bool,
    ) -> Cause | None:
        """Do the same for a device that speaks over its own flow, in a window of its own."""
        if not self._wrong_from_known.may_check(secret.device_key, now=now):
            return Cause.TOO_MANY_WRONG
        if not was_checked and _is_right(answer, method, secret.ha1s.get(_algorithm(answer))):
            return None
        self._wrong_from_known.add(secret.device_key, now=now)
        return Cause.WRONG_PASSWORD


_CAUSES: Final = MappingProxyType(
    {NonceState.FOREIGN: Cause.FOREIGN_NONCE, NonceState.STALE: Cause.STALE_NONCE}
)
_STALE: Final = frozenset({Cause.STALE_NONCE, Cause.REUSED_NONCE})


def _algorithm(answer: Credentials) -> Algorithm:
    return Algorithm.parse(answer.get("algorithm")) or Algorithm.MD5


def _is_right(answer: Credentials, method: str, ha1: str | None) -> bool:
    """Tell whether the response was made with ``ha1``; None is never right but costs the same."""
    algorithm = _algorithm(answer)
    expected = compute_response(
        algorithm,
        ha1=_DECOYS[algorithm] if ha1 is None else ha1,
        method=method,
        uri=answer.get("uri"),
        nonce=answer.get("nonce"),
        nonce_count=answer.get("nc"),
        cnonce=answer.get("cnonce"),
        qop=answer.get("qop"),
    )
    return is_same_response(expected, answer.get("response")) and ha1 is not None


def _is_nobody(_host: str) -> bool:
    return False


def _user(uri: Uri) -> str | None:
    if isinstance(uri, SipUri):
        return uri.user
    return str(uri) if isinstance(uri, OtherUri) else uri.number


def _identity(request: Request, answer: Credentials, source: str) -> bytes:
    """Return what two copies of one request have in common and no other request has."""
    parts = (
        request.method, request.call_id, request.required("cseq"), source, answer.get("response")
    )  # fmt: skip
    return "\n".join(parts).encode("utf-8", "surrogateescape")
