"""What a kind of carrier wants to read: how identities and redirections are written.

A profile is data (`config/profiles`); each of its values changes what leaves over a trunk and
nothing else. What a single contract decides (who is trusted, which number is lent) is the trunk's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class IdentityHeader(StrEnum):
    """Where the number that is assigned to the caller stands beside From."""

    ASSERTED = "p-asserted-identity"
    PREFERRED = "p-preferred-identity"
    REMOTE_PARTY = "remote-party-id"
    NONE = "none"


class RedirectionForm(StrEnum):
    """By which headers a carrier learns who passed a call on."""

    DIVERSION = "diversion"
    HISTORY_INFO = "history-info"
    BOTH = "both"
    NONE = "none"


class EmergencyForm(StrEnum):
    """How 110 and 112 are written in the Request-URI."""

    DIGITS = "digits"
    E164 = "e164"  # +49110, where a carrier reads nothing else
    URN = "urn"  # RFC 5031: urn:service:sos.police and urn:service:sos


class RegistrationForm(StrEnum):
    """What a trunk that registers asks for."""

    CONTACT = "contact"  # one address-of-record, RFC 3261 §10
    GIN = "gin"  # every number of ours with one Contact, RFC 6140


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkProfile:
    """One kind of carrier.

    ``from_assigned``: From always carries the number assigned to the caller, and the identity
    header the one that is shown; else the other way round. ``hides_from``: a hidden caller's From
    is anonymous (RFC 3323 §4.1). ``privacy`` is the Privacy of a hidden caller.
    ``options_ping_s`` is how often a trunk is asked whether it is there, 0 for never.
    ``session_expires_s`` is the session interval asked for, None for the switch's own.
    ``offers_reliable``: provisional responses may come reliably (RFC 3262). ``hears_load``: the
    carrier may say how much it can take (RFC 7339).
    """

    name: str
    user_phone: bool = False
    identity_header: IdentityHeader = IdentityHeader.ASSERTED
    from_assigned: bool = False
    hides_from: bool = True
    privacy: str = "id"
    redirection: RedirectionForm = RedirectionForm.NONE
    emergency: EmergencyForm = EmergencyForm.DIGITS
    registration: RegistrationForm = RegistrationForm.CONTACT
    early_media_header: bool = False
    offers_reliable: bool = True
    hears_load: bool = False
    session_expires_s: int | None = None
    options_ping_s: int = 0


PLAIN: Final = TrunkProfile(name="plain", hears_load=True)
"""A carrier of which nothing special is known."""
