"""An INVITE with Replaces: its sender takes the place of a peer, or of a phone that rings.

Nothing is said to anybody before the record of it is durable (D14). Then he is answered with what
the other side said last, and the exchange of ``joining`` agrees on what both really can (RFC 3891
§3).
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call_events import Append, CallCommand, Replace, Target
from sipcore.b2bua.crossed_offers import crossed_answer
from sipcore.b2bua.fork import COMPLETED_ELSEWHERE, Fork
from sipcore.b2bua.fork_outcome import Winner
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import respond_outside
from sipcore.b2bua.seating import joined_record, let_in
from sipcore.errors import RemoteError

_NO_DIALOG: Final = 481
_NOT_ACCEPTABLE: Final = 488


def replace_in(
    bridge: Bridge,
    event: Replace,
    newcomer: Leg,
    *,
    out: list[CallCommand],
) -> bool:
    """Ask for the record of a place that is taken; 491 while another change is under way."""
    leg = next((one for one in bridge.legs.values() if one.dialog.id == event.dialog_id), None)
    stays = None if leg is None else bridge.opposite(leg)
    if leg is None or stays is None or leg.is_over or leg.is_early or bridge.handover.is_open:
        out.append(respond_outside(event.received, 491))
        return False
    newcomer.conceals = leg.conceals
    bridge.add(newcomer)
    bridge.handover.replace(leg, newcomer)
    out.append(Append(joined_record(bridge, newcomer, calls=leg.calls, others=())))
    return True


def take_place(bridge: Bridge, *, now: float, out: list[CallCommand]) -> None:
    """Answer who waits to take a place, since that is durable now."""
    newcomer, stays = bridge.handover.awaited, bridge.stays()
    replaced = bridge.handover.transferor
    if newcomer is None or stays is None or replaced is None or newcomer.is_over:
        return
    newcomer.calls, replaced.calls = replaced.calls, ()
    let_in(bridge, newcomer, stays, now=now, out=out)


def leave_place(bridge: Bridge, *, now: float, out: list[CallCommand]) -> None:
    """Refuse who waits to take a place; the record says again that all is as it was."""
    newcomer, replaced = bridge.handover.awaited, bridge.handover.transferor
    if newcomer is None or replaced is None:
        return
    newcomer.reject(503, out=out)
    bridge.handover.end_exchange()
    bridge.is_updated = True
    bridge.release_alone(replaced, 503, now=now, out=out)


def pick_up(
    fork: Fork,
    event: Replace,
    newcomer: Leg,
    offer: Body,
    *,
    now: float,
    out: list[CallCommand],
) -> Winner | None:
    """Return who answers in place of a phone that rings; None when it does not ring any more.

    ``offer`` is the caller's; without one, what is said here is an offer to him.
    The leg stays early until ``connect`` or ``let_in``: first the answer has to be durable. One
    that offers nothing is a RemoteError.
    """
    attempt = fork.attempt_in(event.dialog_id)
    if attempt is None or attempt.failure is not None:
        out.append(respond_outside(event.received, _NO_DIALOG))
        return None
    if not newcomer.received_body.has_sdp:
        raise RemoteError("who picks up has to offer", status_hint=_NOT_ACCEPTABLE)
    rung = attempt.target
    fork.close(COMPLETED_ELSEWHERE, now=now, out=out)
    newcomer.conceals = rung.hides_caller
    newcomer.target = newcomer.dialog.remote_target
    target = Target(
        newcomer.target,
        newcomer.target,
        newcomer.flow,
        from_value=rung.from_value,
        to_value=rung.to_value,
        ring_s=rung.ring_s,
        party=event.party,
    )
    said = newcomer.received_body
    return Winner(target, newcomer, crossed_answer(offer, said) if offer.has_sdp else said)


def connect(bridge: Bridge, *, now: float, out: list[CallCommand]) -> None:
    """Answer who has picked up, once the caller is answered.

    A caller that has offered nothing was told his offer, and the answer to it comes in the ACK.
    """
    caller, newcomer = bridge.caller, bridge.callee
    if newcomer is not None and newcomer.is_early and caller.received_body.has_sdp:
        bridge.handover.is_crossed = True
        let_in(bridge, newcomer, caller, now=now, out=out)
