"""The two times, and the boot they belong to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from freiton.clock import Clock, read_boot_id


def test_utc_is_aware_and_now() -> None:
    now = Clock().utc()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_monotonic_is_that_of_the_loop() -> None:
    before = time.monotonic()
    reading = Clock().monotonic()
    assert before <= reading <= time.monotonic()


def test_the_boot_id_is_the_kernels_and_stays() -> None:
    assert str(UUID(Clock().boot_id)) == read_boot_id() == Clock().boot_id
    assert Clock(boot_id="another").boot_id == "another"
