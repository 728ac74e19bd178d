"""Calls to price and to rate again: subscriptions of all four providers, and what they dial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from rating.cdr import CallDetailRecord
from rating.engine import Quote, QuoteParams, RatedCall, RatingParams, quote, rate_call
from rating.numbering import DiallingOrigin, Numbering, NumberRefused
from rating.pricing import (
    BookedOption,
    BookedPlan,
    CallOrigin,
    OriginKind,
    Subscription,
    Tariffs,
)

BERLIN: Final = DiallingOrigin(area_code="30")
AT: Final = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
SINCE: Final = date(2026, 3, 1)
SIM: Final = CallOrigin(OriginKind.MOBILE)
IN_FRANCE: Final = CallOrigin(OriginKind.ROAMING, "FR")


class Case(NamedTuple):
    """One call that somebody asks the price of."""

    name: str
    subscription: Subscription
    dialled: str
    origin: CallOrigin = CallOrigin()

    def params(self, tariffs: Tariffs, numbering: Numbering) -> QuoteParams:
        number = numbering.plan.normalize(self.dialled, BERLIN)
        assert not isinstance(number, NumberRefused)
        table = numbering.prefix_table
        return QuoteParams(tariffs, self.subscription, number, table, AT, self.origin)


def subscribed(provider: str, plan: str, *options: str) -> Subscription:
    booked = tuple(BookedOption(one, 1, SINCE, None, SINCE, provider) for one in options)
    return Subscription((BookedPlan(provider, plan, SINCE),), booked)


TGNET: Final = subscribed("tgnet", "account", "FLAT.DE", "PLUS")
ENREACH: Final = subscribed("enreach", "advanced", "ALLNET-VOIP")
ZALUMA: Final = subscribed("zaluma", "team", "PRO")
PLUSNET: Final = subscribed("plusnet", "sip-trunk", "PACK-FIXED-1000", "TRUNK-FLAT-MOBILE")
SUBSCRIPTIONS: Final = (TGNET, ENREACH, ZALUMA, PLUSNET)

CASES: Final = (
    Case("TGNET, in a flat", TGNET, "030 12345678"),
    Case("TGNET, abroad with Plus", TGNET, "0044 7700 900123"),
    Case("TGNET, 01805", TGNET, "01805 123456"),
    Case("Enreach, SIM to zone 1", ENREACH, "0041 44 1234567", SIM),
    Case("Enreach, France to Russia", ENREACH, "+7 495 1234567", IN_FRANCE),
    Case("zaluma, flat to the EU", ZALUMA, "0033 1 23456789"),
    Case("Plusnet, minute package", PLUSNET, "089 12345678"),
)


def make_records(
    tariffs: Tariffs, numbering: Numbering, prefixes: Sequence[str], *, accounts: int, calls: int
) -> Iterator[tuple[Subscription, list[CallDetailRecord]]]:
    """Make what accounts called in March 2026: in Germany two times of three, else a prefix."""
    random = Random(2026)
    dialled = [f"0{area}" for area in ("30", "89", "40", "151", "171", "221", "1805")]
    abroad = [f"+{prefix}" for prefix in prefixes]
    for account in range(accounts):
        subscription = SUBSCRIPTIONS[account % len(SUBSCRIPTIONS)]
        records: list[CallDetailRecord] = []
        while len(records) < calls:
            prefix = random.choice(dialled if random.random() < 2 / 3 else abroad)
            digits = f"{prefix}{random.randrange(10**9):09d}"[:14]
            record = _record(tariffs, numbering, subscription, digits, random)
            if record is not None:
                records.append(record)
        yield subscription, records


def close_call(found: Quote, called: str, started_at: datetime, rated_us: int) -> CallDetailRecord:
    """Charge a call that ended, and make its record."""
    rated = rate_call(RatingParams(found, rated_us))
    return record_of(rated, called, started_at)


def record_of(rated: RatedCall, called: str, started_at: datetime) -> CallDetailRecord:
    return CallDetailRecord(
        call_id="w1-0001",
        customer_id="c1",
        account_id="a1",
        device_id="d1",
        direction="outgoing",
        calling_number="+493012345678",
        called_number=called,
        trunk_id="carrier",
        started_at=started_at,
        answered_at=started_at,
        ended_at=started_at + timedelta(microseconds=rated.duration_us),
        duration_us=rated.duration_us,
        rated_us=rated.duration_us,
        ending="normal",
        released_by="caller",
        quote=rated.quote,
        billed_s=rated.billed_s,
        charged_s=rated.charged_s,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        allowance_used_s=rated.allowance_use,
    )


def _record(
    tariffs: Tariffs, numbering: Numbering, subscription: Subscription, digits: str, random: Random
) -> CallDetailRecord | None:
    number = numbering.plan.normalize(digits, BERLIN)
    if isinstance(number, NumberRefused):
        return None
    at = AT.replace(month=3, day=1, hour=6) + timedelta(seconds=random.randrange(30 * 86_400))
    found = quote(QuoteParams(tariffs, subscription, number, numbering.prefix_table, at))
    if not isinstance(found, Quote):
        return None
    talked_us = random.randrange(600_000_000)
    return close_call(found, number.e164 or number.digits, at, talked_us)
