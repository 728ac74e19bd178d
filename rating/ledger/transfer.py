"""A movement of money between two ledger accounts.

The words are TigerBeetle's: a transfer is made *pending*, then posted (in whole or in part),
voided or expired. A resolution is a new value under the same id; no transfer is ever edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import NamedTuple


class TransferState(IntEnum):
    """Where a transfer stands; all but PENDING are final."""

    PENDING = 0
    POSTED = 1
    VOIDED = 2
    EXPIRED = 3


class TransferId(NamedTuple):
    """Made by the asker, so that a repeated request is recognised (RFC 8506 §8.2)."""

    session_id: str
    request_number: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount_micros` leaves the debit account; `posted_micros` of it have left for good."""

    id: TransferId
    debit_account_id: str
    credit_account_id: str
    amount_micros: int
    local_date: date
    state: TransferState = TransferState.PENDING
    posted_micros: int = 0

    def resolved(self, state: TransferState, posted_micros: int) -> Transfer:
        """Give the successor of this pending transfer."""
        return Transfer(
            self.id,
            self.debit_account_id,
            self.credit_account_id,
            self.amount_micros,
            self.local_date,
            state,
            posted_micros,
        )
