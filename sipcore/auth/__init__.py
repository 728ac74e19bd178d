"""Digest authentication, as a server and as a client (RFC 3261 §22, RFC 7616, RFC 8760)."""

from sipcore.auth.authenticator import (
    Authenticator,
    Cause,
    Challenge,
    DeviceSecret,
    Lookup,
    Refused,
    Verified,
)
from sipcore.auth.client import DigestClient
from sipcore.auth.digest import Algorithm, compute_ha1, compute_response, is_same_response
from sipcore.auth.nonce import Nonces, NonceState, NonceUse
from sipcore.auth.wrong_passwords import WrongPasswords

__all__ = [
    "Algorithm",
    "Authenticator",
    "Cause",
    "Challenge",
    "DeviceSecret",
    "DigestClient",
    "Lookup",
    "NonceState",
    "NonceUse",
    "Nonces",
    "Refused",
    "Verified",
    "WrongPasswords",
    "compute_ha1",
    "compute_response",
    "is_same_response",
]
