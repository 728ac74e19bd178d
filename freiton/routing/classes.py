"""Classes of destinations: what an account must have switched on, and how long a call may last."""

from __future__ import annotations

from typing import Final

from freiton.routing.directory import Account
from freiton.routing.number_format import CalledNumber
from freiton.routing.refusals import RefusalCause
from rating.numbering import LineType, PrefixTable, ServiceKind, ServiceNumber

CALL_MAX_S: Final = 4 * 3600
"""No call is longer: nobody talks for four hours, but a forgotten receiver or a fraud does."""

TIMED_SERVICE_MAX_S: Final = 3600
"""TKG § 113: a time-charged call to a premium or directory number ends after 60 minutes."""

EU_REGIONS: Final = frozenset(
    {
        "AT", "AX", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The member states since 1 February 2020, with Åland, by the regions of the prefix table."""

_PREMIUM_KINDS: Final = frozenset({ServiceKind.PREMIUM_0900, ServiceKind.DIRECTORY_118})


def barred(
    called: CalledNumber, account: Account, prefix_table: PrefixTable
) -> RefusalCause | None:
    """Return why an account may not call this number, or None.

    Where the prefix table does not know a country or line, the strict answer holds.
    """
    if isinstance(called, ServiceNumber):
        is_premium = called.kind in _PREMIUM_KINDS
        return RefusalCause.PREMIUM_OFF if is_premium and not account.premium_allowed else None
    found = prefix_table.lookup(called.digits)
    if found is not None and found.line_type is LineType.PREMIUM and not account.premium_allowed:
        return RefusalCause.PREMIUM_OFF
    if (found is None or found.region not in EU_REGIONS) and not account.non_eu_allowed:
        return RefusalCause.NON_EU_OFF
    return None


def max_call_s(called: CalledNumber | None) -> int:
    """Return after how many seconds a call to this number is ended."""
    if isinstance(called, ServiceNumber) and called.kind in _PREMIUM_KINDS:
        return TIMED_SERVICE_MAX_S
    return CALL_MAX_S
