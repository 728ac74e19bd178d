"""After a restart: what the log left open, and what becomes of it.

A call that was never answered is closed uncharged at once. An answered one keeps its slots and
its reservation while call control asks both legs whether they live: `readopt` it when both do,
`close_lost` when one does not. Until then its clock is stopped at its last proof of life, which
is the last event of the process that held it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.instants import Instant
from rating.cdr import CallDetailRecord


class OpenCall(NamedTuple):
    """An answered call that may still be running; `resume` is what call control left for it.

    `restarts` counts the processes since, this one included. `joined_to` is the call whose
    conversation this one is part of.
    """

    call_id: str
    account_id: str
    resume: bytes
    answered: Instant
    last_proof: Instant
    granted_s: int
    restarts: int
    joined_to: str = ""


class Recovered(NamedTuple):
    """The accounting of the new process, the calls to probe, the calls that are over."""

    accounting: CallAccounting
    open_calls: list[OpenCall]
    closed: list[CallDetailRecord]


def recover(
    state: ChargingState, *, position: int, boot_id: str, at: datetime, now: float
) -> Recovered:
    """Take over from the process that wrote the log up to `position`."""
    accounting = CallAccounting(state, boot_id=boot_id, position=position)
    accounting.begin(at=at, now=now)
    closed: list[CallDetailRecord] = []
    open_calls: list[OpenCall] = []
    for call_id, call in list(state.calls.items()):
        if call.answered is None or call.last_proof is None:
            closed.append(accounting.close_lost(call_id, at=at, now=now))
            continue
        open_calls.append(
            OpenCall(
                call_id,
                call.admitted.account_id,
                call.personal.resume,
                call.answered,
                call.last_proof,
                call.session.grant.seconds,
                call.restarts,
                call.joined_to,
            )
        )
    return Recovered(accounting, open_calls, closed)
