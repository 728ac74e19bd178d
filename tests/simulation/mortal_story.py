"""What stories share in whose midst the switch dies: steps, the death, and that nothing is lost."""

from __future__ import annotations

from typing import Final

from freiton.accounting.charging_events import CallAdmitted, CallEnded
from rating.cdr import CallDetailRecord
from tests.support.virtual_switch import VirtualSwitch

US: Final = 1_000_000
DOWN_S: Final = 1.7


class MortalStory:
    """`dies_at` is the step after which the switch dies; `written` of its records were in time.

    A step is what somebody does, or one record made durable.
    """

    def __init__(self, switch: VirtualSwitch, *, dies_at: int | None, written: int) -> None:
        self.switch = switch
        self.dies_at = dies_at
        self.written = written
        self.steps = 0
        self.has_died = False

    def talk(self, seconds: float) -> None:
        self.switch.wire.advance(seconds)
        self.step()

    def step(self) -> None:
        self._die_if_due()
        while self.switch.log.waiting:
            self.switch.acknowledge_next()
            self._die_if_due()

    def write_all(self) -> None:
        while self.switch.log.waiting:
            self.switch.acknowledge_next()

    def die(self, *, written: int) -> None:
        """Lose the process with all but so many of its records in flight, and start another."""
        self.switch.crash(written=written)
        self.switch.wire.advance(DOWN_S)
        self.switch.start()
        self.switch.wire.settle()

    def come_to_rest(self, seconds: float) -> None:
        """Let the log answer at once from here on, and time pass."""
        self.write_all()
        self.switch.log.manner = "at once"
        self.switch.wire.advance(seconds)

    def before_death(self) -> None:
        """See what must be so after the next start."""

    def after_start(self) -> None:
        """See whether it is."""

    def expect_all_recorded_once(self) -> list[CallDetailRecord]:
        """Give the records: one of each admitted call at least, and none ended twice."""
        self.switch.assert_quiet()
        events, records = self.switch.log.events, self.switch.log.records()
        admitted = {one.call_id for one in events if isinstance(one, CallAdmitted)}
        ended = [one.call_id for one in events if isinstance(one, CallEnded)]
        assert len(ended) == len(set(ended)), "charged twice"
        assert {one.call_id for one in records} >= admitted, "an admitted call was lost"
        return records

    def _die_if_due(self) -> None:
        self.steps += 1
        if self.steps != self.dies_at:
            return
        self.has_died = True
        self.before_death()
        self.die(written=self.written)
        self.after_start()
