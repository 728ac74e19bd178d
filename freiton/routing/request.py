"""What a call attempt says about itself, read once from its INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from freiton.routing.directory import Account, Trunk
from freiton.routing.trunk_profile import IdentityHeader
from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.identity import Identity
from sipcore.message.message import Request
from sipcore.message.privacy import Privacy
from sipcore.message.redirection import CAUSE_OF_REASON, UNKNOWN_REASON, redirections_of
from sipcore.message.uri import SipUri, TelUri, Uri, is_sips

ANONYMOUS_HOST: Final = "anonymous.invalid"
"""RFC 3323 §4.1.1.3: the host of a From that tells nobody."""


_IDENTITY_HEADERS: Final = ("p-asserted-identity", "p-preferred-identity", "remote-party-id")


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
class RedirectionClaim:
    """Who passed the call on, as the sender wrote it; the oldest stands first in a request."""

    user: str
    reason: str
    count: int = 1
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledDevice:
    """One device of the account that is called, named by its GRUU (RFC 5627); empty: all of them.

    ``sub_gruu`` is what an exchange wrote into the GRUU for itself (RFC 6140 §7.1.1).
    """

    instance_id: str = ""
    sub_gruu: str = ""


ANY_DEVICE: Final = CalledDevice()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """One call attempt, before any decision.

    ``dialled`` is the user part of the Request-URI or the number of a tel URI, with the parameters
    of a telephone-subscriber (RFC 3966 §3), or the whole text of any other URI
    (``urn:service:sos``). ``host`` is empty when the URI has none. ``others`` are all
    that stands in identity headers, of which two are named here. One that ``is_secure`` wants TLS
    on every hop (RFC 3261 §26.2.2).
    """

    source: Source
    dialled: str
    host: str
    to_user: str
    from_: ClaimedIdentity
    preferred: ClaimedIdentity | None = None
    asserted: ClaimedIdentity | None = None
    privacy: frozenset[str] = frozenset()
    called_device: CalledDevice = ANY_DEVICE
    redirections: tuple[RedirectionClaim, ...] = ()
    others: tuple[ClaimedIdentity, ...] = ()
    is_secure: bool = False


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
        asserted=_first_claimed(invite, _asserting(source)),
        privacy=Privacy.of(invite).values,
        redirections=_redirections(invite),
        others=_others(invite),
        is_secure=is_sips(invite.uri_text),
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


def _asserting(source: Source) -> str:
    """Return the header in which this sender's network tells who calls."""
    trunk = source.trunk
    if trunk is not None and trunk.profile.identity_header is IdentityHeader.REMOTE_PARTY:
        return "remote-party-id"
    return "p-asserted-identity"


def _redirections(invite: Request) -> tuple[RedirectionClaim, ...]:
    if not invite.has("diversion") and not invite.has("history-info"):
        return ()
    return tuple(
        RedirectionClaim(
            user=_user_of(one.uri),
            reason=one.reason if one.reason in CAUSE_OF_REASON else UNKNOWN_REASON,
            count=one.count,
            is_private=one.is_private,
        )
        for one in redirections_of(invite)
    )


def _others(invite: Request) -> tuple[ClaimedIdentity, ...]:
    """Return what stands in any identity header; a value that cannot be read shows nobody."""
    found = []
    for key in _IDENTITY_HEADERS:
        if not invite.has(key):
            continue
        for entry in invite.entries(key):
            try:
                found.append(_claimed(NameAddress.parse(entry)))
            except RemoteError:
                continue
    return tuple(found)


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
