"""From decision to fact: an event is folded into the state and queued for the log in one step."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from freiton.accounting.charging_events import (
    ANNOUNCED,
    AnyEvent,
    EncodedEvent,
    Heartbeat,
    LogRecord,
    PersonalFields,
    encode_event,
)
from freiton.accounting.charging_state import ChargingState
from freiton.accounting.instants import MICROSECONDS, Instant, us_of_datetime, us_of_seconds
from freiton.accounting.outbox import Outbox

HEARTBEAT_US: Final = 1 * MICROSECONDS


class Journal:
    """The state of this process and the way to make it durable."""

    __slots__ = ("_boot_id", "_last_event_us", "outbox", "state")

    def __init__(self, state: ChargingState, *, boot_id: str) -> None:
        self.state = state
        self.outbox = Outbox()
        self._boot_id = boot_id
        self._last_event_us = 0

    def moment(self, at: datetime, now: float) -> Instant:
        """Give the moment of an input by both clocks."""
        return Instant(us_of_datetime(at), us_of_seconds(now), self._boot_id)

    def is_of_this_boot(self, instant: Instant) -> bool:
        """Tell whether a moment was measured on the clock that runs now."""
        return instant.boot_id == self._boot_id

    def enter(self, event: AnyEvent, personal: PersonalFields | None = None) -> int:
        """Make a decision a fact; give the number by which the log will acknowledge it.

        What cannot be written must not become a fact: encoding comes first, and its exception
        costs this one decision instead of everything that shares a batch with it.
        """
        encoded = encode_event(event, personal)
        self.state.apply(event, personal)
        return self._queue(encoded)

    def announce(self, event: AnyEvent, personal: PersonalFields | None = None) -> int:
        """Queue an event that becomes a fact only when it is durable, or is one already."""
        return self._queue(encode_event(event, personal))

    def acknowledge(self, seq: int, *, is_first: bool) -> LogRecord | None:
        """Learn that a record is durable; one that was announced becomes a fact by it, once."""
        record = self.outbox.acknowledge(seq)
        if record is not None and is_first and isinstance(record.event, ANNOUNCED):
            self.state.apply(record.event)
        return record

    def heartbeat_us(self) -> int | None:
        """When a sign of life is due: any event is one, and only talking calls need any."""
        if self.state.answered_count == 0 or not self.outbox.is_up:
            return None
        return self._last_event_us + HEARTBEAT_US

    def beat(self, when: Instant) -> None:
        """Give a sign of life if one is due."""
        due_us = self.heartbeat_us()
        if due_us is not None and when.mono_us >= due_us:
            self.enter(Heartbeat(when=when, open_calls=len(self.state.calls)))

    def _queue(self, encoded: EncodedEvent) -> int:
        self._last_event_us = max(self._last_event_us, encoded.event.when.mono_us)
        return self.outbox.put(encoded)
