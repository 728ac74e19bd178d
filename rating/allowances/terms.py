"""What an account has booked: so many seconds of an option in one local month."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from rating.ledger.account import local_date_of

_PERIOD: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")


class AllowanceTerms(NamedTuple):
    """`granted_s` seconds of all booked units together, for calls that begin in `period`."""

    option_id: str
    period: str
    """A local month such as `2026-05`."""
    granted_s: int


def period_of(at: datetime) -> str:
    """Give the month of the tariff calendar (Europe/Berlin) in which a call begins."""
    return local_date_of(at).isoformat()[:7]


def is_period(text: str) -> bool:
    """Tell whether a text names a month."""
    return _PERIOD.fullmatch(text) is not None
