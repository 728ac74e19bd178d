"""Credit control of one running call in the words of RFC 8506: initiate, update, terminate."""

from rating.charging.session import (
    POSTPAID_SLICE_S,
    PREPAID_SLICE_S,
    ChargingSession,
    CreditControlAnswer,
    CreditLimitReached,
    Grant,
)
from rating.charging.table import TABLE, Action, Input, State

__all__ = [
    "POSTPAID_SLICE_S",
    "PREPAID_SLICE_S",
    "TABLE",
    "Action",
    "ChargingSession",
    "CreditControlAnswer",
    "CreditLimitReached",
    "Grant",
    "Input",
    "State",
]
