"""Call detail records: one for every attempt, made of what the log knows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from freiton.accounting.admission import AdmissionCause, Side
from freiton.accounting.charged_call import ChargedCall
from freiton.accounting.charging_events import (
    AttemptRefused,
    CallAdmitted,
    CallEnded,
    CallRerated,
    PersonalFields,
)
from freiton.accounting.instants import Instant, datetime_of
from rating.cdr import CallDetailRecord
from rating.engine import Quote, RatedCall

# The ending of a call whose process died, and why its record may be short of the truth.
LOST: Final = "lost"
RESTART: Final = "restart"
# The ending of an attempt or a call that an error of the switch itself ended.
FAULT: Final = "fault"
# The final response that its caller got.
FAULT_STATUS: Final = 500


class CallEnding(NamedTuple):
    """How a call ended; `partial_cause` is set where its end was not seen."""

    cause: str
    released_by: Side
    final_status: int | None = None
    partial_cause: str | None = None


class Attempt(NamedTuple):
    """An attempt that was refused before it was admitted; `cause` is its code."""

    call_id: str
    account_id: str
    customer_id: str
    device_id: str
    direction: str
    calling_number: str
    called_number: str
    cause: str
    final_status: int
    trunk_id: str | None = None
    is_emergency: bool = False


def record_of_call(
    call: ChargedCall,
    ending: CallEnding,
    *,
    talk_us: int,
    rated: RatedCall | None,
    ended_at_us: int,
) -> CallDetailRecord:
    """Make the record of an admitted call."""
    admitted, personal = call.admitted, call.personal
    return CallDetailRecord(
        call_id=admitted.call_id,
        customer_id=admitted.customer_id,
        account_id=admitted.account_id,
        device_id=admitted.device_id,
        direction=admitted.direction,
        calling_number=personal.calling_number,
        called_number=personal.called_number,
        trunk_id=call.trunk_id,
        is_emergency=admitted.is_emergency,
        started_at=admitted.when.at,
        answered_at=None if call.answered is None else call.answered.at,
        ended_at=datetime_of(ended_at_us),
        duration_us=talk_us,
        rated_us=0 if rated is None else rated.duration_us,
        ending=ending.cause,
        released_by=ending.released_by,
        sip_status=ending.final_status,
        partial_cause=ending.partial_cause,
        joined_call_ids=call.joined,
        referred_by=admitted.referred_by,
        quote=call.session.quote,
        billed_s=0 if rated is None else rated.billed_s,
        charged_s=0 if rated is None else rated.charged_s,
        amount_micros=0 if rated is None else rated.amount_micros,
        net_micros=0 if rated is None else rated.net_micros,
        gross_micros=0 if rated is None else rated.gross_micros,
        allowance_used_s={} if rated is None else rated.allowance_use,
    )


def record_of_undone(
    call: ChargedCall, cause: AdmissionCause, *, when: Instant
) -> CallDetailRecord:
    """Make the record of an admission that was taken back before anything was dialled."""
    ending = CallEnding(cause.value, "switch")
    return record_of_call(call, ending, talk_us=0, rated=None, ended_at_us=when.at_us)


def record_of_abandoned(call: ChargedCall, *, when: Instant) -> CallDetailRecord:
    """Make the record of a call that could not be ended: its facts, without price and charge."""
    ending = CallEnding(FAULT, "switch", FAULT_STATUS, partial_cause=FAULT)
    talk_us = call.talk_us(when.mono_us)
    record = record_of_call(call, ending, talk_us=talk_us, rated=None, ended_at_us=when.at_us)
    return replace(record, quote=None)


def record_of_attempt(attempt: Attempt, *, when: Instant) -> CallDetailRecord:
    """Make the record of a refused attempt."""
    return CallDetailRecord(
        call_id=attempt.call_id,
        customer_id=attempt.customer_id,
        account_id=attempt.account_id,
        device_id=attempt.device_id,
        direction=attempt.direction,
        calling_number=attempt.calling_number,
        called_number=attempt.called_number,
        trunk_id=attempt.trunk_id,
        is_emergency=attempt.is_emergency,
        started_at=when.at,
        ended_at=when.at,
        ending=attempt.cause,
        released_by="switch",
        sip_status=attempt.final_status,
    )


def stored_record(record: CallDetailRecord) -> dict[str, Any]:
    """Give a record as it stands in its event: without the numbers, which are kept beside it."""
    return {**record.to_record(), "calling_number": "", "called_number": ""}


def load_record(
    event: CallEnded | AttemptRefused, personal: PersonalFields | None
) -> CallDetailRecord:
    """Read a record back from its event and the numbers beside it, empty once erased."""
    record = CallDetailRecord.from_record(event.record)
    if personal is None:
        return record
    return replace(
        record, calling_number=personal.calling_number, called_number=personal.called_number
    )


def rerated_record(record: CallDetailRecord, newest: CallRerated | None) -> CallDetailRecord:
    """Give a record as its newest rating run left it, with the numbers that are still kept."""
    if newest is None:
        return record
    return replace(
        CallDetailRecord.from_record(newest.record),
        calling_number=record.calling_number,
        called_number=record.called_number,
    )


def check_record(event: CallEnded, admitted: CallAdmitted | None) -> str | None:
    """Say what is wrong with an ended call's money; None if nothing is."""
    record = CallDetailRecord.from_record(event.record)
    if record.gross_micros != event.charged_micros:
        return f"call {event.call_id}: its record and its charge differ"
    if record.allowance_used_s != event.allowance_used_s:
        return f"call {event.call_id}: its record and its allowances differ"
    if not record.is_consistent():
        return f"call {event.call_id}: its quote gives another amount"
    promised = None if admitted is None else admitted.quote
    if promised is not None and record.quote != Quote.from_record(promised):
        return f"call {event.call_id}: it was not charged at the price it was promised"
    return None
