"""Calls for help: recognised first, stopped by nothing, told with the caller's number.

NotrufV § 4 and TKG § 164. Nothing here asks whether the account is blocked, in credit or within a
limit, so the decision cannot depend on it.
"""

from __future__ import annotations

from typing import Final

from freiton.routing.decision import (
    CallKind,
    Connect,
    RefusedCall,
    RouteDecision,
    SlotRule,
    TrunkGroup,
)
from freiton.routing.directory import Account, Trunk
from freiton.routing.draft import Draft, split_prefix
from freiton.routing.identity import account_caller
from freiton.routing.leg_identity import emergency_uri, identity_for_emergency
from freiton.routing.refusals import RefusalCause
from freiton.routing.trunks import emergency_trunks
from rating.numbering import ServiceKind, ServiceNumber, emergency_number
from rating.numbering.number import GERMANY
from sipcore.errors import RemoteError
from sipcore.message.message import Request
from sipcore.message.uri import SipUri, TelUri

URN_SOS: Final = "urn:service:sos"
"""RFC 5031 §4.2; what stands behind it names a service, and the police alone have 110."""


def calls_for_help(request: Request) -> bool:
    """Tell whether a request is an emergency call; asked before anything else is."""
    try:
        uri = request.uri
    except RemoteError:
        return False
    if isinstance(uri, SipUri):
        return called_emergency(uri.user or "") is not None
    text = uri.number if isinstance(uri, TelUri) else str(uri)
    return called_emergency(text) is not None


def called_emergency(dialled: str) -> str | None:
    """Return ``110`` or ``112`` when this is what was dialled, else None."""
    lowered = dialled.lower()
    if lowered == URN_SOS or lowered.startswith(f"{URN_SOS}."):
        return "110" if lowered == f"{URN_SOS}.police" else "112"
    return emergency_number(split_prefix(dialled)[0])


def connect_emergency(draft: Draft) -> RouteDecision | None:
    """Decide an emergency call; the first step of THE ORDER."""
    number = called_emergency(draft.request.dialled)
    return None if number is None else connect_to_answering_point(draft, number)


def connect_to_answering_point(draft: Draft, number: str) -> RouteDecision:
    """Connect 110 or 112 for an access of ours; other networks have answering points too."""
    source = draft.request.source
    if source.trunk is not None:
        return RefusedCall(cause=RefusalCause.EMERGENCY_FROM_TRUNK)
    account = source.account
    if account is None and not draft.context.strangers_may_call_emergency:
        return RefusedCall(cause=RefusalCause.EMERGENCY_FROM_STRANGER)
    if account is not None and account.country_code != GERMANY:
        return RefusedCall(cause=RefusalCause.EMERGENCY_FROM_ABROAD)
    trunks = emergency_trunks(draft.context)
    if not trunks:
        return RefusedCall(cause=RefusalCause.NO_EMERGENCY_TRUNK)
    calling_number = None if account is None else _calling_number(draft, account)
    called = ServiceNumber(ServiceKind.EMERGENCY, number)
    return Connect(
        kind=CallKind.EMERGENCY,
        called=called,
        dialled=draft.request.dialled,
        groups=tuple(_group(trunk, called, calling_number) for trunk in trunks),
        caller=account,
        called_account=None,
        incoming_trunk=None,
        calling_number=calling_number,
        is_number_hidden=False,
        slot_rule=SlotRule.NONE,
        max_call_s=None,
    )


def _calling_number(draft: Draft, account: Account) -> str | None:
    context = draft.context
    return account_caller(
        account,
        draft.request,
        directory=context.directory,
        plan=context.numbering.plan,
        is_hidden=False,
    ).number


def _group(trunk: Trunk, called: ServiceNumber, calling_number: str | None) -> TrunkGroup:
    request_uri = emergency_uri(called, trunk)
    return TrunkGroup(
        trunk=trunk,
        request_uri=request_uri,
        identity=identity_for_emergency(
            calling_number or trunk.asserted_number, trunk=trunk, request_uri=request_uri
        ),
    )
