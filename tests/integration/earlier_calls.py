"""Calls that were made before a test begins, written by the real accounting into the real log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from freiton.accounting.admission import AdmitRequest, Admitted
from freiton.calls.admission_request import spending_terms
from freiton.calls.pricing import allowance_terms
from freiton.calls.subscriptions import subscription_of
from freiton.routing.directory import Account
from freiton.storage.charging_log_appender import LogAppender
from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.site_store import SiteStore
from rating.engine import Quote, QuoteParams, quote
from rating.numbering import DiallingOrigin, E164Number
from tests.freiton.accounting.desk import Desk
from tests.freiton.storage.calls_for_log import write
from tests.rating.shipped import numbering, tariffs

PROVIDER: Final = "tgnet"


def talk_before(
    state: Path, domain: str, account: str, *, to: str, seconds: int, paid_micros: int = 0
) -> None:
    """Let an account have talked so long this month, to one number; no switch may run yet."""
    payer = _account(state, domain, account)
    desk = Desk()
    desk.at = datetime.now(UTC)
    subscription = subscription_of(payer, tariffs(), provider=PROVIDER)
    number = numbering().plan.normalize(to, DiallingOrigin())
    assert isinstance(number, E164Number)
    price = quote(
        QuoteParams(
            tariffs=tariffs(),
            subscription=subscription,
            number=number,
            prefix_table=numbering().prefix_table,
            at=desk.at,
        )
    )
    assert isinstance(price, Quote)
    request = AdmitRequest(
        call_id=f"before-{account}",
        account_id=str(payer.id),
        customer_id=str(payer.customer_id),
        device_id="",
        direction="outbound",
        calling_number=payer.main_number or "",
        called_number=number.e164,
        terms=spending_terms(payer),
        quote=price,
        allowances=allowance_terms(price, subscription, tariffs(), at=desk.at),
    )
    log = LogAppender(state / CHARGING_FOLDER)
    if paid_micros:
        desk.pay(paid_micros, "before", str(payer.id))
    assert isinstance(desk.accounting.admit(request, at=desk.at, now=desk.now), Admitted)
    write(log, desk)
    desk.answer(request.call_id)
    write(log, desk)
    _talk(desk, seconds)
    desk.end(request.call_id)
    write(log, desk)
    log.close()


def _talk(desk: Desk, seconds: int) -> None:
    """Let time pass; the grant is extended slice by slice."""
    end = desk.now + seconds
    while (deadline := desk.accounting.next_deadline()) is not None and deadline <= end:
        desk.now = max(deadline, desk.now)
        assert desk.accounting.handle_deadlines(at=desk.at, now=desk.now) == []
    desk.now = end


def _account(state: Path, domain: str, name: str) -> Account:
    store = SiteStore.open(state, domains=(domain,), provider=PROVIDER)
    try:
        found = store.load_directory().account_by_aor(name, domain)
    finally:
        store.close()
    assert found is not None
    return found
