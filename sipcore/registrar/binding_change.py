"""What became of a binding, in the words of RFC 3680, for whoever follows it."""

from __future__ import annotations

from enum import StrEnum

from sipcore.registrar.binding import Binding


class BindingEvent(StrEnum):
    """Why a binding came, changed or went; ``created`` is for those that no REGISTER made."""

    REGISTERED = "registered"
    CREATED = "created"
    REFRESHED = "refreshed"
    SHORTENED = "shortened"
    EXPIRED = "expired"
    DEACTIVATED = "deactivated"
    UNREGISTERED = "unregistered"

    @property
    def is_end(self) -> bool:
        """Whether the binding holds no more."""
        return self in (
            BindingEvent.EXPIRED,
            BindingEvent.DEACTIVATED,
            BindingEvent.UNREGISTERED,
        )


class BindingChange:
    """One binding of an address-of-record, as it is now or was to the end."""

    __slots__ = ("aor", "binding", "event")

    def __init__(self, aor: str, binding: Binding, event: BindingEvent) -> None:
        self.aor = aor
        self.binding = binding
        self.event = event

    def __repr__(self) -> str:
        return f"<BindingChange {self.event} {self.aor} {self.binding.contact}>"
