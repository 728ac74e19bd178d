"""How often a call was passed on before it came here, and whom of it the next side may know.

What a sender writes of it is a claim like any other. An account can only have diverted calls to
its own numbers; a carrier is believed where its identities are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from freiton.routing.directory import Account, Directory, NumberFormat, Trunk
from freiton.routing.number_format import read_e164, written_e164
from freiton.routing.request import RedirectionClaim
from freiton.routing.shown_numbers import is_never_shown
from freiton.routing.trunk_profile import RedirectionForm
from rating.numbering import DiallingOrigin, E164Number, NumberingPlan
from sipcore.limits import REDIRECTIONS_MAX
from sipcore.message.redirection import Redirection, diversion_value, history_value
from sipcore.message.uri import SipUri

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """Who passed a call on, as far as it is known to be true; ``number`` is E.164."""

    number: str
    reason: str
    count: int = 1
    is_private: bool = False


def is_passed_on_too_often(claims: Iterable[RedirectionClaim]) -> bool:
    """Tell whether a call runs in a circle of diversions, believed or not."""
    return sum(claim.count for claim in claims) > REDIRECTIONS_MAX


def redirected_by_account(
    claims: Iterable[RedirectionClaim], account: Account, directory: Directory, plan: NumberingPlan
) -> tuple[Redirected, ...]:
    """Return the diversions that name a number of the account itself."""
    origin = DiallingOrigin(account.country_code, account.area_code or None)
    found = []
    for claim in claims:
        number = plan.normalize(claim.user, origin)
        if isinstance(number, E164Number) and directory.may_present(account.id, number.e164):
            found.append(_redirected(claim, number.e164))
    return tuple(found)


def redirected_by_trunk(
    claims: Iterable[RedirectionClaim], trunk: Trunk, plan: NumberingPlan
) -> tuple[Redirected, ...]:
    """Return the diversions that a trusted carrier tells of; no other is believed."""
    if not trunk.sends_asserted_identity:
        return ()
    found = []
    for claim in claims:
        number = read_e164(claim.user, trunk.number_format, plan)
        if number is not None and not is_never_shown(number):
            found.append(_redirected(claim, number))
    return tuple(found)


def all_private(history: Iterable[Redirected]) -> tuple[Redirected, ...]:
    """Return the history of a hidden caller that diverted the call itself."""
    return tuple(replace(one, is_private=True) for one in history)


def fields_for_device(history: Iterable[Redirected], *, host: str) -> Fields:
    """Tell a phone who diverted the call to it; who wants to stay unnamed is not told of."""
    shown = _written([one for one in history if not one.is_private], NumberFormat.E164, host)
    return (("diversion", diversion_value(shown)),) if shown else ()


def fields_for_trunk(history: Iterable[Redirected], trunk: Trunk, *, request_uri: str) -> Fields:
    """Tell a carrier, in the headers it reads; one that is not trusted hears of nobody private."""
    form = trunk.profile.redirection
    if form is RedirectionForm.NONE:
        return ()
    told = [one for one in history if trunk.sends_asserted_identity or not one.is_private]
    written = _written(told, trunk.number_format, trunk.domain)
    if not written:
        return ()
    fields: Fields = ()
    if form is not RedirectionForm.HISTORY_INFO:
        fields = (("diversion", diversion_value(written)),)
    if form is not RedirectionForm.DIVERSION:
        fields = (*fields, ("history-info", history_value(written, request_uri)))
    return fields


def _redirected(claim: RedirectionClaim, number: str) -> Redirected:
    return Redirected(
        number=number, reason=claim.reason, count=claim.count, is_private=claim.is_private
    )


def _written(
    history: Iterable[Redirected], number_format: NumberFormat, host: str
) -> list[Redirection]:
    return [
        Redirection(
            SipUri(host, user=written_e164(one.number, number_format)),
            one.reason,
            count=one.count,
            is_private=one.is_private,
        )
        for one in history
    ]
