"""Legs that change calls: how one comes into a bridge in place of another, and how one leaves it.

What is said to the two that are joined is the exchange of ``joining``; who may join whom is call
control's.
"""

from __future__ import annotations

from sipcore.b2bua.active_offer import active_offer
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call_events import AnswerRefer, CallCommand, Join, JoinFailed, ReportRefer
from sipcore.b2bua.crossed_offers import crossed_answer
from sipcore.b2bua.handover import GONE_STATUS, newcomer_number
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.resume import CallRecord, resume_timers, write_joined
from sipcore.errors import LocalError


def take_transfer_event(
    bridge: Bridge,
    event: AnswerRefer | ReportRefer | Join,
    *,
    call_id: str,
    now: float,
    out: list[CallCommand],
) -> None:
    """Take what call control says of a transfer."""
    if isinstance(event, AnswerRefer):
        bridge.handover.answer(event, now=now, out=out)
    elif isinstance(event, ReportRefer):
        bridge.report_refer(event, now=now, out=out)
    else:
        join(bridge, event, call_id=call_id, now=now, out=out)


def join(bridge: Bridge, event: Join, *, call_id: str, now: float, out: list[CallCommand]) -> None:
    """Let a leg of another call take the place of the transferor."""
    newcomer, stays = event.leg, bridge.stays()
    newcomer.move_to(call_id, newcomer_number(bridge.legs))
    newcomer.calls = event.calls
    bridge.add(newcomer)
    if bridge.is_released or stays is None:
        newcomer.hang_up(now=now, out=out)
        out.append(JoinFailed(GONE_STATUS, newcomer.calls))
        return
    stays.calls = stays.calls or event.others
    let_in(bridge, newcomer, stays, now=now, out=out)


def let_in(
    bridge: Bridge, newcomer: Leg, stays: Leg, *, now: float, out: list[CallCommand]
) -> None:
    """Let two legs hear each other; whoever has picked up is answered first."""
    if newcomer.is_early:
        answer = crossed_answer(newcomer.received_body, stays.received_body)
        newcomer.accept(answer, now=now, out=out)
    outcome = bridge.handover.join(stays, newcomer, now=now, out=out)
    bridge.conclude_join(outcome, now=now, out=out)


def joined_record(
    bridge: Bridge,
    newcomer: Leg,
    *,
    calls: tuple[str, ...],
    others: tuple[str, ...],
    parting: tuple[Leg, ...] = (),
) -> bytes:
    """Return the record of what ``join`` is about to do with that leg."""
    transferor, stays = bridge.handover.transferor, bridge.stays()
    if transferor is None or stays is None:
        raise LocalError("a join without a transfer")
    legs, ids = (newcomer, stays), (calls, stays.calls or others)
    if transferor is not bridge.caller:
        legs, ids = (stays, newcomer), (ids[1], ids[0])
    return write_joined(*legs, calls=ids, parting=(transferor, *parting))


def go_on(
    bridge: Bridge,
    written: CallRecord,
    parting: tuple[Leg, ...],
    *,
    now: float,
    out: list[CallCommand],
) -> None:
    """After a restart: end the legs that were parting, and finish what was begun."""
    resume_timers(bridge.caller, bridge.callee, written, now=now)
    for leg in parting:
        bridge.add(leg)
        leg.hang_up(now=now, out=out)
    if not written.is_joined and bridge.callee is not None:
        outcome = bridge.handover.join(bridge.caller, bridge.callee, now=now, out=out)
        bridge.conclude_join(outcome, now=now, out=out)


def offer_for_newcomer(bridge: Bridge) -> Body:
    """Return what the leg that stays can be offered as, nothing where that is not known."""
    stays = bridge.stays()
    return NO_BODY if stays is None else active_offer(stays.received_body)


def surrender(bridge: Bridge, transferor: Leg) -> Leg | None:
    """Give away the leg opposite the transferor's, if it is free to go; he himself stays.

    To the call that is the end, and ``Hangup`` then ends the transferor's leg.
    """
    leg = bridge.opposite(transferor)
    if leg is None or leg.pending or not leg.is_ready or bridge.handover.is_open:
        return None
    bridge.surrendered = bridge.legs.pop(leg.number)
    bridge.caller, bridge.callee = transferor, None
    bridge.is_released = True
    return leg
