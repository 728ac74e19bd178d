"""What accounts may spend, told to the accounting after a start or a reload.

Only accounts with a running call are told, so that the log gets no more events than there are
calls, however many accounts there are: whoever calls next brings the terms along.
"""

from __future__ import annotations

from datetime import datetime

from freiton.accounting.call_accounting import CallAccounting
from freiton.calls.admission_request import spending_terms
from freiton.routing.directory import Directory


def renew_terms(
    accounting: CallAccounting, directory: Directory, *, at: datetime, now: float
) -> None:
    """Let running calls be extended by the terms of the directory in force."""
    for account_id in accounting.accounts_in_call():
        account = directory.account(int(account_id)) if account_id else None
        if account is not None:
            accounting.configure_account(account_id, spending_terms(account), at=at, now=now)
