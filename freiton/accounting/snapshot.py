"""The state of the charging log as bytes, so that a start need not fold it from its first event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from freiton.accounting.charged_call import NOBODY, ChargedCall
from freiton.accounting.charging_events import SCHEMA_VERSION, CallAdmitted, PersonalFields
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.errors import LogUnreadable
from freiton.accounting.instants import Instant
from rating.allowances import AllowanceBook
from rating.ledger import Book


class CallSnapshot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open call; its personal fields travel apart."""

    admitted: CallAdmitted
    owners: tuple[str, ...]
    session: dict[str, Any]
    trunk_id: str | None = None
    answered: Instant | None = None
    anchor: Instant | None = None
    talked_us: int = 0
    changes: int = 0
    last_proof: Instant | None = None
    restarts: int = 0
    joined_to: str = ""
    joined: tuple[str, ...] = ()


class StateSnapshot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `ChargingState` with nothing left out but the personal fields."""

    version: int
    book: dict[str, Any]
    calls: tuple[CallSnapshot, ...]
    last_alive: Instant | None = None
    rating_run: int = 0
    rating_run_id: str = ""
    # None before the first allowance: so the snapshots of elder switches still compare equal.
    allowances: dict[str, Any] | None = None


def snapshot_of(state: ChargingState) -> StateSnapshot:
    """Give the state as values that compare equal where the states do."""
    return StateSnapshot(
        version=SCHEMA_VERSION,
        book=state.book.to_record(),
        calls=tuple(
            CallSnapshot(
                admitted=call.admitted,
                owners=state.slots.owners(call_id),
                session=call.session.to_record(),
                trunk_id=call.trunk_id,
                answered=call.answered,
                anchor=call.anchor,
                talked_us=call.talked_us,
                changes=call.changes,
                joined_to=call.joined_to,
                joined=call.joined,
                last_proof=call.last_proof,
                restarts=call.restarts,
            )
            for call_id, call in sorted(state.calls.items())
        ),
        last_alive=state.last_alive,
        rating_run=state.rating_run,
        rating_run_id=state.rating_run_id,
        allowances=None if state.allowances.is_empty else state.allowances.to_record(),
    )


def encode_state(state: ChargingState) -> bytes:
    """Write a snapshot."""
    return msgspec.msgpack.encode(snapshot_of(state))


def decode_state(data: bytes, personal: Mapping[str, PersonalFields]) -> ChargingState:
    """Read a snapshot and give each open call its personal fields back."""
    snapshot = msgspec.msgpack.decode(data, type=StateSnapshot)
    if snapshot.version != SCHEMA_VERSION:
        raise LogUnreadable(
            f"the snapshot has version {snapshot.version}, this switch reads {SCHEMA_VERSION}"
        )
    stored_allowances = snapshot.allowances
    state = ChargingState(
        Book.from_record(snapshot.book),
        None if stored_allowances is None else AllowanceBook.from_record(stored_allowances),
    )
    state.last_alive = snapshot.last_alive
    state.rating_run = snapshot.rating_run
    state.rating_run_id = snapshot.rating_run_id
    for stored in snapshot.calls:
        admitted = stored.admitted
        session = state.new_session(
            admitted.call_id,
            admitted.account_id,
            is_prepaid=admitted.is_prepaid,
            cap_s=admitted.cap_s,
            allowances=admitted.allowances,
        )
        session.restore(stored.session)
        call = ChargedCall(admitted, session, personal.get(admitted.call_id, NOBODY))
        call.trunk_id = stored.trunk_id
        call.answered = stored.answered
        call.anchor = stored.anchor
        call.talked_us = stored.talked_us
        call.changes = stored.changes
        call.joined_to = stored.joined_to
        call.joined = stored.joined
        call.last_proof = stored.last_proof
        call.restarts = stored.restarts
        state.open_call(call, stored.owners)
    return state
