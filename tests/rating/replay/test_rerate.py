"""Records are rated again: what differs, what stays, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from rating.cdr import CallDetailRecord
from rating.engine import RatedCall, UnpricedReason
from rating.pricing import Callee, Subscription, Tariffs
from rating.replay import NotRatable, Replay, Rerating, as_of, recorded_call, rerate
from tests.rating.replay.calls import START, TARIFF, booked, made, sample_tariffs, subscribed
from tests.rating.shipped import numbering

SAMPLE = sample_tariffs()


def record(
    dialled: str = "030123456",
    *,
    subscription: Subscription | None = None,
    start: datetime = START,
    after_s: float = 0,
    lasts_s: float = 60,
    direction: str = "outbound",
    callee: Callee = Callee.OTHER,
) -> CallDetailRecord:
    """Make the record of a call as the switch has charged it."""
    call = made(dialled, start=start, after_s=after_s, lasts_s=lasts_s, callee=callee)
    account = Replay(SAMPLE, numbering().prefix_table).of(subscription or subscribed())
    rated = account.rate(call)
    assert isinstance(rated, RatedCall)
    assert call.number is not None
    return CallDetailRecord(
        call_id=call.call_id,
        customer_id="9",
        account_id="1",
        device_id="5",
        direction=direction,
        calling_number="+493099999",
        called_number=call.number.e164 or call.number.digits,
        started_at=call.started_at,
        answered_at=call.started_at,
        ended_at=call.ended_at,
        duration_us=call.rated_us,
        rated_us=call.rated_us,
        ending="normal",
        quote=rated.quote,
        billed_s=rated.billed_s,
        charged_s=rated.charged_s,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        allowance_used_s=rated.allowance_use,
    )


def rerated(
    *records: CallDetailRecord,
    subscription: Subscription,
    tariffs: Tariffs = SAMPLE,
    run: int = 1,
) -> list[Rerating]:
    account = Replay(tariffs, numbering().prefix_table).of(subscription)
    return list(rerate(records, account, numbering().plan, run=run))


def new_records(found: Sequence[Rerating]) -> list[CallDetailRecord]:
    return [one.rerated for one in found if one.rerated is not None]


def test_what_was_charged_rightly_stays_as_it_is() -> None:
    records = (record(), record("01711234567", after_s=9), record("0800123456", after_s=20))
    assert [one.rerated for one in rerated(*records, subscription=subscribed())] == [None] * 3


def test_a_flat_ordered_late_frees_the_calls_of_its_month() -> None:
    april = record(start=datetime.fromisoformat("2026-04-30T12:00:00+02:00"))
    may, mobile = record(), record("01711234567")
    flat = booked("FLAT", since=date(2026, 5, 20))
    found = rerated(may, april, mobile, subscription=subscribed(flat))
    (changed,) = new_records(found)
    assert changed.call_id == may.call_id
    assert (changed.rating_run, changed.supersedes, changed.gross_micros) == (1, 0, 0)
    assert changed.is_consistent()
    assert sum(one.gross_difference_micros for one in found) == -may.gross_micros


def test_a_second_run_supersedes_the_first() -> None:
    flat = subscribed(booked("FLAT"))
    (first,) = new_records(rerated(record(), subscription=flat, run=1))
    (second,) = new_records(rerated(first, subscription=subscribed(), run=2))
    assert (second.rating_run, second.supersedes, second.amount_micros) == (2, 1, 60_000)
    assert new_records(rerated(second, subscription=subscribed(), run=3)) == []


def test_a_call_that_is_reported_late_takes_its_seconds_from_a_later_one() -> None:
    pack = subscribed(booked("PACK"))
    charged = record(after_s=600, lasts_s=100, subscription=pack)
    late = record(after_s=0, lasts_s=100)  # it was charged without knowing of the allowance
    found = rerated(charged, late, subscription=pack)
    assert [one.allowance_used_s for one in new_records(found)] == [{"PACK": 100}, {"PACK": 20}]


def test_an_erased_call_keeps_its_charge_and_its_seconds() -> None:
    pack = subscribed(booked("PACK"))
    erased = replace(record(after_s=600, lasts_s=110, subscription=pack), called_number="")
    early = record(after_s=0, lasts_s=60)
    found = {one.former.call_id: one for one in rerated(erased, early, subscription=pack)}
    assert found[erased.call_id] == Rerating(erased, kept=NotRatable.NUMBER_ERASED)
    (changed,) = new_records(list(found.values()))
    assert changed.allowance_used_s == {"PACK": 10}


def test_a_call_that_has_no_price_any_more_keeps_its_charge() -> None:
    pack = subscribed(booked("PACK"))
    mobile = record("01711234567", lasts_s=100, subscription=pack)
    fixed = record(after_s=200, lasts_s=60)
    without = sample_tariffs(
        prices="line,destination,match,standard_fixed_ct,standard_mobile_ct\n10,G,DE/fixed,6,\n",
        tariff=TARIFF.replace('"DE/fixed", "DE/mobile"', '"DE/fixed"'),
    )
    found = rerated(mobile, fixed, subscription=pack, tariffs=without)
    assert found[0] == Rerating(mobile, kept=UnpricedReason.NO_ROW)
    assert new_records(found)[0].allowance_used_s == {"PACK": 20}


def test_what_nobody_has_paid_for_is_passed_over() -> None:
    incoming = replace(record(), quote=None, direction="inbound")
    assert recorded_call(incoming, numbering().plan) is NotRatable.NEVER_PRICED
    assert rerated(incoming, subscription=subscribed()) == []


def test_a_number_that_no_plan_knows_any_more_is_kept() -> None:
    strange = replace(record(), called_number="+999123")
    assert recorded_call(strange, numbering().plan) is NotRatable.NUMBER_UNKNOWN


def test_a_short_code_of_a_colleague_needs_no_number() -> None:
    stored = record()
    assert stored.quote is not None
    inside = replace(
        stored, called_number="+999123", quote=replace(stored.quote, callee=Callee.INTERNAL)
    )
    call = recorded_call(inside, numbering().plan)
    assert not isinstance(call, NotRatable)
    assert (call.number, call.callee) == (None, Callee.INTERNAL)


def test_a_quote_of_the_first_format_is_told_apart_by_the_direction() -> None:
    call = recorded_call(record(direction="on-net"), numbering().plan)
    assert not isinstance(call, NotRatable)
    assert call.callee is Callee.OWN_NETWORK


LATER_LIST = """
[[price_list]]
id = "sample"
version = "2"
line = 3
valid_from = 2026-05-05
basis = "net"
vat_reference = "0.19"
increment = "60/60"
empty_mobile = "fixed"
tables = ["prices.csv"]
"""


@pytest.mark.parametrize(("day", "charged_s"), [(date(2026, 5, 4), 61), (date(2026, 5, 5), 120)])
def test_all_calls_can_be_rated_with_the_list_of_one_day(day: date, charged_s: int) -> None:
    both = sample_tariffs(
        tariff=TARIFF.replace(
            "valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_to = 2026-05-05"
        )
        + LATER_LIST
    )
    replay = Replay(as_of(both, day), numbering().prefix_table)
    for start in (START, START + timedelta(days=30)):
        outcome = replay.of(subscribed()).rate(made(start=start, lasts_s=61))
        assert isinstance(outcome, RatedCall)
        assert outcome.charged_s == charged_s
