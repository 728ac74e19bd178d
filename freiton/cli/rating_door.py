"""How a rating run gets into the charging log: through the running switch, or without one.

The log has one writer. While a switch runs it is the switch, asked over its control socket;
otherwise this process becomes the writer for a moment, under the locks that keep a switch from
starting meanwhile. Both ways check a run and its corrections by the same functions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import msgspec

from freiton.accounting.charging_events import AnyEvent, CallRerated, encode_event
from freiton.accounting.errors import AccountingError
from freiton.accounting.instants import Instant, us_of_datetime, us_of_seconds
from freiton.accounting.rating_runs import begin_run, check_correction
from freiton.cli.desk import Desk
from freiton.clock import Clock
from freiton.control import ControlClient, StateLock, SwitchNotRunning
from freiton.errors import OperatorError
from freiton.storage.charging_log_appender import AppendRecord, LogAppender

BATCH_BYTES_MAX: Final = 48 * 1024
"""Below what the control socket takes as one request, with room for its own words."""


class RatingDoor(Protocol):
    """Whoever may write to the charging log."""

    def begin(self, run_id: str, *, reason: str) -> int:
        """Begin a run, or go on with the newest one; give its number once it is durable."""

    def correct(self, corrections: Sequence[CallRerated]) -> None:
        """Make corrections of the newest run durable."""


@contextmanager
def rating_door(desk: Desk) -> Iterator[RatingDoor]:
    """Open the way to the log that there is now."""
    control = desk.control
    try:
        control.call("status")
    except SwitchNotRunning:
        lock = StateLock(desk.config.state_folder)
        with lock:
            appender = LogAppender(desk.charging_folder)
            try:
                yield LogDoor(appender)
            finally:
                appender.close()
    else:
        yield SwitchDoor(control)


class SwitchDoor:
    """Asks the running switch."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def begin(self, run_id: str, *, reason: str) -> int:
        """Begin a run; raises OperatorError if its id belongs to an older one."""
        begun = self._control.call("begin-rating-run", run_id=run_id, reason=reason)
        return _number(begun["run_id"], begun["run"], wanted=run_id)

    def correct(self, corrections: Sequence[CallRerated]) -> None:
        """Send corrections in requests of a size that the socket takes."""
        for batch in batches(corrections):
            self._control.call("correct-charges", corrections=batch)


class LogDoor:
    """Writes the log itself, while no switch runs."""

    def __init__(self, appender: LogAppender) -> None:
        self._appender = appender
        clock = Clock()
        self._when = Instant(
            us_of_datetime(clock.utc()), us_of_seconds(clock.monotonic()), clock.boot_id
        )

    def begin(self, run_id: str, *, reason: str) -> int:
        """Begin a run; raises OperatorError if its id belongs to an older one."""
        state = self._appender.state
        try:
            event = begin_run(state, run_id, reason, when=self._when)
        except AccountingError as error:
            raise OperatorError(str(error)) from error
        self._append([event])
        return _number(state.rating_run_id, state.rating_run, wanted=run_id)

    def correct(self, corrections: Sequence[CallRerated]) -> None:
        """Check and append corrections, all or none."""
        state = self._appender.state
        try:
            for event in corrections:
                check_correction(state, event, newest=state.rating_run)
        except AccountingError as error:
            raise OperatorError(str(error)) from error
        self._append(corrections)

    def _append(self, events: Sequence[AnyEvent]) -> None:
        records = [
            AppendRecord(number, encode_event(event).body, None)
            for number, event in enumerate(events, start=1)
        ]
        self._appender.append(records)
        self._appender.fold()
        self._appender.roll_if_full()


def batches(corrections: Sequence[CallRerated]) -> Iterator[list[dict[str, Any]]]:
    """Cut corrections into requests; one alone is far smaller than a request."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in corrections:
        body = msgspec.json.encode(event)
        if batch and size + len(body) > BATCH_BYTES_MAX:
            yield batch
            batch, size = [], 0
        batch.append(msgspec.json.decode(body))
        size += len(body)
    if batch:
        yield batch


def _number(newest_id: str, number: int, *, wanted: str) -> int:
    if newest_id != wanted:
        raise OperatorError(f"the rating run {wanted} is not the newest any more: take another id")
    return number
