"""What a decision is handed: the site, the numbering plan, who is registered, how trunks stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from freiton.routing.directory import Directory, Trunk, TrunkKind
from rating.numbering import Numbering
from sipcore.identifiers import Identifiers
from sipcore.registrar.binding import Binding


class Locations(Protocol):
    """Where devices are; in memory, so a look-up is part of the decision and waits for nothing."""

    def lookup(self, aor: str) -> tuple[Binding, ...]:
        """Return the bindings of an address-of-record."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkState:
    """How a trunk stands right now.

    A trunk that just failed ``is_blocked`` for a while: others come before it. One that asked for
    fewer calls ``is_shedding`` for some of them, and this call is such a one (RFC 7339).
    ``open_calls`` counts both directions, emergency calls included.
    """

    is_registered: bool
    is_blocked: bool = False
    is_shedding: bool = False
    open_calls: int = 0


def _nobody_calls(_account_id: int, _number: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteContext:
    """Everything a decision may look at besides the request.

    A trunk without an entry in ``trunk_states`` is new: one by registration is not up yet, one by
    fixed address is. ``identifiers`` is the chance by which weights are drawn. ``today`` is the
    local date by which proofs expire: on the first day of all none holds. ``has_call_from`` tells
    whether an account is being called, or talks, with this number shown.
    """

    directory: Directory
    numbering: Numbering
    locations: Locations
    trunk_states: Mapping[int, TrunkState]
    identifiers: Identifiers
    strangers_may_call_emergency: bool = False
    today: date = date.min
    has_call_from: Callable[[int, str], bool] = _nobody_calls

    def trunk_state(self, trunk: Trunk) -> TrunkState:
        """Return how a trunk stands."""
        state = self.trunk_states.get(trunk.id)
        return (
            TrunkState(is_registered=trunk.kind is TrunkKind.FIXED_IP) if state is None else state
        )
