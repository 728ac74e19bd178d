"""The headers by which a called side learns who calls, and nothing beyond them.

Towards a side outside of the trust domain a hidden caller is nobody, in every header; towards a
trusted carrier the number goes along with the wish to hide it (RFC 3325 §7).
"""

from __future__ import annotations

from typing import Final

from freiton.routing.decision import Fields, LegIdentity
from freiton.routing.directory import Trunk
from freiton.routing.identity import CallerIdentity
from freiton.routing.number_format import written_e164
from freiton.routing.request import ANONYMOUS_HOST
from sipcore.message.address import NameAddress
from sipcore.message.uri import SipUri

_ANONYMOUS: Final = f'"Anonymous" <sip:anonymous@{ANONYMOUS_HOST}>'
_PRIVACY: Final = ("privacy", "id")


def identity_for_device(caller: CallerIdentity, *, host: str, called_user: str) -> LegIdentity:
    """Tell a phone who calls; it is outside of the trust domain."""
    user = caller.number or caller.name
    if caller.is_hidden or not user:
        from_value = _ANONYMOUS
    else:
        from_value = _address(user, host, display_name=caller.display_name)
    return LegIdentity(from_value=from_value, to_value=_address(called_user, host))


def identity_for_trunk(
    caller: CallerIdentity, number: str, *, trunk: Trunk, called_user: str
) -> LegIdentity:
    """Tell a carrier who calls; ``number`` is the E.164 number that it may know."""
    address = _address(written_e164(number, trunk.number_format), trunk.domain)
    fields: Fields = ()
    if trunk.sends_asserted_identity:
        fields = (("p-asserted-identity", address),)
    if caller.is_hidden:
        fields = (*fields, _PRIVACY)
    return LegIdentity(
        from_value=_ANONYMOUS if caller.is_hidden else address,
        to_value=_address(called_user, trunk.domain),
        fields=fields,
    )


def identity_for_emergency(number: str | None, *, trunk: Trunk, called_user: str) -> LegIdentity:
    """Tell an answering point who calls: always, and whatever the caller wished (NotrufV § 4)."""
    to_value = _address(called_user, trunk.domain)
    priority = ("priority", "emergency")
    if number is None:
        return LegIdentity(from_value=_ANONYMOUS, to_value=to_value, fields=(priority,))
    address = _address(written_e164(number, trunk.number_format), trunk.domain)
    return LegIdentity(
        from_value=address,
        to_value=to_value,
        fields=(("p-asserted-identity", address), priority),
    )


def _address(user: str, host: str, *, display_name: str = "") -> str:
    return str(NameAddress(SipUri(host, user=user), display_name=display_name))
