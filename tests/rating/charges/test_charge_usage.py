"""What may not slip through as free: things without a price, and messages to nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rating.charges import (
    ChargeBook,
    UsageParams,
    UsageRefusal,
    UsageRefused,
    charge_messages,
    charge_work,
    load_charges,
)
from rating.errors import LocalError
from tests.rating.shipped import tariffs, texts

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)


def book_without_support_price() -> ChargeBook:
    files = texts("tariffs")
    usage = files["enreach/usage.csv"]
    assert usage.count("quarter_hour,20.00") == 1
    files["enreach/usage.csv"] = usage.replace("quarter_hour,20.00", "quarter_hour,unpriced")
    return load_charges(files, tariffs())["enreach"]


def test_work_without_a_price_is_refused() -> None:
    params = UsageParams(book_without_support_price(), "SUPPORT", NOON)
    refused = charge_work(params, duration_us=1_000_000)
    assert refused == UsageRefused("SUPPORT", UsageRefusal.NO_PRICE)


@pytest.mark.parametrize("recipients", [0, -1])
def test_a_message_has_a_recipient(recipients: int) -> None:
    params = UsageParams(load_charges(texts("tariffs"), tariffs())["tgnet"], "SMS", NOON)
    with pytest.raises(LocalError, match="recipients"):
        charge_messages(params, recipients=recipients)
