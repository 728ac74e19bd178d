"""Opening a call's charging session: from call control's request to the event that admits it."""

from __future__ import annotations

from freiton.accounting.admission import AdmitRequest
from freiton.accounting.charging_events import CallAdmitted
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.errors import AccountingError
from freiton.accounting.instants import Instant
from rating.allowances import AllowanceTerms
from rating.charging import ChargingSession, CreditControlAnswer


def open_session(state: ChargingState, request: AdmitRequest) -> ChargingSession:
    """Make the session that is asked whether the call can be paid; it has reserved nothing yet."""
    return state.new_session(
        request.call_id,
        request.account_id,
        is_prepaid=request.terms.is_prepaid,
        cap_s=request.cap_s,
        allowances=_named_allowances(request),
        quote=None if request.is_emergency else request.quote,
    )


def admission(
    request: AdmitRequest, session: ChargingSession, answer: CreditControlAnswer, *, when: Instant
) -> CallAdmitted:
    """Give the event that makes a granted request a fact."""
    return CallAdmitted(
        when=when,
        call_id=request.call_id,
        account_id=request.account_id,
        device_id=request.device_id,
        customer_id=request.customer_id,
        direction=request.direction,
        owners=tuple(claim.owner for claim in request.claims),
        cap_s=session.cap_s,
        granted_s=answer.grant.seconds,
        is_final=answer.grant.is_final,
        quote=None if session.quote is None else session.quote.to_record(),
        is_prepaid=request.terms.is_prepaid,
        price_micros=answer.price_micros,
        allowances=session.allowances.terms,
        spans=answer.spans,
        trunk_id=request.trunk_id,
        is_emergency=request.is_emergency,
        referred_by=request.referred_by,
    )


def _named_allowances(request: AdmitRequest) -> tuple[AllowanceTerms, ...]:
    """Pick the allowances that the quote names, in its order.

    A quote that promises what nobody said the terms of would be charged in full: an error.
    """
    if request.quote is None or request.is_emergency:
        return ()
    terms = {one.option_id: one for one in request.allowances}
    missing = [option_id for option_id in request.quote.allowances if option_id not in terms]
    if missing:
        raise AccountingError(f"call {request.call_id}: no terms of the allowances {missing}")
    return tuple(terms[option_id] for option_id in request.quote.allowances)
