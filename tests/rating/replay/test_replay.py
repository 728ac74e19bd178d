"""Recorded calls are rated again by the engine, and share their allowances in start order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from rating.engine import (
    Quote,
    QuoteParams,
    RatedCall,
    RatingParams,
    Unpriced,
    UnpricedReason,
    quote,
    rate_call,
)
from rating.pricing import (
    BookedOption,
    BookedPlan,
    Callee,
    CallOrigin,
    OriginKind,
    Subscription,
    Tariffs,
)
from rating.replay import RecordedCall, Replay
from tests.rating.replay.calls import (
    START,
    TARIFF,
    booked,
    made,
    sample_tariffs,
    subscribed,
)
from tests.rating.shipped import FLAT, PLUS, numbering, tariffs
from tests.rating.shipped import subscribed as on_tgnet

SAMPLE = sample_tariffs()
DIALLED = (
    "030123456", "01711234567", "00431234567", "0041441234567", "01805123456", "115", "0800123456",
    "09001234567", "+447700900123", "+17005551234", "03222123456", "+358600123456",
)  # fmt: skip


def replay_all(
    *calls: RecordedCall, subscription: Subscription, loaded: Tariffs = SAMPLE
) -> list[RatedCall | Unpriced]:
    account = Replay(loaded, numbering().prefix_table).of(subscription)
    return [one.outcome for one in account.rate_all(calls)]


def seconds_by_allowance(outcomes: list[RatedCall | Unpriced]) -> list[int]:
    return [sum(one.allowance_used_s) for one in outcomes if isinstance(one, RatedCall)]


PAYING = (Callee.OTHER, Callee.OWN_NETWORK, Callee.INTERNAL)

CALLS = st.builds(
    made,
    st.sampled_from(DIALLED),
    # Few days and numbers, so that calls share quotes often.
    after_s=st.sampled_from([0, 30, 3_000, 86_400, 31 * 86_400, 300 * 86_400]),
    lasts_s=st.sampled_from([0, 0.5, 61, 3_700]),
    start=st.sampled_from([datetime.fromisoformat("2010-02-20T10:00:00+01:00"), START]),
    callee=st.sampled_from(PAYING),
    origin=st.sampled_from(
        [
            CallOrigin(),
            CallOrigin(OriginKind.MOBILE),
            CallOrigin(OriginKind.ROAMING, "FR"),
            CallOrigin(OriginKind.ROAMING, "RU"),
            CallOrigin(OriginKind.ROAMING_INCOMING, "CH"),
        ]
    ),
)


def with_provider(provider: str, plan_id: str, *option_ids: str) -> Subscription:
    since = date(2026, 4, 1)
    return Subscription(
        (BookedPlan(provider, plan_id, since),),
        tuple(BookedOption(one, 1, since, None, since, provider) for one in option_ids),
    )


SUBSCRIPTIONS = st.sampled_from(
    [
        on_tgnet(),
        on_tgnet(FLAT),
        on_tgnet(PLUS, FLAT),
        on_tgnet(PLUS, plan_id="trunk"),
        with_provider("enreach", "expert", "FMC-5"),
        with_provider("enreach", "advanced", "ALLNET-VOIP"),
        with_provider("zaluma", "team", "PRO"),
        with_provider("plusnet", "sip-trunk", "PACK-FIXED-1000", "TRUNK-FLAT-MOBILE"),
        with_provider("plusnet", "centraflex"),
        Subscription(()),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(CALLS, max_size=30), SUBSCRIPTIONS)
def test_each_call_is_promised_what_the_engine_says_of_it(
    calls: list[RecordedCall], subscription: Subscription
) -> None:
    account = Replay(tariffs(), numbering().prefix_table).of(subscription)
    for call in calls:
        price = quote(
            QuoteParams(
                tariffs=tariffs(),
                subscription=subscription,
                number=call.number,
                prefix_table=numbering().prefix_table,
                at=call.started_at,
                origin=call.origin,
                callee=call.callee,
            )
        )
        assert account.quote(call) == price
        if isinstance(price, Quote) and not price.allowances:
            assert account.rate(call) == rate_call(RatingParams(price, call.rated_us))


def test_accounts_share_quotes_but_not_what_they_have_booked() -> None:
    replay = Replay(SAMPLE, numbering().prefix_table)
    call = made()
    with_flat = replay.of(subscribed(booked("FLAT"))).rate(call)
    without = replay.of(subscribed()).rate(call)
    assert isinstance(with_flat, RatedCall)
    assert isinstance(without, RatedCall)
    assert (with_flat.amount_micros, without.amount_micros) == (0, 60_000)


def test_a_subscriber_and_a_stranger_do_not_share_a_quote() -> None:
    account = Replay(tariffs(), numbering().prefix_table).of(on_tgnet())
    stranger, subscriber, colleague = (account.quote(made(callee=callee)) for callee in PAYING)
    assert isinstance(stranger, Quote)
    assert isinstance(subscriber, Quote)
    assert isinstance(colleague, Quote)
    covers = [one.covered_by for one in (stranger, subscriber, colleague)]
    assert covers[:2] == [None, "on-net"]
    assert colleague.callee is Callee.INTERNAL


def test_the_earlier_call_takes_what_it_needs_though_another_ran_beside_it() -> None:
    long_call = made(after_s=0, lasts_s=100)
    beside = made(after_s=10, lasts_s=30)
    outcomes = replay_all(beside, long_call, subscription=subscribed(booked("PACK")))
    assert seconds_by_allowance(outcomes) == [100, 20]
    assert [one.amount_micros for one in outcomes if isinstance(one, RatedCall)] == [0, 10_000]


def test_calls_of_one_instant_come_in_the_order_of_their_ids() -> None:
    later, earlier = made(call_id="b", lasts_s=90), made(call_id="a", lasts_s=90)
    assert seconds_by_allowance(
        replay_all(later, earlier, subscription=subscribed(booked("PACK")))
    ) == [90, 30]


def test_an_allowance_lapses_with_the_local_month() -> None:
    # The last minute of May in Berlin is still 31 May 21:59 in UTC.
    last = made(start=datetime.fromisoformat("2026-05-31T23:59:59+02:00"), lasts_s=120)
    first = made(start=datetime.fromisoformat("2026-06-01T00:00:00+02:00"), lasts_s=120)
    outcomes = replay_all(last, first, subscription=subscribed(booked("PACK")))
    assert seconds_by_allowance(outcomes) == [120, 120]


def test_units_that_are_booked_within_a_month_count_from_their_day() -> None:
    more = booked("PACK", since=date(2026, 5, 6))
    calls = [made(after_s=day * 86_400, lasts_s=150) for day in range(3)]
    outcomes = replay_all(*calls, subscription=subscribed(booked("PACK"), more))
    assert seconds_by_allowance(outcomes) == [120, 0, 120]


def test_seconds_that_others_hold_are_not_given_out_again() -> None:
    account = Replay(SAMPLE, numbering().prefix_table).of(
        subscribed(booked("PACK")), taken_s={("PACK", "2026-05"): 100}
    )
    rated = account.rate(made(lasts_s=60))
    assert isinstance(rated, RatedCall)
    assert rated.allowance_used_s == (20,)


def test_seconds_that_a_kept_call_has_used_are_gone() -> None:
    account = Replay(SAMPLE, numbering().prefix_table).of(subscribed(booked("PACK")))
    account.keep(START, {"PACK": 110})
    rated = account.rate(made(after_s=90, lasts_s=60))
    assert isinstance(rated, RatedCall)
    assert rated.allowance_used_s == (10,)


def test_a_retroactive_flat_makes_the_whole_month_free() -> None:
    flat = booked("FLAT", since=date(2026, 5, 20))
    before, early, late = (
        made(start=datetime.fromisoformat(f"2026-{day}T12:00:00+02:00"))
        for day in ("04-30", "05-01", "05-21")
    )
    outcomes = replay_all(before, early, late, subscription=subscribed(flat))
    amounts = [one.amount_micros for one in outcomes if isinstance(one, RatedCall)]
    assert amounts == [60_000, 0, 0]


def test_a_list_takes_effect_at_its_valid_from_and_not_before() -> None:
    lists = """
[[price_list]]
id = "sample"
version = "2"
line = 3
valid_from = 2026-05-05
basis = "net"
vat_reference = "0.19"
increment = "60/1"
empty_mobile = "fixed"
tables = ["prices.csv"]
"""
    ended = TARIFF.replace(
        "valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_to = 2026-05-05"
    )
    midnight = datetime.fromisoformat("2026-05-05T00:00:00+02:00")
    outcomes = replay_all(
        made(start=midnight - timedelta(microseconds=1), lasts_s=10),
        made(start=midnight, lasts_s=10),
        subscription=subscribed(),
        loaded=sample_tariffs(tariff=ended + lists),
    )
    assert [one.charged_s for one in outcomes if isinstance(one, RatedCall)] == [10, 60]
    versions = [one.quote.list_version for one in outcomes if isinstance(one, RatedCall)]
    assert versions == ["1", "2"]


def test_what_has_no_price_says_why() -> None:
    outcomes = replay_all(made("0041441234567"), made(), subscription=Subscription(()))
    assert outcomes == [Unpriced(UnpricedReason.NO_PLAN), Unpriced(UnpricedReason.NO_PLAN)]
    (abroad,) = replay_all(made("0041441234567"), subscription=subscribed())
    assert isinstance(abroad, Unpriced)
    assert abroad.reason is UnpricedReason.NO_ROW


def test_vat_is_that_of_the_day() -> None:
    (rated,) = replay_all(
        made(start=datetime.fromisoformat("2020-08-01T12:00:00+02:00")), subscription=subscribed()
    )
    assert isinstance(rated, RatedCall)
    assert rated.quote.vat_rate == Fraction(16, 100)
