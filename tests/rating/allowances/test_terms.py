from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rating.allowances import is_period, period_of


@pytest.mark.parametrize(
    ("at", "period"),
    [
        (datetime(2026, 5, 31, 21, 59, 59, tzinfo=UTC), "2026-05"),
        (datetime(2026, 5, 31, 22, 0, tzinfo=UTC), "2026-06"),  # midnight in Berlin, summer
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), "2026-12"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "2027-01"),  # midnight in Berlin, winter
        (datetime(2026, 1, 15, 12, 0, tzinfo=UTC), "2026-01"),
    ],
)
def test_a_month_is_local(at: datetime, period: str) -> None:
    assert period_of(at) == period
    assert is_period(period)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-00", "2026-13", "2026-5", "2026-05-01", "26-05"]
)
def test_other_texts_name_no_month(text: str) -> None:
    assert not is_period(text)
