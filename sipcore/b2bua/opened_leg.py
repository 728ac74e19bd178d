"""The leg that an INVITE of a peer opens; early until it is answered."""

from __future__ import annotations

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import Replace
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.settings import CallSettings
from sipcore.dialog.dialog import Dialog
from sipcore.identifiers import Identifiers
from sipcore.transaction.events import RequestReceived
from sipcore.transport.flow import Listener


def open_leg(
    call_id: str,
    number: int,
    received: RequestReceived,
    *,
    party: str,
    identifiers: Identifiers,
    settings: CallSettings,
    follows_over: tuple[Listener, ...] = (),
) -> Leg:
    """Return the leg of whoever invites us; RemoteError for an INVITE that makes no dialog."""
    invite = received.request
    body = Body.of(invite, bytes_max=settings.body_bytes_max)
    leg = Leg(
        call_id,
        number,
        received.flow,
        Dialog.from_request(invite, local_tag=identifiers.tag()),
        identifiers=identifiers,
        settings=settings,
        follows_over=follows_over,
    )
    leg.party = party
    leg.open_early(received, body)
    return leg


def open_newcomer(
    call_id: str, number: int, event: Replace, identifiers: Identifiers, settings: CallSettings
) -> Leg:
    """Return the leg of whoever comes in by Replaces; RemoteError as above."""
    return open_leg(
        call_id,
        number,
        event.received,
        party=event.party,
        identifiers=identifiers,
        settings=settings,
    )
