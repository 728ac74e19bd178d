"""The location service: every binding of this process, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final

from sipcore.identifiers import Identifiers
from sipcore.registrar.binding import Binding
from sipcore.registrar.binding_change import BindingChange, BindingEvent
from sipcore.registrar.update import BindingChanges
from sipcore.transport.flow import Address, Flow, Transport

KEEP_ALIVE_S: Final = 25.0
"""How often a NATed phone hears from us; the shortest NATs forget after 30 s."""

KEEP_ALIVE_JITTER: Final = 0.1
"""The share by which each interval is shorter or longer, so that phones do not fall into step."""

FlowKey = tuple[str, Address, int]


class LocationTable:
    """Bindings by address-of-record, with their expiry, their connections and their keep-alives.

    There is one deadline for each address-of-record and one for each NATed flow, whatever number
    of bindings and refreshes stand behind them, so that nobody can fill the heaps.
    """

    def __init__(self, identifiers: Identifiers, *, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._identifiers = identifiers
        jitter_s = keep_alive_s * KEEP_ALIVE_JITTER
        self._keep_alive_s = (keep_alive_s - jitter_s, keep_alive_s + jitter_s)
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._aors_by_flow: dict[FlowKey, tuple[str, ...]] = {}
        self._expiries: list[tuple[float, str]] = []
        self._expiry_by_aor: dict[str, float] = {}
        self._keep_alives: list[tuple[float, FlowKey]] = []
        self._keep_alive_by_flow: dict[FlowKey, float] = {}
        self._device_by_handle: dict[str, tuple[str, str]] = {}
        self._binding_count = 0
        self._watched: set[str] = set()
        self._changes: list[BindingChange] = []

    @property
    def aor_count(self) -> int:
        """How many addresses-of-record have a binding."""
        return len(self._bindings)

    @property
    def binding_count(self) -> int:
        """How many bindings there are."""
        return self._binding_count

    @property
    def natted_flow_count(self) -> int:
        """How many flows are kept open."""
        return len(self._keep_alive_by_flow)

    def is_kept_open(self, flow: Flow) -> bool:
        """Tell whether a flow leads through a NAT that we keep open."""
        return flow.key in self._keep_alive_by_flow

    def lookup(self, aor: str) -> tuple[Binding, ...]:
        """Return the bindings of an address-of-record."""
        return self._bindings.get(aor, ())

    def items(self) -> Iterator[tuple[str, tuple[Binding, ...]]]:
        """Go through all bindings, to write or to show them."""
        yield from self._bindings.items()

    def aors_over(self, flow: Flow) -> tuple[str, ...]:
        """Return whose devices are registered, or reached, over this very flow."""
        return self._aors_by_flow.get(flow.key, ())

    def watch(self, aor: str) -> None:
        """Begin to note what happens to the bindings of an address-of-record, for ``changes``."""
        self._watched.add(aor)

    def unwatch(self, aor: str) -> None:
        """Stop noting it."""
        self._watched.discard(aor)

    def changes(self) -> list[BindingChange]:
        """Give what happened to watched addresses-of-record since the last time, in order."""
        changes, self._changes = self._changes, []
        return changes

    def device_of(self, gruu_handle: str) -> tuple[str, str] | None:
        """Return the address-of-record and instance-id behind a handle; None when it is dead."""
        return self._device_by_handle.get(gruu_handle)

    def apply(self, aor: str, changes: BindingChanges, *, now: float) -> None:
        """Take over what a REGISTER changed."""
        self._note_register(aor, changes)
        self._replace(aor, changes.bindings)
        for binding in (*changes.added, *changes.refreshed):
            self._keep_open(binding, now + self._identifiers.spread(*self._keep_alive_s))

    def restore(self, aor: str, binding: Binding, *, now: float) -> None:
        """Take over a binding from before a restart; its NAT is about to forget us."""
        others = (one for one in self.lookup(aor) if one.key != binding.key)
        self._replace(aor, (*others, binding))
        self._keep_open(binding, now + self._identifiers.spread(0.0, self._keep_alive_s[1]))

    def expire(self, *, now: float) -> list[tuple[str, Binding]]:
        """Remove and return what has expired."""
        expired: list[tuple[str, Binding]] = []
        while self._expiries and self._expiries[0][0] <= now:
            due, aor = heappop(self._expiries)
            if self._expiry_by_aor.get(aor) != due:
                continue
            del self._expiry_by_aor[aor]
            known = self.lookup(aor)
            gone = [(aor, binding) for binding in known if binding.expires_at <= now]
            self._note(BindingEvent.EXPIRED, gone)
            expired += gone
            self._replace(aor, tuple(binding for binding in known if binding.expires_at > now))
        return expired

    def flow_failed(self, flow: Flow) -> list[tuple[str, Binding]]:
        """Remove and return the bindings over a connection that is gone; UDP has none."""
        if not flow.is_reliable:
            return []
        removed: list[tuple[str, Binding]] = []
        for aor in self.aors_over(flow):
            known = self.lookup(aor)
            gone = [(aor, binding) for binding in known if binding.flow == flow]
            self._note(BindingEvent.DEACTIVATED, gone)
            removed += gone
            self._replace(aor, tuple(binding for binding in known if binding.flow != flow))
        return removed

    def natted_flows_due(self, *, now: float) -> list[Binding]:
        """Return one binding of every NATed flow that needs a keep-alive now."""
        due_bindings: list[Binding] = []
        while self._keep_alives and self._keep_alives[0][0] <= now:
            due, key = heappop(self._keep_alives)
            if self._keep_alive_by_flow.get(key) != due:
                continue
            del self._keep_alive_by_flow[key]
            binding = self._natted_binding(key)
            if binding is not None:
                due_bindings.append(binding)
                self._keep_open(binding, now + self._identifiers.spread(*self._keep_alive_s))
        return due_bindings

    def next_deadline(self) -> float | None:
        """Return when ``expire`` or ``natted_flows_due`` is to be called next."""
        tops = [heap[0][0] for heap in (self._expiries, self._keep_alives) if heap]
        return min(tops) if tops else None

    def _note(self, event: BindingEvent, bindings: Iterable[tuple[str, Binding]]) -> None:
        self._changes += [
            BindingChange(aor, binding, event) for aor, binding in bindings if aor in self._watched
        ]

    def _note_register(self, aor: str, changes: BindingChanges) -> None:
        if aor not in self._watched:
            return
        before = {binding.key: binding.expires_at for binding in self.lookup(aor)}
        self._note(BindingEvent.UNREGISTERED, ((aor, one) for one in changes.removed))
        self._note(BindingEvent.REGISTERED, ((aor, one) for one in changes.added))
        for one in changes.refreshed:
            is_shorter = one.expires_at < before.get(one.key, 0.0)
            event = BindingEvent.SHORTENED if is_shorter else BindingEvent.REFRESHED
            self._note(event, ((aor, one),))

    def _replace(self, aor: str, bindings: tuple[Binding, ...]) -> None:
        known = self.lookup(aor)
        self._binding_count += len(bindings) - len(known)
        if bindings:
            self._bindings[aor] = bindings
            self._arm_expiry(aor, min(binding.expires_at for binding in bindings))
        else:
            self._bindings.pop(aor, None)
        for handle in {one.gruu_handle for one in known if one.gruu_handle}:
            self._device_by_handle.pop(handle, None)
        for one in bindings:
            if one.gruu_handle:
                self._device_by_handle[one.gruu_handle] = (aor, one.instance_id)
        flows, known_flows = _flow_keys(bindings), _flow_keys(known)
        for key in flows - known_flows:
            self._aors_by_flow[key] = (*self._aors_by_flow.get(key, ()), aor)
        for key in known_flows - flows:
            self._unlink(aor, key)

    def _unlink(self, aor: str, key: FlowKey) -> None:
        remaining = tuple(one for one in self._aors_by_flow[key] if one != aor)
        if remaining:
            self._aors_by_flow[key] = remaining
        else:
            del self._aors_by_flow[key]
            self._keep_alive_by_flow.pop(key, None)

    def _arm_expiry(self, aor: str, due: float) -> None:
        """Look after an address-of-record at ``due`` at the latest.

        A deadline that became too early stays: it costs one look, and a new one for every refresh
        would let a device that refreshes all the time fill the heap.
        """
        armed = self._expiry_by_aor.get(aor)
        if armed is None or due < armed:
            self._expiry_by_aor[aor] = due
            heappush(self._expiries, (due, aor))

    def _keep_open(self, binding: Binding, due: float) -> None:
        if not binding.is_natted or binding.flow.transport is not Transport.UDP:
            return
        key = binding.flow.key
        if key not in self._keep_alive_by_flow:
            self._keep_alive_by_flow[key] = due
            heappush(self._keep_alives, (due, key))

    def _natted_binding(self, key: FlowKey) -> Binding | None:
        for aor in self._aors_by_flow.get(key, ()):
            for binding in self.lookup(aor):
                if binding.is_natted and binding.flow.key == key:
                    return binding
        return None


def _flow_keys(bindings: tuple[Binding, ...]) -> set[FlowKey]:
    return {flow.key for binding in bindings for flow in (binding.flow, binding.source)}
