"""What can go wrong in SIP, and whose fault it is.

SipError
├── LocalError      we broke our own rules: a bug here, never caused by what a peer sent
└── RemoteError     the peer sent something malformed; carries the status to answer with
"""

from __future__ import annotations


class SipError(Exception):
    """Root of all exceptions raised by sipcore."""


class LocalError(SipError):
    """Misuse of sipcore by its caller."""


class RemoteError(SipError):
    """A peer sent what its RFC forbids.

    ``status_hint`` is the response a request deserves; a response is dropped.
    """

    def __init__(self, message: str, *, status_hint: int = 400) -> None:
        super().__init__(message)
        self.status_hint = status_hint
