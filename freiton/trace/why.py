"""Why a call was refused or ended, in sentences: from its record, its recording, and the site."""

from __future__ import annotations

from typing import Any, Final

from freiton.routing.directory import Account, Directory
from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.trace.ladder import Step, euros, steps_of
from freiton.trace.recording import Kind
from freiton.trace.shown_message import mask_uris, printable, read_shown
from freiton.trace.trace_file import Trace
from freiton.trace.why_texts import ADVICE, ENDS, STATUSES, Told
from rating.cdr import CallDetailRecord
from sipcore.message import Response

_TOLD_FIELDS: Final = ("reason", "warning", "unsupported", "retry-after", "min-se")
_BY: Final = {
    "caller": Told("vom Anrufer", "by the caller"),
    "callee": Told("vom Angerufenen", "by the callee"),
    "switch": Told("von der Vermittlung", "by the switch"),
}


def why(
    record: CallDetailRecord | None,
    trace: Trace | None,
    directory: Directory | None,
    *,
    language: str,
) -> list[str]:
    """Return the sentences; at least one of record and trace must be there."""
    place = 0 if language == "de" else 1
    if record is None:
        return _of_trace(trace, place) if trace is not None else []
    told = [_headline(record, place)]
    cause = next((one for one in RefusalCause if one.value == record.ending), None)
    if cause is not None:
        row = REFUSALS[cause]
        told.append(f"{(row.de, row.en)[place]}.")
        told += _limits(cause, record, trace, directory, place)
        told.append(ADVICE[cause][place])
    elif record.ending in ENDS:
        told.append(ENDS[record.ending][place])
    return told + _said(trace, place)


def _headline(record: CallDetailRecord, place: int) -> str:
    status = "" if record.sip_status is None else f" {record.sip_status}"
    if record.answered_at is not None:
        by = _BY[record.released_by][place] + " " if record.released_by in _BY else ""
        talked = f"{record.duration_us / 1_000_000:.1f} s"
        cost = euros(record.gross_micros)
        return (
            f"Angenommen, {by}beendet nach {talked} ({record.ending}), {cost}.",
            f"Answered, ended {by}after {talked} ({record.ending}), {cost}.",
        )[place]
    if record.ending in REFUSALS:
        return (
            f"Abgewiesen mit{status} ({record.ending}).",
            f"Refused with{status} ({record.ending}).",
        )[place]
    return (
        f"Nicht angenommen:{status} ({record.ending}).",
        f"Not answered:{status} ({record.ending}).",
    )[place]


def _limits(
    cause: RefusalCause,
    record: CallDetailRecord,
    trace: Trace | None,
    directory: Directory | None,
    place: int,
) -> list[str]:
    """Return the numbers that led to a refusal, as the site has them now."""
    account = _account(record, directory)
    decided = _decided(trace)
    match cause:
        case RefusalCause.FLATRATE_LIMIT if decided.get("outgoing_max") is not None:
            most = decided["outgoing_max"]
            return [
                (f"Gebuchte Gespräche zugleich: {most}.", f"Calls at once booked: {most}.")[place]
            ]
        case RefusalCause.CHANNEL_LIMIT if account is not None:
            return [
                (
                    f"{account.name} hat {account.channels} Sprachkanäle.",
                    f"{account.name} has {account.channels} channels.",
                )[place]
            ]
        case RefusalCause.SPENDING_LIMIT if account is not None and account.daily_limit_micros:
            most = euros(account.daily_limit_micros)
            return [(f"Tagesgrenze: {most}.", f"Daily limit: {most}.")[place]]
        case RefusalCause.TRUNK_LIMIT if directory is not None:
            named = [
                f"{one.name} {one.channels}" for one in directory.trunks if one.channels is not None
            ]
            listed = ", ".join(named)
            return [(f"Kanäle der Leitungen: {listed}.", f"Channels of trunks: {listed}.")[place]]
    if decided.get("ways") and cause is RefusalCause.TRUNKS_FAILED:
        ways = ", ".join(decided["ways"])
        return [(f"Versucht: {ways}.", f"Tried: {ways}.")[place]]
    return []


def _account(record: CallDetailRecord, directory: Directory | None) -> Account | None:
    if directory is None or not record.account_id:
        return None
    return directory.account(int(record.account_id))


def _decided(trace: Trace | None) -> dict[str, Any]:
    if trace is None:
        return {}
    return next((one[2] for one in trace.entries if one[0] == Kind.DECIDED), {})


def _of_trace(trace: Trace, place: int) -> list[str]:
    """Explain an attempt that left no record: what was answered, and what that means."""
    final = _last_final(trace)
    if final is None:
        return [("Noch ohne Antwort.", "Not answered yet.")[place]]
    told = [
        (
            f"Beantwortet mit {final.status} {printable(final.reason)}; ohne Datensatz.",
            f"Answered with {final.status} {printable(final.reason)}; no record was made.",
        )[place]
    ]
    if final.status in STATUSES:
        told.append(STATUSES[final.status][place])
    return told + _said(trace, place)


def _said(trace: Trace | None, place: int) -> list[str]:
    """Return what the caller was told besides the status."""
    final = None if trace is None else _last_final(trace)
    if final is None or final.is_success:
        return []
    fields = [
        f"{key.title()}: {printable(mask_uris(value))}"
        for key in _TOLD_FIELDS
        for value in final.values(key)
    ]
    if not fields:
        return []
    listed = "; ".join(fields)
    return [(f"Dem Anrufer gesagt: {listed}", f"The caller was told: {listed}")[place]]


def _last_final(trace: Trace) -> Response | None:
    """Return the last final response that the caller got to an INVITE."""
    found: Response | None = None
    for step in steps_of(trace):
        message = read_shown(step.data) if _is_to_caller(step) else None
        if not isinstance(message, Response) or message.is_provisional:
            continue
        if message.required("cseq").endswith("INVITE"):
            found = message
    return found


def _is_to_caller(step: Step) -> bool:
    return bool(step.data) and step.lane == "caller" and not step.to_right
