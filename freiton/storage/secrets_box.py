"""Passwords: made at random, kept encrypted, checked by their digests."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from freiton.errors import OperatorError

# Without l, o, 0 and 1: some phones only take a password typed from paper.
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_PASSWORD_CHARS: Final = 20  # 5 bits each: 100 bits
_OWNER_ONLY: Final = 0o600


class SecretsError(OperatorError):
    """The key of the site's secrets is missing, open to others or not theirs."""


class SecretsBox:
    """Encrypts secrets with a key that stands in a file of its own."""

    def __init__(self, key: bytes, *, path: Path) -> None:
        """Take the key itself; `path` is named in errors."""
        self._path = path
        self._key = key
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SecretsError(f"{path} does not hold a key") from error

    @classmethod
    def create(cls, path: Path) -> "SecretsBox":
        """Make a new key that only its owner can read; an existing file is never replaced."""
        key = Fernet.generate_key()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SecretsError(f"{path} cannot be made: {error.strerror}") from error
        return cls(key, path=path)

    @classmethod
    def open(cls, path: Path) -> "SecretsBox":
        """Read the key; a file that others may read is refused."""
        try:
            mode = path.stat().st_mode & 0o777
            key = path.read_bytes().strip()
        except OSError as error:
            raise SecretsError(f"{path} cannot be read: {error.strerror}") from error
        if mode & 0o077:
            raise SecretsError(
                f"{path} has mode {mode:04o} and is open to other users; make it 0600"
            )
        return cls(key, path=path)

    def encrypt(self, secret: str) -> bytes:
        """Return what may be stored."""
        return self._fernet.encrypt(secret.encode())

    def decrypt(self, stored: bytes) -> str:
        """Return the secret; raises SecretsError when another key encrypted it."""
        try:
            return self._fernet.decrypt(stored).decode()
        except InvalidToken as error:
            raise SecretsError(
                f"{self._path} is not the key that the site's secrets were encrypted with"
            ) from error

    def key_for(self, purpose: str) -> bytes:
        """Return a key that tells nothing about this one, nor about that of another purpose."""
        return hmac.digest(self._key, purpose.encode(), "sha256")


def random_password() -> str:
    """Return a password of 100 random bits that can be typed on a phone."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_CHARS))


def digest_ha1(algorithm: str, *, user: str, realm: str, password: str) -> str:
    """Return H(A1) of RFC 7616 §3.4.2 for "MD5" or "SHA-256"."""
    text = f"{user}:{realm}:{password}".encode()
    if algorithm == "SHA-256":
        return hashlib.sha256(text).hexdigest()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()  # the digest phones speak
