"""What is written down of an answered call, so that another process can speak on both legs (D9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from sipcore.auth.client import DigestClient
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.dialog.session_timer import SessionTimer
from sipcore.errors import LocalError
from sipcore.identifiers import Identifiers
from sipcore.limits import CSEQ_MAX
from sipcore.transport.flow import Flow, Listener

VERSION: Final = 1
JOINED_VERSION: Final = 2
"""A record that names legs of two calls; to a reader of version 1 it would be no call it knows."""

_PARTING: Final = 2_000
"""Numbers of the legs that are only to be ended are above all others."""

Octets = str
"""What a peer wrote, one character for each octet: not all that peers write is UTF-8."""


class LegRecord(msgspec.Struct, frozen=True, array_like=True):
    """One leg; fields are only ever added at the end, since old records are read for ever."""

    call_id: Octets
    local_tag: str
    remote_tag: Octets
    local: Octets
    remote: Octets
    remote_target: Octets
    route_set: tuple[Octets, ...]
    local_sequence: int
    remote_sequence: int | None
    listener: str
    host: str
    port: int
    allows_update: bool
    session_interval_s: int
    """0 when no session timer runs."""
    is_refresher: bool
    sdp: bytes
    """What we sent last, for a refresh by re-INVITE; empty where UPDATE serves."""
    sdp_fields: tuple[tuple[str, Octets], ...]
    follows_dialog: bool = False
    """Whether requests go where Route or Contact says, over any listener; else to host and port."""
    conceals: bool = False
    """Whether this peer is told no names in the bodies of the other."""
    party: str = ""
    target: str = ""
    """The name of the target that won this leg, under which its credentials are found."""
    calls: tuple[str, ...] = ()
    """The calls that end when this leg leaves a conversation that goes on."""


class CallRecord(msgspec.Struct, frozen=True, array_like=True):
    """An answered call; ``target`` is the name of the target that won.

    ``parting`` are legs that a transfer takes out; with ``is_joined`` false, the two that stay have
    still to be told of each other.
    """

    version: int
    target: str
    callee_number: int
    caller: LegRecord
    callee: LegRecord
    parting: tuple[LegRecord, ...] = ()
    is_joined: bool = True


class ResumedLegs(NamedTuple):
    """The legs of a record, ready to speak."""

    caller: Leg
    callee: Leg
    parting: tuple[Leg, ...]


def write_record(caller: Leg, callee: Leg, *, target: str) -> bytes:
    """Return the record of an answered call."""
    version = JOINED_VERSION if caller.calls else VERSION
    record = CallRecord(version, target, callee.number, _write_leg(caller), _write_leg(callee))
    return msgspec.msgpack.encode(record)


def write_answer(caller: Leg, callee: Leg, *, target: str) -> bytes:
    """Return the record of an answer; one who has picked up has still to be joined."""
    if callee.is_early:
        return write_joined(caller, callee, calls=((), ()), parting=())
    return write_record(caller, callee, target=target)


def write_joined(
    caller: Leg,
    callee: Leg,
    *,
    calls: tuple[tuple[str, ...], tuple[str, ...]],
    parting: Sequence[Leg],
) -> bytes:
    """Return the record of two legs that are about to be joined; ``calls`` are those of each."""
    of_caller, of_callee = (
        msgspec.structs.replace(_write_leg(leg), calls=ids)
        for leg, ids in zip((caller, callee), calls, strict=True)
    )
    record = CallRecord(
        JOINED_VERSION,
        callee.target,
        callee.number,
        of_caller,
        of_callee,
        parting=tuple(_write_leg(leg) for leg in parting),
        is_joined=False,
    )
    return msgspec.msgpack.encode(record)


def read_record(data: bytes) -> CallRecord:
    """Read a record; LocalError when it is none of ours."""
    try:
        record = msgspec.msgpack.decode(data, type=CallRecord)
    except msgspec.MsgspecError as error:
        raise LocalError(f"not a record of a call: {error}") from error
    if record.version not in (VERSION, JOINED_VERSION):
        raise LocalError(f"a record of version {record.version}")
    return record


def resume_legs(
    call_id: str,
    written: CallRecord,
    listeners: Mapping[str, Listener],
    *,
    caller_number: int,
    identifiers: Identifiers,
    settings: CallSettings,
    restarts: int = 1,
    credentials: Mapping[str, DigestClient] | None = None,
) -> ResumedLegs:
    """Make the legs of a record; LocalError when a listener of theirs is gone."""

    def resume(number: int, record: LegRecord, target: str) -> Leg:
        return resume_leg(
            call_id,
            number,
            record,
            listeners,
            identifiers=identifiers,
            settings=settings,
            restarts=restarts,
            credentials=None if credentials is None else credentials.get(target),
        )

    return ResumedLegs(
        resume(caller_number, written.caller, written.caller.target),
        resume(written.callee_number, written.callee, written.callee.target or written.target),
        tuple(
            resume(_PARTING + place, record, record.target)
            for place, record in enumerate(written.parting)
        ),
    )


def resume_leg(
    call_id: str,
    number: int,
    record: LegRecord,
    listeners: Mapping[str, Listener],
    *,
    identifiers: Identifiers,
    settings: CallSettings,
    restarts: int = 1,
    credentials: DigestClient | None = None,
) -> Leg:
    """Make a leg that continues its dialog; LocalError when its listener is gone.

    ``restarts`` counts the processes since the record was written: each has used CSeqs of its own.
    """
    listener = listeners.get(record.listener)
    if listener is None:
        raise LocalError(f"no listener {record.listener!r}")
    dialog = Dialog(
        DialogId(_read(record.call_id), record.local_tag, _read(record.remote_tag)),
        local=_read(record.local),
        remote=_read(record.remote),
        remote_target=_read(record.remote_target),
        route_set=tuple(_read(entry) for entry in record.route_set),
        local_sequence=min(record.local_sequence + restarts * settings.cseq_gap, CSEQ_MAX - 1),
        remote_sequence=record.remote_sequence,
    )
    leg = Leg(
        call_id,
        number,
        Flow(listener, (record.host, record.port)),
        dialog,
        identifiers=identifiers,
        settings=settings,
        timer=SessionTimer(
            interval_s=record.session_interval_s or settings.session_expires_s,
            min_se_s=settings.min_se_s,
        ),
        credentials=credentials,
        follows_over=tuple(listeners.values()) if record.follows_dialog else (),
        conceals=record.conceals,
    )
    leg.party, leg.target, leg.calls = record.party, record.target, record.calls
    leg.allows_update = record.allows_update
    fields = tuple((key, _read(value)) for key, value in record.sdp_fields)
    leg.sent_body = Body(record.sdp, fields) if record.sdp else NO_BODY
    return leg


def resume_timers(caller: Leg, callee: Leg | None, written: CallRecord, *, now: float) -> None:
    """Start the session timers of a record anew."""
    for leg, record in ((caller, written.caller), (callee, written.callee)):
        if leg is not None and record.session_interval_s:
            leg.timer.resume(is_refresher=record.is_refresher, now=now)


def _write_leg(leg: Leg) -> LegRecord:
    dialog = leg.dialog
    host, port = leg.flow.remote
    timer = leg.timer
    body = NO_BODY if leg.allows_update or not timer.is_running else leg.sent_body
    return LegRecord(
        call_id=_write(dialog.call_id),
        local_tag=dialog.local_tag,
        remote_tag=_write(dialog.remote_tag),
        local=_write(dialog.local),
        remote=_write(dialog.remote),
        remote_target=_write(dialog.remote_target),
        route_set=tuple(_write(entry) for entry in dialog.route_set),
        local_sequence=dialog.local_sequence,
        remote_sequence=dialog.remote_sequence,
        listener=leg.flow.listener.name,
        host=host,
        port=port,
        allows_update=leg.allows_update,
        session_interval_s=timer.interval_s if timer.is_running else 0,
        is_refresher=timer.is_refresher,
        sdp=body.content,
        sdp_fields=tuple((key, _write(value)) for key, value in body.fields),
        follows_dialog=bool(leg.follows_over),
        conceals=leg.conceals,
        party=leg.party,
        target=leg.target,
        calls=leg.calls,
    )


def _write(text: str) -> Octets:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _read(text: Octets) -> str:
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")
