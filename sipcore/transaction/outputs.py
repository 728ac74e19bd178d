"""What transactions put out, and the time they are given; shared by all of one layer."""

from __future__ import annotations

from sipcore.transaction.counters import Counters
from sipcore.transaction.deadlines import Deadlines
from sipcore.transaction.events import TransactionEvent, TransactionId
from sipcore.transaction.table import Input
from sipcore.transaction.timers import Timers
from sipcore.transport.flow import Outgoing

TimerItem = tuple[TransactionId, Input]


class Outputs:
    """The lists that the layer's user drains, the heap of deadlines and the counters."""

    __slots__ = (
        "counters",
        "deadlines",
        "durations_reliable",
        "durations_unreliable",
        "events",
        "outgoing",
        "timers",
    )

    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.durations_reliable = timers.durations(is_reliable=True)
        self.durations_unreliable = timers.durations(is_reliable=False)
        self.deadlines: Deadlines[TimerItem] = Deadlines()
        self.outgoing: list[Outgoing] = []
        self.events: list[TransactionEvent] = []
        self.counters = Counters()
