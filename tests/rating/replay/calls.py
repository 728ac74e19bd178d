"""Recorded calls in one line each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

from rating.numbering import E164Number, NumberRefused, ServiceNumber
from rating.pricing import (
    BookedOption,
    BookedPlan,
    Callee,
    CallOrigin,
    Subscription,
    Tariffs,
    load_tariffs,
)
from rating.replay import RecordedCall
from tests.rating.shipped import BERLIN, numbering, texts

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)

# A provider of its own, so that what is told here hangs on no document.
TARIFF = """
provider = "sample"
name = "Sample"
document = "Sample list"
country = "DE"
time_zone = "Europe/Berlin"

[[plan]]
id = "basic"
name = "Basic"
line = 1

[[plan]]
id = "trunk"
name = "Trunk"
line = 2
trunk = true

[[column]]
id = "standard"

[[price_list]]
id = "sample"
version = "1"
line = 3
valid_from = 2020-01-01
basis = "net"
vat_reference = "0.19"
increment = "1/1"
empty_mobile = "fixed"
tables = ["prices.csv"]

[[option]]
id = "FLAT"
kind = "flat"
line = 4
covers = ["DE/fixed"]
effective = "month_start"
trunk_accounts = false
concurrent_calls = 1

[[option]]
id = "PACK"
kind = "allowance"
line = 5
covers = ["DE/fixed", "DE/mobile"]
included_minutes = 2
effective = "provision_day"
trunk_accounts = true
"""
PRICES = """line,destination,match,standard_fixed_ct,standard_mobile_ct
10,Germany,DE/fixed,6,
11,Germany mobile,DE/mobile,,12
12,Austria,AT,30,
"""

_ids = count()


def sample_tariffs(*, tariff: str = TARIFF, prices: str = PRICES) -> Tariffs:
    files = {name: text for name, text in texts("tariffs").items() if "/" not in name}
    return load_tariffs({**files, "sample/tariff.toml": tariff, "sample/prices.csv": prices})


def subscribed(
    *options: BookedOption, plan_id: str = "basic", provider: str = "sample"
) -> Subscription:
    return Subscription((BookedPlan(provider, plan_id, date(2020, 1, 1)),), options)


def booked(
    option_id: str,
    units: int = 1,
    *,
    since: date = date(2020, 1, 1),
    ordered_on: date | None = None,
) -> BookedOption:
    return BookedOption(option_id, units, since, None, ordered_on or since, "sample")


def made(
    dialled: str = "030123456",
    *,
    after_s: float = 0,
    lasts_s: float = 60,
    start: datetime = START,
    callee: Callee = Callee.OTHER,
    origin: CallOrigin | None = None,
    account_id: str = "1",
    call_id: str | None = None,
) -> RecordedCall:
    """A call that was answered at once."""
    begun = start + timedelta(seconds=after_s)
    return RecordedCall(
        call_id=call_id or f"call{next(_ids):06}",
        account_id=account_id,
        number=number_of(dialled),
        origin=origin or CallOrigin(),
        callee=callee,
        started_at=begun,
        ended_at=begun + timedelta(seconds=lasts_s),
        rated_us=round(lasts_s * 1_000_000),
    )


def number_of(dialled: str) -> E164Number | ServiceNumber:
    number = numbering().plan.normalize(dialled, BERLIN)
    assert not isinstance(number, NumberRefused), dialled
    return number
