"""Every technical limit of sipcore, each with its reason.

A customer's limits (channels, flatrates, spending) are data of an account and not found here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a peer may make us keep or compute."""

    message_bytes_max: int = 65_535
    """A UDP datagram cannot be larger; a stream is held to the same, so no one can fill memory."""

    head_bytes_max: int = 16_384
    """Real heads stay below 6 kB even with identity and long routes; SDP is not part of it."""

    header_fields_max: int = 128
    """A real INVITE has 15 to 40; bounds the work of one message."""

    list_entries_max: int = 64
    """Entries of one comma-separated list (Via, Route, Contact): more is a parser bomb."""

    value_chars_max: int = 4_096
    """One header value; a long Identity token is about 1 kB."""

    hops_max: int = 70
    """Max-Forwards of what we originate (RFC 3261 §8.1.1.6)."""


DEFAULT_LIMITS = Limits()

CSEQ_MAX = 2**31 - 1
"""RFC 3261 §8.1.1.5: a sequence number is less than 2**31."""

DELTA_SECONDS_MAX = 2**32 - 1
"""RFC 3261 §20.19: expiry is a 32 bit number; more is read as this."""

CREDENTIALS_MAX = 8
"""Authorization fields of one request: two algorithms for two or three realms on the way."""
