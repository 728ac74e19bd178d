"""From a routing group to the targets that a call rings."""

from __future__ import annotations

from typing import Final

from freiton.calls.carriers import Carriers
from freiton.calls.parties import account_party, trunk_party
from freiton.routing.decision import Connect, DeviceGroup, DeviceTarget, Group, TrunkGroup
from freiton.routing.local_targets import aor_of
from sipcore.b2bua.call_events import Fields, Target

WAYS_MAX: Final = 8
"""Addresses of one trunk tried for one call; the caller hears nothing meanwhile."""


def targets_of(
    group: Group,
    decision: Connect,
    carriers: Carriers,
    *,
    now: float,
    trunk_ring_s: float,
    is_referred: bool = False,
) -> tuple[Target, ...]:
    """Return whom to ring now; none when what routing saw is gone by this instant.

    Our own devices are told who referred the caller to them (RFC 3892); a carrier is not, since it
    is nobody whom we trust with a colleague's name.
    """
    if isinstance(group, DeviceGroup):
        fields = _referred_by(decision) if is_referred else ()
        return _devices(group, decision, fields, now=now)
    return _trunk(group, decision, carriers, now=now, trunk_ring_s=trunk_ring_s)


def _referred_by(decision: Connect) -> Fields:
    """Return who asked for a transfer, as his colleagues know him, unless he hides his number."""
    if decision.caller is None or decision.is_number_hidden:
        return ()
    return (("referred-by", f"<sip:{aor_of(decision.caller)}>"),)


def _devices(
    group: DeviceGroup, decision: Connect, fields: Fields, *, now: float
) -> tuple[Target, ...]:
    devices = (_device(target, group, decision, fields, now=now) for target in group.targets)
    return tuple(one for one in devices if one is not None)


def _device(
    device: DeviceTarget, group: DeviceGroup, decision: Connect, fields: Fields, *, now: float
) -> Target | None:
    """Return the first flow of a device, with the others to fall back on."""
    identity = group.identity
    target: Target | None = None
    for way in reversed((device, *device.others)):
        if way.binding.expires_at > now:
            target = Target(
                way.binding.contact,
                way.request_uri,
                way.binding.flow,
                from_value=identity.from_value,
                to_value=identity.to_value,
                ring_s=group.account.ring_s,
                route=way.binding.path,
                fields=(*identity.fields, *fields),
                hides_caller=decision.is_number_hidden,
                party=account_party(group.account),
                fallback=target,
            )
    return target


def _trunk(
    group: TrunkGroup, decision: Connect, carriers: Carriers, *, now: float, trunk_ring_s: float
) -> tuple[Target, ...]:
    carrier = carriers.carrier(group.trunk.id)
    ways = carriers.ways(group.trunk.id, now=now)
    if carrier is None or not ways:
        return ()
    ring_s = trunk_ring_s if decision.caller is None else decision.caller.ring_s
    target: Target | None = None
    for flow in reversed(ways[:WAYS_MAX]):
        target = Target(
            group.trunk.name,
            group.request_uri,
            flow,
            from_value=group.identity.from_value,
            to_value=group.identity.to_value,
            ring_s=max(ring_s, trunk_ring_s),
            route=carrier.route,
            session_expires_s=group.trunk.profile.session_expires_s,
            offers_reliable=group.trunk.profile.offers_reliable,
            fields=group.identity.fields,
            credentials=carrier.client,
            dialog_listeners=carriers.listeners,
            hides_caller=decision.is_number_hidden,
            party=trunk_party(group.trunk),
            fallback=target,
        )
    return () if target is None else (target,)
