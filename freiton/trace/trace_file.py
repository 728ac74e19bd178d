"""A recording as bytes: one MessagePack file per call, for the disk and for the control socket.

Version 1. An entry is a list: kind (see ``recording.Kind``), monotonic instant, then

    RECEIVED   head, body, flow            a message as it came
    BEGUN      call id, event, keywords    `Call` was made of an INVITE
    RESUMED    arguments, keywords         `Call.resume`
    STEPPED    event                       `Call.step`; an event of the wire is named, not repeated
    RESPONDED  transaction, response       what the switch answered without a call
    FIRED      transaction, timer          a timer of a transaction
    FAILED     transaction                 its flow failed
    DRAWN      what, value                 a draw of Identifiers during the input before it
    SENT       bytes, flow                 a message put out during the input before it
    DECIDED    facts                       routing and price
    REFUSED    cause                       the refusal of an attempt
    LOGGED     kind, facts                 an event of the charging log

No password is in it: credentials of trunks are left out, since what they made of a challenge
stands in the message that was sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from freiton.errors import OperatorError
from freiton.trace import plain
from freiton.trace.facts import facts_of_decision, facts_of_event
from freiton.trace.recording import Entry, Kind, Recording
from sipcore.transaction.events import RequestReceived, TransactionId
from sipcore.transaction.timers import Timers

VERSION: Final = 1

_LEFT_OUT: Final = frozenset({"identifiers"})


class TraceError(OperatorError):
    """A file that is no recording of this release."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A recording at rest; instants count as the switch's monotonic clock did.

    ``whole`` entries are without a gap, what follows is the end of a call too long to keep.
    ``not_replayable`` says why, and is empty otherwise.
    """

    version: int = VERSION
    call_id: str
    keys: list[str]
    began: float
    began_at: str
    ended: float | None
    is_call: bool
    whole: int
    not_replayable: str
    timers: Any
    entries: list[list[Any]]


def trace_of(recording: Recording, *, timers: Timers, utc: datetime, now: float) -> Trace:
    """Return a recording at rest; ``utc`` is the instant that ``now`` is on the wall clock."""
    entries = []
    problem = "it was joined with another call" if recording.is_joined else ""
    if not recording.is_call:
        problem = "it never became a call"
    for entry in recording.all_entries():
        try:
            entries.append([int(entry[0]), entry[1], *_write_entry(entry)])
        except plain.NotPlain as error:
            entries.append([int(entry[0]), entry[1]])
            problem = problem or str(error)
    return Trace(
        call_id=recording.call_ids[-1] if recording.call_ids else "",
        keys=recording.keys,
        began=recording.began,
        began_at=(utc - timedelta(seconds=now - recording.began)).isoformat(),
        ended=recording.ended,
        is_call=recording.is_call,
        whole=len(recording.entries),
        not_replayable=problem,
        timers=plain.write(timers),
        entries=entries,
    )


def encode_trace(trace: Trace) -> bytes:
    """Write a trace."""
    return msgspec.msgpack.encode(trace)


def decode_trace(data: bytes) -> Trace:
    """Read a trace; TraceError when it is none, or of another version."""
    try:
        trace = msgspec.msgpack.decode(data, type=Trace)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TraceError(f"not a recording of a call: {error}") from error
    if trace.version != VERSION:
        raise TraceError(f"a recording of version {trace.version}; this release reads {VERSION}")
    return trace


def _write_entry(entry: Entry) -> list[Any]:
    """Return what an entry has beside kind and instant."""
    match entry:
        case (Kind.RECEIVED, _, head, body, flow):
            return [head, body, plain.write(flow)]
        case (Kind.BEGUN, _, call_id, transaction, keywords):
            return [call_id, _name(RequestReceived, transaction), _write_keywords(keywords)]
        case (Kind.RESUMED, _, arguments, keywords):
            return [plain.write(arguments), _write_keywords(keywords)]
        case (Kind.STEPPED, _, event):
            return [plain.write(event)]
        case (Kind.STEPPED, _, event, transaction):
            return [_name(event, transaction)]
        case (Kind.RESPONDED, _, transaction, response):
            return [list(transaction), plain.write(response)]
        case (Kind.FIRED, _, transaction, timer):
            return [list(transaction), timer.name]
        case (Kind.FAILED, _, transaction):
            return [list(transaction)]
        case (Kind.SENT, _, data, flow):
            return [data, plain.write(flow)]
        case (Kind.DECIDED, _, decision, conditions):
            return [facts_of_decision(decision, conditions)]
        case (Kind.REFUSED, _, cause):
            return [cause.value]
        case (Kind.LOGGED, _, event):
            return [event.kind, facts_of_event(event)]
    return list(entry[2:])


def _name(event: type, transaction: TransactionId) -> dict[str, Any]:
    """Name an event of the wire; the transaction is empty for an ACK of a 2xx."""
    return {"event": event.__name__, "transaction": list(transaction)}


def _write_keywords(keywords: dict[str, Any]) -> dict[str, Any]:
    return {name: plain.write(one) for name, one in keywords.items() if name not in _LEFT_OUT}
