"""The headers by which a called side learns who calls, and nothing beyond them.

Towards a side outside of the trust domain a hidden caller is nobody, in every header; towards a
trusted carrier the number goes along with the wish to hide it (RFC 3325 §7). How a carrier writes
all that is its profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from freiton.routing.decision import Fields, LegIdentity
from freiton.routing.directory import Trunk
from freiton.routing.identity import CallerIdentity
from freiton.routing.number_format import written_e164
from freiton.routing.redirected import Redirected, fields_for_device, fields_for_trunk
from freiton.routing.request import ANONYMOUS_HOST
from freiton.routing.trunk_profile import EmergencyForm, IdentityHeader
from rating.numbering import ServiceNumber
from rating.numbering.number import GERMANY
from sipcore.message.address import NameAddress
from sipcore.message.parameters import Parameters
from sipcore.message.uri import SipUri

_ANONYMOUS: Final = f'"Anonymous" <sip:anonymous@{ANONYMOUS_HOST}>'
_EARLY_MEDIA: Final = ("p-early-media", "supported")
"""RFC 5009: we can tell early media from a tone that the phone makes itself."""

_POLICE: Final = "110"
_SERVICES: Final = ("urn:service:sos.police", "urn:service:sos")


def identity_for_device(
    caller: CallerIdentity, *, host: str, called_user: str, history: Iterable[Redirected] = ()
) -> LegIdentity:
    """Tell a phone who calls; it is outside of the trust domain."""
    user = caller.shown or caller.number or caller.name
    if caller.is_hidden or not user:
        from_value = _ANONYMOUS
    else:
        from_value = str(NameAddress(SipUri(host, user=user), display_name=caller.display_name))
    return LegIdentity(
        from_value=from_value,
        to_value=str(NameAddress(SipUri(host, user=called_user))),
        fields=fields_for_device(history, host=host),
    )


def called_uri(user: str, trunk: Trunk) -> str:
    """Return the Request-URI of a call over a trunk."""
    return str(_uri(user, trunk))


def identity_for_trunk(
    caller: CallerIdentity,
    number: str,
    *,
    trunk: Trunk,
    called_user: str,
    history: Iterable[Redirected] = (),
) -> LegIdentity:
    """Tell a carrier who calls; ``number`` is the E.164 number assigned to the caller.

    A number that is assigned elsewhere is shown only where ours stands beside it (§ 120 TKG).
    """
    profile = trunk.profile
    tells_assigned = (
        trunk.sends_asserted_identity and profile.identity_header is not IdentityHeader.NONE
    )
    shown = caller.shown if tells_assigned and caller.shown is not None else number
    in_from, in_header = (number, shown) if profile.from_assigned else (shown, number)
    is_anonymous = caller.is_hidden and (profile.hides_from or not tells_assigned)
    fields: Fields = ()
    if tells_assigned:
        fields = (_identity_field(in_header, trunk, is_hidden=caller.is_hidden),)
    if caller.is_hidden:
        fields = (*fields, ("privacy", profile.privacy))
    if profile.early_media_header:
        fields = (*fields, _EARLY_MEDIA)
    return LegIdentity(
        from_value=_ANONYMOUS if is_anonymous else _address(in_from, trunk),
        to_value=f"<{called_uri(called_user, trunk)}>",
        fields=(
            *fields,
            *fields_for_trunk(history, trunk, request_uri=called_uri(called_user, trunk)),
        ),
    )


def emergency_uri(called: ServiceNumber, trunk: Trunk) -> str:
    """Return the Request-URI of an emergency call, in the form that this carrier reads."""
    if trunk.profile.emergency is EmergencyForm.URN:
        police, others = _SERVICES
        return police if called.digits == _POLICE else others
    if trunk.profile.emergency is EmergencyForm.E164:
        return called_uri(f"+{GERMANY}{called.digits}", trunk)
    return str(SipUri(trunk.domain, user=called.digits))


def identity_for_emergency(number: str | None, *, trunk: Trunk, request_uri: str) -> LegIdentity:
    """Tell an answering point who calls: always, and whatever the caller wished (NotrufV § 4)."""
    to_value = f"<{request_uri}>"
    priority = ("priority", "emergency")
    if number is None:
        return LegIdentity(from_value=_ANONYMOUS, to_value=to_value, fields=(priority,))
    return LegIdentity(
        from_value=_address(number, trunk),
        to_value=to_value,
        fields=(_identity_field(number, trunk, is_hidden=False), priority),
    )


def _identity_field(number: str, trunk: Trunk, *, is_hidden: bool) -> tuple[str, str]:
    address = _address(number, trunk)
    header = trunk.profile.identity_header
    if header is IdentityHeader.REMOTE_PARTY:
        privacy = "full" if is_hidden else "off"
        return header.value, f"{address};party=calling;privacy={privacy};screen=yes"
    if header is IdentityHeader.NONE:
        header = IdentityHeader.ASSERTED
    return header.value, address


def _address(e164: str, trunk: Trunk) -> str:
    return f"<{_uri(written_e164(e164, trunk.number_format), trunk)}>"


def _uri(user: str, trunk: Trunk) -> SipUri:
    """Write a number; ``user=phone`` stands where it is one (RFC 3261 §19.1.1)."""
    parameters: Parameters = {}
    if trunk.profile.user_phone and user.lstrip("+").isdecimal():
        parameters["user"] = "phone"
    return SipUri(trunk.domain, user=user, parameters=parameters)
