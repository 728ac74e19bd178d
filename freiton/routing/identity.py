"""Who calls: what is believed of it, and what each side may know (RFC 3325, RFC 3323).

A phone's claims only choose among the numbers that are assigned to its account (TKG § 120 (1)).
The P-Asserted-Identity of a phone is never read; that of a trunk is, when the trunk stands in our
trust domain, and then it gets ours (`Trunk.sends_asserted_identity`: trust goes both ways).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from freiton.routing.directory import Account, Directory, Trunk
from freiton.routing.number_format import CalledNumber, read_e164
from freiton.routing.request import ClaimedIdentity, RouteRequest
from freiton.routing.shown_numbers import (
    is_never_shown,
    is_never_shown_by_account,
    names_what_is_never_shown,
)
from rating.numbering import DiallingOrigin, E164Number, NumberingPlan, ServiceNumber

_KEPT: Final = frozenset({"critical", "header", "history", "id", "none", "user"})
"""The priv-values that we keep: a B2BUA writes every header itself, and tells no untrusted side."""

_GERMAN_MOBILE: Final = ("+4915", "+4916", "+4917")

_HIDING: Final = frozenset({"id", "user", "header", "session"})
"""The priv-values of RFC 3323 §4.2 and RFC 3325 §9.3; any of them wants the number hidden."""

_SEPARATORS: Final = str.maketrans("", "", " -.()/")

_UNSHOWABLE: Final = ("124124", "116117")
"""TDDDG § 15 (1): towards these the caller's number cannot be suppressed."""

DISPLAY_CHARS_MAX: Final = 64
_DISPLAY_DIGITS_MAX: Final = 2
"""A display name with more digits could pass for a number that was never assigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """Who calls, as far as it is known to be true.

    ``number`` is E.164 with its plus; ``name`` is that of an account without a number, for calls
    inside the site. Neither is there for a caller that did not tell. ``shown`` is a number of
    somebody else that the account may show; the assigned one goes along wherever it is shown.
    """

    number: str | None
    shown: str | None = None
    name: str = ""
    display_name: str = ""
    is_hidden: bool = False


def account_caller(
    account: Account,
    request: RouteRequest,
    *,
    directory: Directory,
    plan: NumberingPlan,
    is_hidden: bool,
    shown: str | None = None,
) -> CallerIdentity:
    """Choose among the account's numbers the one that its device claims, else its main number."""
    claims = [claim for claim in (request.preferred, request.from_) if claim is not None]
    numbers = (_assigned(claim, account, directory, plan) for claim in claims)
    return CallerIdentity(
        number=next(filter(None, numbers), None) or main_number(account, directory),
        shown=shown,
        name=account.name,
        display_name=_display_name(claims),
        is_hidden=is_hidden,
    )


def main_number(account: Account, directory: Directory) -> str | None:
    """Return the number of an account that chose none: main, first single, head of a block."""
    if account.main_number is not None:
        return account.main_number
    numbers = directory.numbers_of(account.id)
    heads = (f"{block.prefix}0" for block in directory.blocks_of(account.id))
    return next(iter(numbers), None) or next(heads, None)


def trunk_caller(trunk: Trunk, request: RouteRequest, plan: NumberingPlan) -> CallerIdentity:
    """Read the number that a carrier sends; what is no public number is not shown at all."""
    claim = _carriers_claim(trunk, request)
    is_hidden = bool(request.privacy & _HIDING) or request.from_.is_anonymous
    number = None if claim.is_anonymous else read_e164(claim.user, trunk.number_format, plan)
    if number is None or _is_suspect_from_abroad(trunk, number):
        is_hidden = True
    display_name = _display_name([claim]) if trunk.sends_asserted_identity else ""
    return CallerIdentity(number=number, display_name=display_name, is_hidden=is_hidden)


def shows_forbidden_number(request: RouteRequest) -> bool:
    """Tell whether a call shows a number that must break it off (TKG § 120 (3)).

    An account's own phone may write its name, which may be a short number.
    """
    account = request.source.account
    named = (request.from_, request.preferred, request.asserted, *request.others)
    claims = [claim for claim in named if claim is not None]
    if any(names_what_is_never_shown(claim.display_name) for claim in claims):
        return True
    if account is None:
        return any(is_never_shown(claim.user) for claim in claims)
    return any(
        claim.user != account.name and is_never_shown_by_account(claim.user) for claim in claims
    )


def cannot_keep_private(request: RouteRequest, *, may_hide: bool) -> bool:
    """Tell whether a call must fail rather than go on with less than it asks for (RFC 3323 §4.2).

    Media goes from phone to phone, so ``session`` would tell addresses; an unknown word could mean
    anything.
    """
    wish = request.privacy
    if "critical" not in wish:
        return False
    return bool(wish - _KEPT) or (not may_hide and bool(wish & _HIDING))


def wants_hiding(request: RouteRequest, account: Account) -> bool:
    """Return what phone and account ask for; a word of the call goes before the default.

    Who calls people to sell may not hide, whatever is asked for (TDDDG § 15).
    """
    if account.is_call_centre:
        return False
    if request.privacy & _HIDING or request.from_.is_anonymous:
        return True
    return account.clir and "none" not in request.privacy


def may_hide_from(dialled: str, called: CalledNumber | None) -> bool:
    """Tell whether the called side may be left without the number."""
    digits = called.digits if isinstance(called, ServiceNumber) else dialled.partition(";")[0]
    return digits.translate(_SEPARATORS) not in _UNSHOWABLE


def claimed_e164(claim: ClaimedIdentity, account: Account, plan: NumberingPlan) -> str | None:
    """Read the number that a phone of this account writes; nothing of it is believed yet."""
    if claim.is_anonymous or not claim.user:
        return None
    origin = DiallingOrigin(account.country_code, account.area_code or None)
    normalized = plan.normalize(claim.user, origin)
    if not isinstance(normalized, E164Number | ServiceNumber) or normalized.e164 is None:
        return None
    return normalized.e164


def _assigned(
    claim: ClaimedIdentity, account: Account, directory: Directory, plan: NumberingPlan
) -> str | None:
    e164 = claimed_e164(claim, account, plan)
    if e164 is None:
        return None
    return e164 if directory.may_present(account.id, e164) and not is_never_shown(e164) else None


def _is_suspect_from_abroad(trunk: Trunk, number: str) -> bool:
    """Tell whether a German number came in from abroad, where only a mobile may be (§ 120 (4))."""
    return trunk.is_foreign and number.startswith("+49") and not number.startswith(_GERMAN_MOBILE)


def _carriers_claim(trunk: Trunk, request: RouteRequest) -> ClaimedIdentity:
    if trunk.sends_asserted_identity and request.asserted is not None:
        return request.asserted
    return request.from_


def _display_name(claims: list[ClaimedIdentity]) -> str:
    name = next((claim.display_name for claim in claims if claim.display_name), "")
    if sum(character.isdigit() for character in name) > _DISPLAY_DIGITS_MAX:
        return ""
    return name[:DISPLAY_CHARS_MAX] if name.isprintable() else ""
