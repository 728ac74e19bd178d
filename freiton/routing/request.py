"""What a call attempt says about itself, read once from its INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from freiton.routing.directory import Account, Trunk
from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.identity import Identity
from sipcore.message.message import Request
from sipcore.message.privacy import Privacy
from sipcore.message.uri import SipUri, TelUri, Uri

ANONYMOUS_HOST: Final = "anonymous.invalid"
"""RFC 3323 §4.1.1.3: the host of a From that tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a request came from, as far as the switch knows it.

    An account was proven by its password, or for an emergency call by the flow that one of its
    devices is registered over. With neither account nor trunk the sender is a stranger.
    """

    host: str
    listener: str
    account: Account | None = None
    trunk: Trunk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedIdentity:
    """An identity as the sender wrote it, in one header; nothing of it is believed yet.

    ``user`` is the decoded user part or the number of a tel URI.
    """

    user: str = ""
    host: str = ""
    display_name: str = ""

    @property
    def is_anonymous(self) -> bool:
        """Whether the sender hid itself here (RFC 3323 §4.1)."""
        return self.host == ANONYMOUS_HOST or self.user.lower() == "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """One call attempt, before any decision.

    ``dialled`` is the user part of the Request-URI or the number of a tel URI, with the parameters
    of a telephone-subscriber (RFC 3966 §3), or the whole text of any other URI
    (``urn:service:sos``). ``host`` is empty when the URI has none.
    """

    source: Source
    dialled: str
    host: str
    to_user: str
    from_: ClaimedIdentity
    preferred: ClaimedIdentity | None = None
    asserted: ClaimedIdentity | None = None
    privacy: frozenset[str] = frozenset()


def read_request(invite: Request, source: Source) -> RouteRequest:
    """Read what routing needs of an INVITE.

    Only From, To and the Request-URI must be well formed (RemoteError); an identity header that
    cannot be read claims nothing.
    """
    uri = invite.uri
    return RouteRequest(
        source=source,
        dialled=_dialled(uri),
        host=uri.host if isinstance(uri, SipUri) else "",
        to_user=_user_of(invite.to.uri),
        from_=_claimed(invite.from_),
        preferred=_first_claimed(invite, "p-preferred-identity"),
        asserted=_first_claimed(invite, "p-asserted-identity"),
        privacy=Privacy.of(invite).values,
    )


def _dialled(uri: Uri) -> str:
    if isinstance(uri, SipUri):
        return uri.user or ""
    return str(uri).removeprefix("tel:") if isinstance(uri, TelUri) else str(uri)


def _user_of(uri: Uri) -> str:
    if isinstance(uri, TelUri):
        return uri.number
    if not isinstance(uri, SipUri) or uri.user is None:
        return ""
    # Behind the first semicolon stand telephone-subscriber parameters (RFC 3261 §19.1.6).
    return uri.user.partition(";")[0]


def _claimed(address: NameAddress) -> ClaimedIdentity:
    uri = address.uri
    return ClaimedIdentity(
        user=_user_of(uri),
        host=uri.host if isinstance(uri, SipUri) else "",
        display_name=address.display_name,
    )


def _first_claimed(invite: Request, key: str) -> ClaimedIdentity | None:
    """Return the SIP address, or the number where the address has no user (RFC 3325 §9.1)."""
    try:
        identity = Identity.of(invite, key)
    except RemoteError:
        return None
    if identity is None:
        return None
    claims = (_claimed(address) for address in (identity.sip, identity.tel) if address is not None)
    return next((claim for claim in claims if claim.user), None)
