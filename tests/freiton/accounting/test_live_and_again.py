"""What the switch charges live and what a rating run finds are the same arithmetic.

Calls that follow each other cost again what they cost; and whatever runs come after, the ledger
and the allowances hold what the newest records say.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from freiton.accounting.call_records import rerated_record
from freiton.accounting.charging_events import AnyEvent, CallRerated
from freiton.accounting.instants import Instant
from freiton.accounting.rating_runs import correction_of
from rating.allowances import AllowanceKey, AllowanceTerms, period_of
from rating.cdr import CallDetailRecord
from rating.engine import Quote
from rating.pricing import Subscription
from rating.replay import Replay, rerate
from tests.freiton.accounting.desk import PREPAID, Desk
from tests.rating.replay.calls import booked, made, sample_tariffs, subscribed
from tests.rating.shipped import numbering

SAMPLE = sample_tariffs()
TARIFF = SAMPLE.plan("sample")
ZERO = Instant(0, 0, "")
START = datetime.fromisoformat("2026-05-29T22:00:00+02:00")


class Said(NamedTuple):
    """One call: how long after the one before, where to, how long."""

    pause_s: int
    dialled: str
    lasts_s: float


TALKS = st.lists(
    st.builds(
        Said,
        st.sampled_from([0, 1, 3_600, 40_000]),
        st.sampled_from(["030123456", "01711234567", "00431234567", "0800123456"]),
        st.sampled_from([0.5, 1, 59.4, 60, 61, 130, 700]),
    ),
    min_size=1,
    max_size=8,
)
BOOKINGS = st.sampled_from(
    [
        subscribed(),
        subscribed(booked("PACK")),
        subscribed(booked("PACK", 3)),
        subscribed(booked("FLAT"), booked("PACK")),
        subscribed(booked("PACK"), booked("PACK", since=date(2026, 5, 30))),
        subscribed(booked("FLAT", since=date(2026, 5, 31))),
    ]
)


def live(desk: Desk, talks: list[Said], subscription: Subscription) -> list[CallDetailRecord]:
    """Let calls follow each other as the switch would admit, extend and end them."""
    replay = Replay(SAMPLE, numbering().prefix_table)
    records = []
    for number, said in enumerate(talks):
        desk.run(said.pause_s)
        call = made(said.dialled, start=desk.at)
        quote = replay.of(subscription).quote(call)
        assert isinstance(quote, Quote)
        day = SAMPLE.local_day("sample", desk.at)
        terms = [
            AllowanceTerms(one, period_of(desk.at), TARIFF.included_s(one, day, subscription))
            for one in quote.allowances
        ]
        assert call.number is not None
        called = call.number.e164 or call.number.digits
        call_id = f"call{number}"
        desk.admit(call_id, quote=quote, allowances=terms, called_number=called, terms=PREPAID)
        desk.write()
        desk.answer(call_id)
        desk.write()
        assert desk.run(said.lasts_s) == []
        records.append(desk.end(call_id))
        desk.write()
    return records


def opened() -> Desk:
    desk = Desk()
    desk.at = START
    desk.pay(100_000_000, "first")
    desk.write()
    return desk


@settings(max_examples=60, deadline=None)
@given(TALKS, BOOKINGS)
def test_calls_that_follow_each_other_cost_again_what_they_cost(
    talks: list[Said], subscription: Subscription
) -> None:
    records = live(opened(), talks, subscription)
    account = Replay(SAMPLE, numbering().prefix_table).of(subscription)
    again = list(rerate(reversed(records), account, numbering().plan, run=1))
    assert [one.rerated for one in again] == [None] * len(records)


@settings(max_examples=40, deadline=None)
@given(TALKS, BOOKINGS, st.lists(BOOKINGS, min_size=1, max_size=4))
def test_the_books_hold_what_the_newest_records_say(
    talks: list[Said], at_first: Subscription, later: list[Subscription]
) -> None:
    desk = opened()
    records = live(desk, talks, at_first)
    for run, subscription in enumerate(later, start=1):
        desk.accounting.rating_runs.begin(f"{run}", reason="late", at=desk.at, now=desk.now)
        desk.write()
        records = rerated(desk, records, subscription, run)
    assert desk.balance() == 100_000_000 - sum(one.gross_micros for one in records)
    for period in ("2026-05", "2026-06"):
        used_s = sum(
            one.allowance_used_s.get("PACK", 0)
            for one in records
            if period_of(one.started_at) == period
        )
        key = AllowanceKey("1", "PACK", period)
        assert desk.accounting.state.allowances.state(key).used_s == used_s
    assert desk.accounting.state.book.imbalance_micros() == (0, 0)
    assert desk.in_memory() == desk.folded()


def rerated(
    desk: Desk, records: list[CallDetailRecord], subscription: Subscription, run: int
) -> list[CallDetailRecord]:
    """Carry a run out, and read the records back as an export would."""
    account = Replay(SAMPLE, numbering().prefix_table).of(subscription)
    corrections = [
        msgspec.json.decode(
            msgspec.json.encode(correction_of(one.former, one.rerated, is_prepaid=True, when=ZERO))
        )
        for one in rerate(records, account, numbering().plan, run=run)
        if one.rerated is not None
    ]
    desk.accounting.rating_runs.correct(corrections, at=desk.at, now=desk.now)
    desk.write()
    events = [msgspec.msgpack.decode(body, type=AnyEvent) for body, _ in desk.log.rows]
    newest = {one.call_id: one for one in events if isinstance(one, CallRerated)}
    return [rerated_record(one, newest.get(one.call_id)) for one in records]
