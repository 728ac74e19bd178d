"""What ``sips`` asks of a call: TLS on every hop, or no call (RFC 3261 §26.2.2, RFC 5630 §5.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from freiton.routing.decision import Connect, DeviceGroup, DeviceTarget, Group, RefusedCall
from freiton.routing.refusals import RefusalCause
from sipcore.message.uri import is_sips

SECURE_TRUNKS: Final = frozenset({"tls"})
"""Transports of trunks over which nobody reads along."""


def only_secure(decision: Connect) -> Connect | RefusedCall:
    """Return what remains of a decision when every hop must be secure.

    An emergency call goes out all the same: help comes before secrecy.
    """
    if decision.is_emergency:
        return unsecured(decision)
    groups = tuple(group for one in decision.groups if (group := _secure(one)) is not None)
    return (
        replace(decision, groups=groups)
        if groups
        else RefusedCall(cause=RefusalCause.SIPS_NOT_ALLOWED)
    )


def unsecured(decision: Connect) -> Connect:
    """Return a decision that promises nobody more than was asked for.

    A device with a ``sips`` contact is called by a ``sip`` URI, over its own connection as ever:
    else it would believe that all hops before it were secure too (RFC 5630 §5.3).
    """
    if not any(isinstance(one, DeviceGroup) and _has_sips(one) for one in decision.groups):
        return decision
    groups = tuple(
        _unsecured(one) if isinstance(one, DeviceGroup) else one for one in decision.groups
    )
    return replace(decision, groups=groups)


def _secure(group: Group) -> Group | None:
    if not isinstance(group, DeviceGroup):
        return group if group.trunk.transport in SECURE_TRUNKS else None
    targets = tuple(
        target
        for target in group.targets
        if target.binding.flow.transport.is_secure and is_sips(target.request_uri)
    )
    return replace(group, targets=targets) if targets else None


def _has_sips(group: DeviceGroup) -> bool:
    return any(is_sips(target.request_uri) for target in group.targets)


def _unsecured(group: DeviceGroup) -> DeviceGroup:
    return replace(group, targets=tuple(map(_plain, group.targets)))


def _plain(target: DeviceTarget) -> DeviceTarget:
    uri = target.request_uri
    return replace(target, request_uri="sip:" + uri[5:]) if is_sips(uri) else target
