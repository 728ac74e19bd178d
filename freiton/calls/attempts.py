"""Attempts that never became a call, as the accounting records them."""

from __future__ import annotations

from typing import Final

from freiton.accounting.call_records import Attempt
from freiton.calls.admission_request import called_text, writable
from freiton.calls.intake import Sender
from freiton.calls.running_call import RunningCall
from freiton.routing.request import RouteRequest

TEXT_MAX: Final = 64
"""What a stranger dialled is kept for people to read, not to fill the log."""


def attempt_of_request(
    call_id: str, request: RouteRequest, sender: Sender, *, cause: str, status: int
) -> Attempt:
    """Return the attempt that was refused before it was known where it should go."""
    account, trunk = sender.source.account, sender.source.trunk
    return Attempt(
        call_id=call_id,
        account_id="" if account is None else str(account.id),
        customer_id="" if account is None else str(account.customer_id),
        device_id="" if sender.device is None else str(sender.device.id),
        direction="",
        calling_number=_readable(request.from_.user),
        called_number=_readable(request.dialled),
        cause=cause,
        final_status=status,
        trunk_id=None if trunk is None else str(trunk.id),
    )


def attempt_of_call(running: RunningCall, *, cause: str, status: int) -> Attempt:
    """Return the attempt of a routed call that got no place."""
    decision = running.decision
    account = None if decision is None else decision.caller or decision.called_account
    trunk_ids = running.trunk_ids
    return Attempt(
        call_id=running.id,
        account_id="" if account is None else str(account.id),
        customer_id="" if account is None else str(account.customer_id),
        device_id="" if running.device is None else str(running.device.id),
        direction="" if decision is None else decision.kind.value,
        calling_number="" if decision is None else _readable(decision.calling_number or ""),
        called_number="" if decision is None else _readable(called_text(decision)),
        cause=cause,
        final_status=status,
        trunk_id=str(trunk_ids[0]) if trunk_ids else None,
    )


def _readable(text: str) -> str:
    return writable(text[:TEXT_MAX])
