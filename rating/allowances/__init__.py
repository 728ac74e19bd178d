"""Seconds that a fee has paid for: granted by the month, reserved, used, given back."""

from rating.allowances.book import (
    PERIODS_KEPT,
    AllowanceBook,
    AllowanceKey,
    AllowanceState,
)
from rating.allowances.share import AllowanceShare, AllowanceSpan
from rating.allowances.terms import AllowanceTerms, is_period, period_of

__all__ = [
    "PERIODS_KEPT",
    "AllowanceBook",
    "AllowanceKey",
    "AllowanceShare",
    "AllowanceSpan",
    "AllowanceState",
    "AllowanceTerms",
    "is_period",
    "period_of",
]
