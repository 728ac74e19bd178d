"""The location service: every binding of this process, in memory."""

from __future__ import annotations

from sipcore.identifiers import Identifiers
from sipcore.registrar.binding import Binding
from sipcore.registrar.update import BindingChanges
from sipcore.transport.flow import Flow


class LocationTable:
    """Bindings by address-of-record, with their expiry, their connections and their keep-alives."""

    def __init__(self, identifiers: Identifiers) -> None:
        raise NotImplementedError

    def lookup(self, aor: str) -> tuple[Binding, ...]:
        """Return the bindings of an address-of-record."""
        raise NotImplementedError

    def aors_over(self, flow: Flow) -> tuple[str, ...]:
        """Return whose devices are registered over this very flow."""
        raise NotImplementedError

    def apply(self, aor: str, changes: BindingChanges, *, now: float) -> None:
        """Take over what a REGISTER changed."""
        raise NotImplementedError

    def restore(self, aor: str, binding: Binding, *, now: float) -> None:
        """Take over a binding from before a restart."""
        raise NotImplementedError

    def expire(self, *, now: float) -> list[tuple[str, Binding]]:
        """Remove and return what has expired."""
        raise NotImplementedError

    def flow_failed(self, flow: Flow) -> list[tuple[str, Binding]]:
        """Remove and return the bindings over a connection that is gone; UDP has none."""
        raise NotImplementedError

    def natted_flows_due(self, *, now: float) -> list[Binding]:
        """Return one binding of every NATed flow that needs a keep-alive now."""
        raise NotImplementedError

    def next_deadline(self) -> float | None:
        """Return when ``expire`` or ``natted_flows_due`` is to be called next."""
        raise NotImplementedError
