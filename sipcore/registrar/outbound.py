"""Numbered flows of one device: the registrar's side of SIP outbound (RFC 5626 §6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.message import Request
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding

OPTION_TAG: Final = "outbound"

FLOW_TIMER_S: Final = 120
"""How often a device is to be heard over its connection (§4.4.1), well before that is closed."""


def lacks_support(request: Request) -> bool:
    """Tell whether the proxy next to the device cannot keep its flow (439).

    A REGISTER that came over a proxy must show, by ``ob`` in the Path that this proxy left, that
    requests find back to the device's flow (§6). Over no proxy the flow is our own.
    """
    if OPTION_TAG not in request.tokens("supported"):
        return False
    if len(request.entries("via")) < 2:
        return False
    return not any(_has_ob(entry) for entry in request.entries("path"))


def by_device(bindings: Iterable[Binding]) -> list[tuple[Binding, ...]]:
    """Group bindings by what rings: the flows of one instance, the freshest first.

    Only one of them is tried at a time (§5.3); those that expire last are the freshest.
    """
    devices: dict[str, list[Binding]] = {}
    for binding in bindings:
        device = f"instance {binding.instance_id}" if binding.is_numbered else binding.key
        devices.setdefault(device, []).append(binding)
    return [
        tuple(sorted(flows, key=lambda one: one.expires_at, reverse=True))
        for flows in devices.values()
    ]


def _has_ob(entry: str) -> bool:
    try:
        uri = NameAddress.parse(entry).uri
    except RemoteError:
        return False
    return isinstance(uri, SipUri) and "ob" in uri.parameters
