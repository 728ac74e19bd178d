"""What a routed call asks of the accounting: which slots, whose money, for how long."""

from __future__ import annotations

from typing import Final

from freiton.accounting.admission import AdmitRequest
from freiton.accounting.slots import SlotClaim, SlotKind
from freiton.calls.call_conditions import CallConditions
from freiton.routing.decision import CallKind, Connect, SlotRule, TrunkGroup
from freiton.routing.directory import Account, AccountKind, ChargingKind, Device, Trunk
from rating.ledger import SpendingTerms

TECHNICAL_CAP: Final = 10
"""Outgoing calls at once of an account without any flatrate: no tariff rule, but a bound on what
stolen credentials can do."""

NOBODY: Final = SpendingTerms(is_prepaid=False, daily_limit_micros=0)

_OUTGOING: Final = "outgoing"


def spending_terms(account: Account) -> SpendingTerms:
    """Return what an account may spend."""
    is_prepaid = account.charging is ChargingKind.PREPAID
    return SpendingTerms(is_prepaid, None if is_prepaid else account.daily_limit_micros)


def admit_request(
    call_id: str,
    decision: Connect,
    *,
    device: Device | None,
    conditions: CallConditions,
    referred_by: str = "",
) -> AdmitRequest:
    """Return the request for a call whose first group is about to be dialled."""
    payer = decision.caller or decision.called_account
    group = decision.groups[0] if decision.groups else None
    trunk = group.trunk if isinstance(group, TrunkGroup) else decision.incoming_trunk
    return AdmitRequest(
        call_id=call_id,
        account_id="" if payer is None else str(payer.id),
        customer_id="" if payer is None else str(payer.customer_id),
        device_id="" if device is None else str(device.id),
        direction=decision.kind.value,
        calling_number=writable(decision.calling_number or ""),
        called_number=writable(called_text(decision)),
        terms=NOBODY if decision.caller is None else spending_terms(decision.caller),
        quote=conditions.quote,
        allowances=conditions.allowances,
        claims=_claims(decision, trunk, conditions.outgoing_max),
        max_call_s=decision.max_call_s,
        is_emergency=decision.kind is CallKind.EMERGENCY,
        trunk_id=None if trunk is None else str(trunk.id),
        referred_by=referred_by,
    )


def called_text(decision: Connect) -> str:
    """Return the called number as records show it: E.164 where there is one, else as dialled.

    Who was called by name has a number as well.
    """
    called = decision.called
    if called is None:
        account = decision.called_account
        return decision.dialled if account is None else account.main_number or decision.dialled
    return called.e164 or called.digits


def writable(text: str) -> str:
    """Return what can be written down: octets that are no UTF-8 would not get into the log."""
    return text.encode("utf-8", "replace").decode()


def trunk_owner(trunk_id: int) -> str:
    """Return the name under which calls over a trunk are kept."""
    return f"trunk/{trunk_id}"


def channels_owner(account_id: int) -> str:
    """Return the name under which calls over the channels of an account are kept."""
    return f"account/{account_id}/channels"


def is_outgoing_slot(owner: str) -> bool:
    """Tell whether a place is one of an account's outgoing calls."""
    return owner.startswith("account/") and owner.endswith(f"/{_OUTGOING}")


def trunk_claim(trunk: Trunk) -> SlotClaim:
    """Return the claim of one channel to a carrier."""
    return SlotClaim(
        trunk_owner(trunk.id), trunk.channels, trunk.reserved_for_emergency, SlotKind.TRUNK
    )


def _claims(decision: Connect, trunk: Trunk | None, outgoing_max: int | None) -> list[SlotClaim]:
    claims: list[SlotClaim] = []
    if decision.slot_rule is SlotRule.OUTGOING and decision.caller is not None:
        claims.append(_outgoing_claim(decision.caller, outgoing_max))
        claims += _channel_claims(decision.caller)
    if decision.slot_rule is not SlotRule.NONE and decision.called_account is not None:
        claims += _channel_claims(decision.called_account)
    if trunk is not None:
        claims.append(trunk_claim(trunk))
    return claims


def _outgoing_claim(account: Account, outgoing_max: int | None) -> SlotClaim:
    owner = f"account/{account.id}/{_OUTGOING}"
    if outgoing_max is not None:
        return SlotClaim(owner, outgoing_max, kind=SlotKind.FLATRATE)
    if account.kind is AccountKind.PBX:
        return SlotClaim(owner, None)  # its channels count
    return SlotClaim(owner, TECHNICAL_CAP, kind=SlotKind.TECHNICAL)


def _channel_claims(account: Account) -> list[SlotClaim]:
    if account.channels is None:
        return []
    return [SlotClaim(channels_owner(account.id), account.channels, kind=SlotKind.CHANNEL)]
