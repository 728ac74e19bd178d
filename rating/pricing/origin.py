"""Between whom a call is made, as far as a price depends on it."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.errors import LocalError


class OriginKind(StrEnum):
    """From what kind of access a call is made."""

    VOIP = "voip"
    """A fixed line, a desktop, or any device over IP."""
    MOBILE = "mobile"
    """A SIM in the mobile network at home."""
    ROAMING = "roaming"
    """A SIM abroad, calling."""
    ROAMING_INCOMING = "roaming_incoming"
    """A SIM abroad, called."""


AT_HOME: Final = frozenset({OriginKind.VOIP, OriginKind.MOBILE})
"""What tables, options and free calls inside the own network speak of unless they say more."""

ABROAD: Final = frozenset({OriginKind.ROAMING, OriginKind.ROAMING_INCOMING})

AT_SEA: Final = "001"
"""``CallOrigin.visited`` on a ship or in an aircraft: the region of no country."""


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """Where the subscriber is; ``visited`` is the ISO 3166 region of a roaming one."""

    kind: OriginKind = OriginKind.VOIP
    visited: str | None = None

    def __post_init__(self) -> None:
        if (self.visited is None) is (self.kind in ABROAD):
            raise LocalError(f"{self.kind} and visited country {self.visited!r}")


class Callee(StrEnum):
    """What kind of subscriber is called."""

    OTHER = "other"
    OWN_NETWORK = "own_network"
    """Another customer of the same provider."""
    INTERNAL = "internal"
    """A colleague of the same customer, or a short dial code."""
    MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True)
class ExternalPrice:
    """What somebody else charges for a call, in euros of the basis of the price list."""

    per_minute: Fraction
    per_call: Fraction

    def __post_init__(self) -> None:
        if self.per_minute < 0 or self.per_call < 0:
            raise LocalError("a call that pays the caller")
