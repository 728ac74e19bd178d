"""A call that has no leg of its own any more: another one talks for it."""

from __future__ import annotations

from sipcore.b2bua.call_events import CallCommand, CallEvent, Ended
from sipcore.b2bua.leg import Leg
from sipcore.dialog.dialog import DialogId


class SilentCall:
    """Speaks the language of ``Call``, and says nothing."""

    __slots__ = ()

    def step(self, event: CallEvent, *, now: float) -> list[CallCommand]:  # noqa: ARG002 - as Call
        """Have nothing left to say, whatever is told."""
        return [Ended()]

    def next_deadline(self) -> float | None:
        """Wait for nothing."""
        return None

    @property
    def ringing(self) -> None:
        """Nobody rings for it."""

    def legs(self) -> list[Leg]:
        """Return no legs."""
        return []

    def dialog_ids(self) -> set[DialogId]:
        """Return no dialogs."""
        return set()
