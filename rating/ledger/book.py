"""The book: ledger accounts and the transfers between them, in whole micro-euros.

Every entry debits one account and credits another by the same amount, so both the posted and
the pending sums over all accounts are zero at any moment. A transfer's id is chosen by the
asker; asking twice gives the first answer and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from rating.errors import LocalError
from rating.ledger.account import LedgerAccount, SpendingTerms, local_date_of
from rating.ledger.transfer import Transfer, TransferId, TransferState

REVENUE: Final = "operator/revenue"
CASH: Final = "operator/cash"
# A thousand million euros: above it an amount is a mistake, and sums stay within 64 bits.
AMOUNT_MICROS_MAX: Final = 10**15


@dataclass(frozen=True, slots=True)
class InsufficientFunds:
    """A reservation that was refused, and what would have been available."""

    id: TransferId
    available_micros: int


class Book:
    """All ledger accounts of one owner. Not shared between threads or processes."""

    __slots__ = ("_accounts", "_by_session", "_refused")

    def __init__(self) -> None:
        self._accounts: dict[str, LedgerAccount] = {
            REVENUE: LedgerAccount(REVENUE),
            CASH: LedgerAccount(CASH),
        }
        self._by_session: dict[str, dict[int, Transfer]] = {}
        self._refused: dict[TransferId, InsufficientFunds] = {}

    def open_account(self, account_id: str, terms: SpendingTerms) -> LedgerAccount:
        """Open an account, or give an open one a new limit; sums and reservations stay."""
        account = self._accounts.get(account_id)
        if account is None:
            account = self._accounts[account_id] = LedgerAccount(account_id, terms)
        elif account.terms is None or account.terms.is_prepaid != terms.is_prepaid:
            raise LocalError(f"ledger account {account_id} is of another kind")
        else:
            account.terms = terms
        return account

    def account(self, account_id: str) -> LedgerAccount:
        """Look up an open account."""
        try:
            return self._accounts[account_id]
        except KeyError:
            raise LocalError(f"no ledger account {account_id}") from None

    def has_account(self, account_id: str) -> bool:
        """Tell whether the account was opened."""
        return account_id in self._accounts

    def accounts(self) -> Iterator[LedgerAccount]:
        """Give every account, the operator's two included."""
        return iter(self._accounts.values())

    def transfers(self, session_id: str) -> list[Transfer]:
        """Give a session's transfers in the order of their request numbers."""
        of_session = self._by_session.get(session_id, {})
        return [of_session[number] for number in sorted(of_session)]

    def available_micros(self, account_id: str, *, at: datetime) -> int | None:
        """Give what may be reserved at an instant; None where nothing limits it."""
        return self.account(account_id).available_micros(local_date_of(at))

    def reserve(
        self, transfer_id: TransferId, account_id: str, *, amount_micros: int, at: datetime
    ) -> Transfer | InsufficientFunds:
        """Test and set in one step: make a pending transfer if the account can bear it."""
        refused = self._refused.get(transfer_id)
        if refused is not None:
            return refused
        if self._find(transfer_id) is None:
            available = self.available_micros(account_id, at=at)
            if available is not None and amount_micros > available:
                refusal = InsufficientFunds(transfer_id, available)
                self._refused[transfer_id] = refusal
                return refusal
        return self.record(transfer_id, account_id, amount_micros=amount_micros, at=at)

    def record(
        self, transfer_id: TransferId, account_id: str, *, amount_micros: int, at: datetime
    ) -> Transfer:
        """Enter a reservation that was decided before: a fact of the log asks nobody."""
        known = self._find(transfer_id)
        if known is not None:
            return known
        account = self.account(account_id)
        _check_amount(amount_micros)
        transfer = Transfer(transfer_id, account_id, REVENUE, amount_micros, local_date_of(at))
        account.debits_pending += amount_micros
        account.count_spent(transfer.local_date, amount_micros)
        self._accounts[REVENUE].credits_pending += amount_micros
        return self._keep(transfer)

    def post(self, transfer_id: TransferId, *, amount_micros: int) -> Transfer:
        """Post up to the reserved amount and void the rest in the same step."""
        return self._resolve(transfer_id, TransferState.POSTED, amount_micros)

    def void(self, transfer_id: TransferId) -> Transfer:
        """Give a reservation back; giving back twice is harmless."""
        return self._resolve(transfer_id, TransferState.VOIDED, 0)

    def expire(self, transfer_id: TransferId) -> Transfer:
        """Give back a reservation whose asker never came again."""
        return self._resolve(transfer_id, TransferState.EXPIRED, 0)

    def top_up(
        self, transfer_id: TransferId, account_id: str, *, amount_micros: int, at: datetime
    ) -> Transfer:
        """Pay money in: posted at once, since it was received elsewhere."""
        known = self._find(transfer_id)
        if known is not None:
            return known
        account = self.account(account_id)
        _check_amount(amount_micros)
        self._accounts[CASH].debits_posted += amount_micros
        account.credits_posted += amount_micros
        return self._keep(
            Transfer(
                transfer_id,
                CASH,
                account_id,
                amount_micros,
                local_date_of(at),
                TransferState.POSTED,
                amount_micros,
            )
        )

    def correct(
        self, account_id: str, *, refund_micros: int, charge_micros: int, at: datetime
    ) -> None:
        """Give back what a closed session had cost and debit what it costs by a later rating.

        Posted at once, and no limit is asked: what is owed is owed. ``at`` says on which day the
        money was spent. The caller recognises a repeat, as the log does by its unique key.
        """
        account = self.account(account_id)
        _check_amount(refund_micros)
        _check_amount(charge_micros)
        revenue = self._accounts[REVENUE]
        revenue.debits_posted += refund_micros
        account.credits_posted += refund_micros
        account.debits_posted += charge_micros
        revenue.credits_posted += charge_micros
        account.count_spent(local_date_of(at), charge_micros - refund_micros)

    def forget(self, session_id: str) -> None:
        """Drop a closed session's transfers; the sums keep them, and so does the log."""
        of_session = self._by_session.get(session_id, {})
        if any(transfer.state is TransferState.PENDING for transfer in of_session.values()):
            raise LocalError(f"charging session {session_id} still has a reservation")
        self._by_session.pop(session_id, None)
        if self._refused:
            for transfer_id in [key for key in self._refused if key.session_id == session_id]:
                del self._refused[transfer_id]

    def imbalance_micros(self) -> tuple[int, int]:
        """Give pending and posted credits minus debits over all accounts: always (0, 0)."""
        pending = posted = 0
        for account in self._accounts.values():
            pending += account.credits_pending - account.debits_pending
            posted += account.credits_posted - account.debits_posted
        return pending, posted

    def to_record(self) -> dict[str, Any]:
        """Give the whole book as plain values, in an order that depends on nothing but them."""
        return {
            "accounts": [
                _account_record(self._accounts[account_id]) for account_id in sorted(self._accounts)
            ],
            "transfers": [
                _transfer_record(transfer)
                for session_id in sorted(self._by_session)
                for transfer in self.transfers(session_id)
            ],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Book:
        """Read what `to_record` gave."""
        book = cls()
        for fields in record["accounts"]:
            account = _account_from(fields)
            book._accounts[account.id] = account
        for fields in record["transfers"]:
            book._keep(_transfer_from(fields))
        return book

    def _find(self, transfer_id: TransferId) -> Transfer | None:
        of_session = self._by_session.get(transfer_id.session_id)
        return None if of_session is None else of_session.get(transfer_id.request_number)

    def _keep(self, transfer: Transfer) -> Transfer:
        of_session = self._by_session.setdefault(transfer.id.session_id, {})
        of_session[transfer.id.request_number] = transfer
        return transfer

    def _resolve(self, transfer_id: TransferId, state: TransferState, posted: int) -> Transfer:
        transfer = self._find(transfer_id)
        if transfer is None:
            raise LocalError(f"no transfer {transfer_id.session_id}/{transfer_id.request_number}")
        if transfer.state is not TransferState.PENDING:
            return transfer
        if not 0 <= posted <= transfer.amount_micros:
            raise LocalError(f"{posted} of {transfer.amount_micros} reserved cannot be posted")
        debited = self._accounts[transfer.debit_account_id]
        credited = self._accounts[transfer.credit_account_id]
        debited.debits_pending -= transfer.amount_micros
        credited.credits_pending -= transfer.amount_micros
        debited.debits_posted += posted
        credited.credits_posted += posted
        debited.count_spent(transfer.local_date, posted - transfer.amount_micros)
        return self._keep(transfer.resolved(state, posted))


def _check_amount(amount_micros: int) -> None:
    if not 0 <= amount_micros <= AMOUNT_MICROS_MAX:
        raise LocalError(f"{amount_micros} is no amount of micro-euros")


def _account_record(account: LedgerAccount) -> dict[str, Any]:
    terms = account.terms
    return {
        "id": account.id,
        "terms": None if terms is None else [terms.is_prepaid, terms.daily_limit_micros],
        "debits": [account.debits_pending, account.debits_posted],
        "credits": [account.credits_pending, account.credits_posted],
        "spent_on": {day.isoformat(): micros for day, micros in account.spent_on.items()},
    }


def _account_from(record: dict[str, Any]) -> LedgerAccount:
    terms = record["terms"]
    account = LedgerAccount(record["id"], None if terms is None else SpendingTerms(*terms))
    account.debits_pending, account.debits_posted = record["debits"]
    account.credits_pending, account.credits_posted = record["credits"]
    account.spent_on = {
        date.fromisoformat(day): micros for day, micros in record["spent_on"].items()
    }
    return account


def _transfer_record(transfer: Transfer) -> list[Any]:
    return [
        transfer.id.session_id,
        transfer.id.request_number,
        transfer.debit_account_id,
        transfer.credit_account_id,
        transfer.amount_micros,
        transfer.local_date.isoformat(),
        int(transfer.state),
        transfer.posted_micros,
    ]


def _transfer_from(record: list[Any]) -> Transfer:
    session_id, number, debit, credit, amount, local_date, state, posted = record
    return Transfer(
        TransferId(session_id, number),
        debit,
        credit,
        amount,
        date.fromisoformat(local_date),
        TransferState(state),
        posted,
    )
