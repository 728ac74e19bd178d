"""When an account may show a number that is assigned to somebody else (TKG § 120 (2)).

Two ways lead there, and nothing that a phone writes is one of them: a proven right of use, or a
call from that number that stands at this moment and that the account passes on.
"""

from __future__ import annotations

from freiton.routing.context import RouteContext
from freiton.routing.directory import Account
from freiton.routing.identity import claimed_e164
from freiton.routing.number_format import CalledNumber
from freiton.routing.request import RouteRequest
from freiton.routing.shown_numbers import is_never_shown
from rating.numbering import E164Number, PrefixTable

_GERMANY = "+49"


def number_of_another(
    request: RouteRequest,
    account: Account,
    context: RouteContext,
    *,
    called: CalledNumber | None,
    is_diverted: bool,
) -> str | None:
    """Return the number in From that may stand there beside the account's own; None mostly.

    ``is_diverted``: the call names a number of the account as the one that it was diverted at.
    """
    directory = context.directory
    number = claimed_e164(request.from_, account, context.numbering.plan)
    if number is None or directory.may_present(account.id, number) or is_never_shown(number):
        return None
    if is_diverted and context.has_call_from(account.id, number):
        return number
    right = directory.number_right(account.id, number, on=context.today)
    # Assigned to an account here since the proof was entered: nobody else's from then on.
    if right is None or directory.owner_of_number(number) is not None:
        return None
    if number.startswith(_GERMANY):
        return number
    table = context.numbering.prefix_table
    return number if right.is_business and _is_domestic(number, called, table) else None


def _is_domestic(number: str, called: CalledNumber | None, table: PrefixTable) -> bool:
    """Tell whether both numbers are of one country (BNetzA Vfg. 44/2022)."""
    if not isinstance(called, E164Number):
        return False
    here, there = table.lookup(number.removeprefix("+")), table.lookup(called.digits)
    return here is not None and there is not None and here.region == there.region
