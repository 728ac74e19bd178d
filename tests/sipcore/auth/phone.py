"""A phone that answers challenges by hand, so that each part of the answer can be wrong."""

from __future__ import annotations

from sipcore.auth.authenticator import Authenticator, Challenge, DeviceSecret
from sipcore.auth.digest import Algorithm, compute_ha1, compute_response
from sipcore.auth.nonce import Nonces
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.message.credentials import Challenge as ChallengeField
from sipcore.message.credentials import Credentials
from sipcore.message.message import Request

REALM = "example.org"
PASSWORD = "correct horse"
USERS = {"anna": ("device-1", "account-1"), "bert": ("device-2", "account-2")}


def lookup(username: str) -> DeviceSecret | None:
    if username not in USERS:
        return None
    device, account = USERS[username]
    return DeviceSecret(
        device,
        account,
        {
            algorithm: compute_ha1(algorithm, username=username, realm=REALM, password=PASSWORD)
            for algorithm in Algorithm
        },
    )


def authenticator(
    *, algorithms: tuple[Algorithm, ...] = (Algorithm.MD5,), as_proxy: bool = False,
    allow_without_qop: bool = True,
) -> Authenticator:  # fmt: skip
    return Authenticator(
        REALM,
        Nonces(b"0123456789abcdef", b"run"),
        wrong_passwords=WrongPasswords(),
        algorithms=algorithms,
        as_proxy=as_proxy,
        allow_without_qop=allow_without_qop,
    )


def request(
    *fields: tuple[str, str],
    method: str = "REGISTER",
    uri: str = "sip:example.org",
    cseq: int = 1,
    call_id: str = "c1",
) -> Request:
    return Request(
        method,
        uri,
        [
            ("via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
            ("from", "<sip:anna@example.org>;tag=1"),
            ("to", "<sip:anna@example.org>"),
            ("call-id", call_id),
            ("cseq", f"{cseq} {method}"),
            *fields,
        ],
    )


def answer(
    challenge: Challenge | str,
    *,
    username: str = "anna",
    password: str = PASSWORD,
    method: str = "REGISTER",
    uri: str = "sip:example.org",
    algorithm: Algorithm = Algorithm.MD5,
    qop: str = "auth",
    count: str = "00000001",
    realm: str = REALM,
    nonce: str | None = None,
    response: str | None = None,
    key: str = "authorization",
) -> tuple[str, str]:
    """Return the header that answers a challenge."""
    if nonce is None:
        field = challenge if isinstance(challenge, str) else challenge.fields[0][1]
        nonce = ChallengeField.parse(field).get("nonce")
    if response is None:
        response = compute_response(
            algorithm,
            ha1=compute_ha1(algorithm, username=username, realm=realm, password=password),
            method=method,
            uri=uri,
            nonce=nonce,
            nonce_count=count,
            cnonce="abc",
            qop=qop,
        )
    parameters = {
        "username": username, "realm": realm, "nonce": nonce, "uri": uri, "response": response,
        "algorithm": algorithm.value,
    }  # fmt: skip
    if qop:
        parameters |= {"qop": qop, "nc": count, "cnonce": "abc"}
    return key, str(Credentials(parameters))
