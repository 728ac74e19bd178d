"""What one digest costs to check: ``python -m bench.digest``.

Guide: a REGISTER with the right password at most 30 µs, a challenge at most 10 µs.
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from functools import partial

from sipcore.auth.authenticator import Authenticator, DeviceSecret, Verified
from sipcore.auth.client import DigestClient
from sipcore.auth.digest import Algorithm, compute_ha1
from sipcore.auth.nonce import Nonces
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.message.derive import respond
from sipcore.message.message import Request

ROUNDS = 7
CALLS = 4_000
REALM = "sip.example.org"
NAME, PASSWORD = "anna", "correct horse battery staple"


def main() -> None:
    for algorithm in Algorithm:
        server = make_server(algorithm)
        verified, repeated = iter(answered(server, CALLS * ROUNDS)), answered(server, 1)[0]
        show(f"{algorithm} challenge", partial(verify, server, make_request()))
        show(f"{algorithm} verify", lambda server=server, each=verified: verify(server, next(each)))  # type: ignore[misc]
        show(f"{algorithm} verify again", partial(verify, server, repeated))


def show(name: str, step: Callable[[], object]) -> None:
    times = timeit.repeat(step, number=CALLS, repeat=ROUNDS)
    print(f"{name:<28} {statistics.median(times) / CALLS * 1e6:6.1f} µs")


def verify(server: Authenticator, request: Request) -> object:
    return server.verify(request, lookup, now=2.0, source="192.0.2.1")


def lookup(username: str) -> DeviceSecret | None:
    return SECRET if username == NAME else None


def make_server(algorithm: Algorithm) -> Authenticator:
    return Authenticator(
        REALM,
        Nonces(b"0123456789abcdef", b"run", uses_max=10 * CALLS),
        wrong_passwords=WrongPasswords(),
        algorithms=(algorithm,),
    )


def make_request(*fields: tuple[str, str]) -> Request:
    return Request(
        "REGISTER",
        f"sip:{REALM}",
        [
            ("via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
            ("from", f"<sip:{NAME}@{REALM}>;tag=1"),
            ("to", f"<sip:{NAME}@{REALM}>"),
            ("call-id", "7a9f-4c31-b0de-5f8e7d6c1b2a"),
            ("cseq", "1 REGISTER"),
            *fields,
        ],
    )


def answered(server: Authenticator, count: int) -> list[Request]:
    client = DigestClient(username=NAME, password=PASSWORD, realm=REALM)
    request = make_request()
    challenge = server.challenge(now=1.0)
    client.respond_to_challenge(
        respond(request, challenge.status, fields=challenge.fields), request, cnonce="6a7b8c9d"
    )
    requests = []
    for _ in range(count):
        field = client.authorize(request, cnonce="6a7b8c9d")
        assert field is not None
        requests.append(make_request(field))
    assert isinstance(verify(server, requests[-1]), Verified)
    return requests


SECRET = DeviceSecret(
    "device",
    "account",
    {
        algorithm: compute_ha1(algorithm, username=NAME, realm=REALM, password=PASSWORD)
        for algorithm in Algorithm
    },
)

if __name__ == "__main__":
    main()
