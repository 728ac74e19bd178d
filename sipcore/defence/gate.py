"""The gate: what comes in, what is told to come later, what is not heard at all.

It is asked once for every request, before a transaction is made for it, and keeps nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from sipcore.defence.call_rate import CallRate
from sipcore.defence.pressure import Pressure
from sipcore.defence.priority import Priority, priority_of
from sipcore.defence.refusals import Refusals
from sipcore.defence.scanners import is_scanner
from sipcore.defence.sources import SourceLimits, Sources
from sipcore.defence.stranger_emergencies import StrangerEmergencies
from sipcore.identifiers import Identifiers
from sipcore.limits import (
    BEHIND_MAX_CONTINUED_S,
    BEHIND_MAX_NEW_REGISTER_S,
    BEHIND_MAX_REFRESH_S,
    BEHIND_MAX_REST_S,
)
from sipcore.message.message import Request
from sipcore.transport.flow import Flow, Outgoing, Transport

BEHIND_MAX_S: Final = MappingProxyType(
    {
        Priority.REST: BEHIND_MAX_REST_S,
        Priority.NEW_REGISTER: BEHIND_MAX_NEW_REGISTER_S,
        Priority.CONTINUED: BEHIND_MAX_CONTINUED_S,
        Priority.REFRESH: BEHIND_MAX_REFRESH_S,
    }
)
"""How far behind the switch may be for a request to come in. New INVITEs have `CallRate` beside
it; what belongs to a dialog always comes in."""

_LIGHT: Final = frozenset({"ACK", "CANCEL"})
"""They cost less than to find out whom they belong to."""


class Acquaintances(Protocol):
    """Who is no stranger."""

    def is_known(self, flow: Flow) -> bool:
        """Tell whether a device is registered over this flow, or a carrier sends from it."""
        ...

    def is_registered_near(self, request: Request, host: str) -> bool:
        """Tell whether the sender's address-of-record is registered from this address."""
        ...

    def hears_us(self, request: Request, host: str, *, now: float) -> bool:
        """Tell whether a request proves that its sender hears what we send to that address."""
        ...

    def is_in_call(self, request: Request) -> bool:
        """Tell whether a request belongs to the dialog of a call that stands."""
        ...


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What the operator decides."""

    answers_scanners: bool = False
    sources: SourceLimits = field(default_factory=SourceLimits)


class GateCounters:
    """What the gate kept out, in plain integers."""

    __slots__ = ("dropped", "scanners", "shed")

    def __init__(self) -> None:
        self.shed = dict.fromkeys(Priority, 0)
        self.scanners = 0
        self.dropped = 0


class Gate:
    """Judges requests by what they are, from where, and how far behind the switch is."""

    def __init__(
        self,
        acquaintances: Acquaintances,
        *,
        identifiers: Identifiers,
        is_emergency: Callable[[Request], bool],
        settings: GateSettings,
    ) -> None:
        self.pressure: Final = Pressure()
        self.sources: Final = Sources(settings.sources)
        self.call_rate: Final = CallRate()
        self.counters: Final = GateCounters()
        self._acquaintances = acquaintances
        self._is_emergency = is_emergency
        self._settings = settings
        self._emergencies: Final = StrangerEmergencies()
        self._refusals: Final = Refusals(identifiers)
        self._outgoing: list[Outgoing] = []

    def admits(self, request: Request, flow: Flow, *, now: float) -> bool:
        """Tell whether a request comes in; a 503 for one that does not may be in `outgoing`.

        RemoteError when it is malformed in what is looked at.
        """
        behind_s = self.pressure.behind_s(now=now)
        self.call_rate.observe(behind_s, now=now)
        is_known = self._acquaintances.is_known(flow)
        if is_known and behind_s <= 0:
            if request.method == "INVITE":
                self.call_rate.admits(behind_s, now=now)
            return True
        if request.method == "INVITE" and self._is_emergency(request):
            return is_known or self._helps(request, flow, now=now)
        priority = priority_of(request, is_known=is_known)
        if not is_known:
            if not self._hears(request, flow, priority, now=now):
                return False
            if behind_s > 0 and priority is Priority.IN_DIALOG and self._is_made_up(request):
                priority = Priority.REST
        return self._has_time_for(priority, behind_s, now=now) or self._shed(
            request, flow, priority
        )

    def is_known(self, flow: Flow) -> bool:
        """Tell whether more than a stranger speaks over this flow."""
        return self._acquaintances.is_known(flow)

    def is_spent(self, data: bytes) -> bool:
        """Tell whether a datagram is the ACK for a 503 of ours: nobody waits for it."""
        return self._refusals.is_acknowledged(data)

    def note_refused(self, request: Request, flow: Flow, *, now: float) -> None:
        """Learn that a request was refused for what it asked or who asked it.

        Anybody can write any address above a datagram. So one counts only if its sender proves that
        he hears us there: else a hundred forged ones would silence an office.
        """
        host = flow.remote[0]
        if flow.transport is Transport.UDP and not self._acquaintances.hears_us(
            request, host, now=now
        ):
            return
        if not self._acquaintances.is_known(flow) and not (
            self._acquaintances.is_registered_near(request, host)
        ):
            self.sources.note_failure(host, now=now)

    def outgoing(self) -> list[Outgoing]:
        """Give the answers to be sent."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def _hears(self, request: Request, flow: Flow, priority: Priority, *, now: float) -> bool:
        """Tell whether a stranger is heard; who is not gets no answer that would tell of us."""
        is_new = priority is not Priority.IN_DIALOG
        if is_new and not self._settings.answers_scanners and is_scanner(request):
            self.counters.scanners += 1
            return False
        host = flow.remote[0]
        if self.sources.admits(host, now=now):
            return True
        if self._acquaintances.is_registered_near(request, host):
            return True
        if not is_new and self._acquaintances.is_in_call(request):
            return True
        self.counters.dropped += 1
        return False

    def _helps(self, request: Request, flow: Flow, *, now: float) -> bool:
        """Tell whether a stranger's call for help comes in, whatever else comes from there."""
        host = flow.remote[0]
        if self._emergencies.admits(host, now=now):
            return True
        if self._acquaintances.is_registered_near(request, host):
            return True
        return self._shed(request, flow, Priority.EMERGENCY)

    def _is_made_up(self, request: Request) -> bool:
        """Tell whether a stranger's request claims to belong to a call and does not."""
        return request.method not in _LIGHT and not self._acquaintances.is_in_call(request)

    def _has_time_for(self, priority: Priority, behind_s: float, *, now: float) -> bool:
        if priority is Priority.NEW_INVITE:
            return self.call_rate.admits(behind_s, now=now)
        return behind_s <= BEHIND_MAX_S.get(priority, behind_s)

    def _shed(self, request: Request, flow: Flow, priority: Priority) -> bool:
        """Answer 503; it does not come in."""
        self.counters.shed[priority] += 1
        self._outgoing.append(self._refusals.refuse(request, flow))
        return False
