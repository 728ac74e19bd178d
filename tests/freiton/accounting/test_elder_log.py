"""A log and a snapshot as the switch wrote them before there were plans and allowances."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from freiton.accounting.call_records import check_record
from freiton.accounting.charging_events import AnyEvent, CallAdmitted, CallEnded
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.recovery import recover
from freiton.accounting.snapshot import StateSnapshot, decode_state, snapshot_of
from rating.allowances import AllowanceTerms
from tests.freiton.accounting.desk import CENT, PREPAID, Desk

ELDER = json.loads((Path(__file__).parent / "elder_log.json").read_text())
ROWS = [bytes.fromhex(row) for row in ELDER["events"]]
SNAPSHOT = bytes.fromhex(ELDER["snapshot"])


def folded() -> ChargingState:
    state = ChargingState()
    for row in ROWS:
        event: AnyEvent = msgspec.msgpack.decode(row, type=AnyEvent)
        state.apply(event)
    return state


def test_its_fold_is_its_own_snapshot() -> None:
    """Both to the letter, or a proof of the whole log would fail at every former seam."""
    stored = msgspec.msgpack.decode(SNAPSHOT, type=StateSnapshot)
    assert snapshot_of(folded()) == stored
    assert snapshot_of(decode_state(SNAPSHOT, {})) == stored
    assert sorted(call.admitted.call_id for call in stored.calls) == ["owes", "runs"]


def test_its_charges_are_proven() -> None:
    events: list[AnyEvent] = [msgspec.msgpack.decode(row, type=AnyEvent) for row in ROWS]
    admitted = {one.call_id: one for one in events if isinstance(one, CallAdmitted)}
    (ended,) = [one for one in events if isinstance(one, CallEnded)]
    assert ended.charged_micros == 13_000
    assert check_record(ended, admitted[ended.call_id]) is None


@pytest.mark.parametrize("state", [folded(), decode_state(SNAPSHOT, {})])
def test_its_calls_go_on_and_the_next_ones_have_allowances(state: ChargingState) -> None:
    desk = Desk(now=1_100.0)
    recovered = recover(state, position=len(ROWS), boot_id="boot1", at=desk.at, now=desk.now)
    desk.accounting = recovered.accounting
    assert desk.balance() == 5 * CENT - 13_000
    for call in recovered.open_calls:
        desk.accounting.close_lost(call.call_id, at=desk.at, now=desk.now)
    runs = desk.accounting._ended["runs"]
    assert (runs.amount_micros, runs.allowance_used_s) == (15_000, {})
    assert desk.balance() == 5 * CENT - 13_000 - 15_000
    # The record names today's form of the price that was promised in yesterday's.
    admitted = {call.admitted.call_id: call.admitted for call in folded().calls.values()}
    ends = [one.event for one in desk.accounting.outgoing() if isinstance(one.event, CallEnded)]
    assert len(ends) == 2
    assert [check_record(one, admitted[one.call_id]) for one in ends] == [None, None]
    terms = AllowanceTerms("FREE-120", "2026-05", 25)
    assert desk.admit("c1", terms=PREPAID, allowances=(terms,))
    assert desk.allowance(terms) == (0, 10)
