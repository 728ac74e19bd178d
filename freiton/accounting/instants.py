"""Moments as integers: the log counts microseconds, the tariff calendar wants datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

MICROSECONDS: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)


class Instant(NamedTuple):
    """A moment by both clocks: the wall clock says when, a boot's monotonic clock how long."""

    at_us: int
    mono_us: int
    boot_id: str

    @property
    def at(self) -> datetime:
        """The aware UTC instant."""
        return datetime_of(self.at_us)


def us_of_datetime(at: datetime) -> int:
    """Give an aware instant in whole microseconds since 1970, exactly."""
    return (at - EPOCH) // _ONE


def datetime_of(at_us: int) -> datetime:
    """Give the aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


def us_of_seconds(now: float) -> int:
    """Round monotonic seconds to microseconds; below the clock's own grain for a century."""
    return round(now * MICROSECONDS)
