"""An INVITE with Replaces for a dialog that is talked in: its sender takes that one's place.

He is answered at once with what the other side said last, and the exchange of ``joining`` then
agrees on what both really can (RFC 3891 §3).
"""

from __future__ import annotations

from sipcore.b2bua.active_offer import active_offer
from sipcore.b2bua.body import Body
from sipcore.b2bua.bridge import Bridge
from sipcore.b2bua.call_events import CallCommand, Replace
from sipcore.b2bua.handover import newcomer_number
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import respond_outside
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import Dialog
from sipcore.dialog.offer_answer import Input
from sipcore.identifiers import Identifiers


def replace_in(
    bridge: Bridge,
    event: Replace,
    *,
    call_id: str,
    identifiers: Identifiers,
    settings: CallSettings,
    now: float,
    out: list[CallCommand],
) -> None:
    """Answer the INVITE, and let its sender in; 491 while another change is under way."""
    leg = next((one for one in bridge.legs.values() if one.dialog.id == event.dialog_id), None)
    stays = None if leg is None else bridge.opposite(leg)
    if leg is None or stays is None or leg.is_over or bridge.handover.is_open:
        out.append(respond_outside(event.received, 491))
        return
    newcomer = _answered(
        event,
        stays,
        number=newcomer_number(bridge.legs),
        call_id=call_id,
        identifiers=identifiers,
        settings=settings,
        now=now,
        out=out,
    )
    bridge.replace(leg, stays, newcomer, now=now, out=out)


def _answered(
    event: Replace,
    stays: Leg,
    *,
    number: int,
    call_id: str,
    identifiers: Identifiers,
    settings: CallSettings,
    now: float,
    out: list[CallCommand],
) -> Leg:
    """Return the leg of who comes in, its INVITE answered; RemoteError for one that makes none."""
    invite = event.received.request
    leg = Leg(
        call_id,
        number,
        event.received.flow,
        Dialog.from_request(invite, local_tag=identifiers.tag()),
        identifiers=identifiers,
        settings=settings,
    )
    leg.party = event.party
    leg.is_early = True
    leg.invite = event.received
    leg.received_body = Body.of(invite, bytes_max=settings.body_bytes_max)
    if leg.received_body.has_sdp:
        leg.offer_answer.step(Input.RECEIVE_OFFER)
    said = active_offer(stays.received_body)
    leg.agree_session(now=now)
    leg.accept(said if said.has_sdp else stays.received_body, now=now, out=out)
    return leg
