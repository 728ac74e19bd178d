"""Double-entry bookkeeping: pending transfers that are posted, voided or expired, never edited."""

from rating.ledger.account import LedgerAccount, SpendingTerms
from rating.ledger.book import Book, InsufficientFunds
from rating.ledger.transfer import Transfer, TransferId, TransferState

__all__ = [
    "Book",
    "InsufficientFunds",
    "LedgerAccount",
    "SpendingTerms",
    "Transfer",
    "TransferId",
    "TransferState",
]
