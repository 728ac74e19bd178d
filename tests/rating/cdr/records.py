"""Two records: a call that was paid for, and an attempt that was refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rating.cdr import CallDetailRecord
from rating.engine import RatingParams, rate_call
from tests.rating.shipped import quote_of

START = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def answered_call(*, talked_us: int = 61_500_000) -> CallDetailRecord:
    quote = quote_of("+44 7700 900123")
    rated = rate_call(RatingParams(quote, talked_us))
    answered_at = START + timedelta(seconds=5)
    return CallDetailRecord(
        call_id="w1-0001",
        customer_id="c1",
        account_id="a1",
        device_id="d1",
        direction="outgoing",
        calling_number="+493012345678",
        called_number="+447700900123",
        trunk_id="carrier",
        started_at=START,
        answered_at=answered_at,
        ended_at=answered_at + timedelta(microseconds=talked_us),
        duration_us=talked_us,
        rated_us=talked_us,
        ending="normal",
        released_by="caller",
        quote=quote,
        billed_s=rated.billed_s,
        charged_s=rated.charged_s,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
    )


def refused_call(*, called_number: str = "+49301234567") -> CallDetailRecord:
    return CallDetailRecord(
        call_id="w1-0002",
        customer_id="c1",
        account_id="a1",
        device_id="d1",
        direction="outgoing",
        calling_number="+493012345678",
        called_number=called_number,
        started_at=START,
        ended_at=START,
        ending="flatrate-limit",
        released_by="switch",
        sip_status=486,
    )
