"""Charging sessions that share the seconds of an allowance, and pay money for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rating.allowances import AllowanceBook, AllowanceKey, AllowanceShare, AllowanceTerms
from rating.charging import ChargingSession, CreditControlAnswer, CreditLimitReached, Grant
from rating.engine import Quote, RatingParams, rate_call
from rating.ledger import Book, SpendingTerms, TransferId
from tests.rating.charging.quotes import make_quote

AT = datetime(2026, 5, 20, 11, 0, tzinfo=UTC)
SECOND = 1_000_000
CAP_S = 14_400
FREE = AllowanceKey("a", "FREE-120", "2026-05")
PACKAGE = AllowanceKey("a", "PACKAGE", "2026-05")


class Desk:
    """One account with money and allowances, and as many calls as a test wants."""

    def __init__(self, *, money: int | None, free_s: int, package_s: int | None = None) -> None:
        self.book = Book()
        self.allowances = AllowanceBook()
        if money is None:
            self.book.open_account("a", SpendingTerms.postpaid(None))
        else:
            self.book.open_account("a", SpendingTerms.prepaid())
            self.book.top_up(TransferId("pay", 0), "a", amount_micros=money, at=AT)
        terms = [AllowanceTerms(FREE.option_id, FREE.period, free_s)]
        if package_s is not None:
            terms.append(AllowanceTerms(PACKAGE.option_id, PACKAGE.period, package_s))
        self.terms = tuple(terms)

    def session(self, name: str, quote: Quote | None = None, cap_s: int = CAP_S) -> ChargingSession:
        share = AllowanceShare(name, self.allowances, account_id="a", terms=self.terms)
        share.grant()
        quote = replace(
            quote or make_quote(), allowances=tuple(one.option_id for one in self.terms)
        )
        return ChargingSession(
            name, self.book, account_id="a", cap_s=cap_s, quote=quote, allowances=share
        )

    def available(self) -> int:
        available = self.book.available_micros("a", at=AT)
        assert available is not None
        return available

    def taken(self, key: AllowanceKey = FREE) -> tuple[int, int]:
        state = self.allowances.state(key)
        return state.used_s, state.reserved_s


def granted(answer: CreditControlAnswer | CreditLimitReached) -> Grant:
    assert isinstance(answer, CreditControlAnswer)
    return answer.grant


def extend(session: ChargingSession) -> Grant:
    """Ask for the next slice a second before the grant ends, as the switch does."""
    used_us = (session.grant.seconds - 1) * SECOND
    return session.update(session.request_number + 1, used_us=used_us, at=AT).grant


def test_prepaid_without_money_talks_for_what_the_allowance_pays() -> None:
    desk = Desk(money=0, free_s=25)
    session = desk.session("c")
    assert granted(session.initiate(at=AT)) == Grant(10, is_final=False)
    assert extend(session) == Grant(20, is_final=False)
    assert extend(session) == Grant(25, is_final=True)
    assert desk.taken() == (0, 25)
    rated = session.terminate(used_us=22_500_000, at=AT)
    assert rated is not None
    assert (rated.amount_micros, rated.allowance_use) == (0, {"FREE-120": 23})
    assert desk.taken() == (23, 0)
    assert desk.book.transfers("c") == []


def test_without_money_and_allowance_there_is_no_call() -> None:
    desk = Desk(money=999, free_s=5)
    assert granted(desk.session("c").initiate(at=AT)) == Grant(5, is_final=True)
    assert desk.session("d").initiate(at=AT) == CreditLimitReached(999)
    assert desk.taken() == (0, 5)


def test_a_call_that_crosses_the_end_of_its_allowance_is_split_to_the_second() -> None:
    desk = Desk(money=100_000, free_s=14)
    session = desk.session("c")
    session.initiate(at=AT)
    assert desk.available() == 100_000
    assert extend(session) == Grant(20, is_final=False)
    assert desk.available() == 94_000
    assert desk.taken() == (0, 14)
    rated = session.terminate(used_us=15_000_001, at=AT)
    assert rated is not None
    assert rated.allowance_use == {"FREE-120": 14}
    assert rated.amount_micros == 2_000
    assert desk.book.account("a").balance_micros == 98_000
    assert desk.taken() == (14, 0)


def test_allowances_follow_each_other_before_money() -> None:
    desk = Desk(money=100_000, free_s=14, package_s=3)
    session = desk.session("c")
    session.initiate(at=AT)
    assert extend(session) == Grant(20, is_final=False)
    assert desk.taken() == (0, 14)
    assert desk.taken(PACKAGE) == (0, 3)
    assert desk.available() == 97_000
    rated = session.terminate(used_us=20 * SECOND, at=AT)
    assert rated is not None
    assert rated.allowance_use == {"FREE-120": 14, "PACKAGE": 3}
    assert rated.amount_micros == 3_000


def test_parallel_calls_share_and_what_one_returns_the_other_may_use() -> None:
    desk = Desk(money=30_000, free_s=20)
    first, second = desk.session("x"), desk.session("y")
    first.initiate(at=AT)
    second.initiate(at=AT)
    assert desk.taken() == (0, 20)
    assert extend(second) == Grant(20, is_final=False)  # in money
    assert desk.available() == 20_000
    first.terminate(used_us=3 * SECOND, at=AT)
    assert desk.taken() == (3, 10)
    assert extend(second) == Grant(30, is_final=False)  # seven seconds came back
    assert desk.taken() == (3, 17)
    assert desk.available() == 17_000
    # A second that was paid in money stays paid in money: the cost never falls.
    costs = [second.rate(at_s * SECOND) for at_s in range(31)]
    amounts = [cost.amount_micros for cost in costs if cost is not None]
    assert amounts == sorted(amounts)
    assert amounts[10] == 0
    assert amounts[20] == amounts[27] == 10_000
    rated = second.terminate(used_us=29 * SECOND, at=AT)
    assert rated is not None
    assert (rated.amount_micros, rated.allowance_use) == (12_000, {"FREE-120": 17})
    assert desk.taken() == (20, 0)
    assert desk.book.account("a").balance_micros == 18_000


def test_a_call_whose_money_ran_out_lives_on_what_another_returns() -> None:
    # A second costs 483.33 micro-euros; the one that money pays was charged as 483.
    desk = Desk(money=483, free_s=20)
    first, second = (desk.session(name, make_quote("0.029")) for name in "xy")
    first.initiate(at=AT)
    second.initiate(at=AT)
    assert extend(second) == Grant(10, is_final=True)
    desk.book.top_up(TransferId("pay", 1), "a", amount_micros=1, at=AT)
    assert extend(second) == Grant(11, is_final=True)
    first.terminate(used_us=4 * SECOND, at=AT)
    assert extend(second) == Grant(17, is_final=True)
    assert desk.taken() == (4, 16)


def test_the_first_minute_may_be_paid_by_both() -> None:
    quote = make_quote(increments=(60, 60))
    assert Desk(money=29_999, free_s=30).session("c", quote).initiate(at=AT) == (
        CreditLimitReached(29_999)
    )
    desk = Desk(money=30_000, free_s=30)
    session = desk.session("c", quote)
    assert granted(session.initiate(at=AT)) == Grant(60, is_final=False)
    assert desk.available() == 0
    rated = session.terminate(used_us=1, at=AT)
    assert rated is not None
    assert (rated.amount_micros, rated.allowance_use) == (30_000, {"FREE-120": 30})


def test_an_allowance_pays_no_price_per_call() -> None:
    desk = Desk(money=200_000, free_s=7_200)
    session = desk.session("c", make_quote("0", setup_fee="0.2"), cap_s=600)
    assert granted(session.initiate(at=AT)) == Grant(600, is_final=True)
    assert desk.taken() == (0, 0)
    rated = session.terminate(used_us=60 * SECOND, at=AT)
    assert rated is not None
    assert rated.amount_micros == 200_000
    assert desk.taken() == (0, 0)
    poor = Desk(money=9_999, free_s=7_200)
    assert poor.session("c", make_quote(setup_fee="0.01")).initiate(at=AT) == (
        CreditLimitReached(9_999)
    )


def test_free_seconds_use_no_allowance() -> None:
    desk = Desk(money=0, free_s=7)
    session = desk.session("c", make_quote(free_first_s=30))
    assert granted(session.initiate(at=AT)) == Grant(30, is_final=False)
    assert desk.taken() == (0, 0)
    assert extend(session) == Grant(37, is_final=True)
    assert desk.taken() == (0, 7)


def test_postpaid_without_a_limit_uses_the_allowance_first() -> None:
    desk = Desk(money=None, free_s=40)
    session = desk.session("c")
    assert granted(session.initiate(at=AT)) == Grant(30, is_final=False)
    assert extend(session) == Grant(60, is_final=False)
    rated = session.terminate(used_us=50 * SECOND, at=AT)
    assert rated is not None
    assert (rated.amount_micros, rated.allowance_use) == (10_000, {"FREE-120": 40})


def test_expiry_gives_the_seconds_back() -> None:
    desk = Desk(money=0, free_s=25)
    session = desk.session("c")
    session.initiate(at=AT)
    session.expire()
    assert desk.taken() == (0, 0)


def test_a_session_survives_its_record() -> None:
    desk = Desk(money=100_000, free_s=14)
    session = desk.session("c")
    session.initiate(at=AT)
    extend(session)
    again = desk.session("c")
    again.restore(session.to_record())
    assert again.to_record() == session.to_record()
    rated = again.terminate(used_us=20 * SECOND, at=AT)
    assert rated is not None
    assert (rated.amount_micros, rated.allowance_use) == (6_000, {"FREE-120": 14})
    assert desk.taken() == (14, 0)


PRICES = st.sampled_from(["0.06", "0.019", "0.19833", "0.0327730", "9.99", "0.000001", "0.0000599"])
INCREMENTS = st.sampled_from([(1, 1), (60, 1), (60, 60), (30, 6), (6, 6)])


@settings(max_examples=300)
@given(
    price=PRICES,
    setup=st.sampled_from(["0", "0.05", "0.840336"]),
    increments=INCREMENTS,
    free_first_s=st.sampled_from([0, 30]),
    money=st.one_of(st.just(0), st.integers(0, 3_000_000)),
    left=st.tuples(st.integers(0, 120), st.integers(0, 60)),
    talk_us=st.integers(0, 400 * SECOND),
)
def test_running_in_slices_charges_what_one_calculation_charges(
    *,
    price: str,
    setup: str,
    increments: tuple[int, int],
    free_first_s: int,
    money: int,
    left: tuple[int, int],
    talk_us: int,
) -> None:
    """Alone with its allowances, a call costs what one look at its duration says."""
    quote = make_quote(price, setup_fee=setup, increments=increments, free_first_s=free_first_s)
    desk = Desk(money=money, free_s=left[0], package_s=left[1])
    session = desk.session("c", quote, cap_s=300)
    quote = session.quote or quote
    if isinstance(session.initiate(at=AT), CreditLimitReached):
        assert rate_call(RatingParams(quote, SECOND, left)).amount_micros >= money
        return
    while talk_us > (session.grant.seconds - 1) * SECOND and session.grant.seconds < 300:
        before = session.grant.seconds
        after = extend(session)
        assert desk.available() >= 0
        if after.seconds == before:
            assert after.is_final
            break
    rated = session.terminate(used_us=talk_us, at=AT)
    once = rate_call(RatingParams(quote, min(talk_us, session.granted_us), left))
    assert rated == once
    assert desk.book.account("a").debits_posted == once.amount_micros <= money
    assert (desk.taken(), desk.taken(PACKAGE)) == tuple((used, 0) for used in once.allowance_used_s)
    assert desk.book.account("a").debits_pending == 0
    assert desk.book.imbalance_micros() == (0, 0)


@pytest.mark.parametrize("money", [0, 12_345])
def test_three_calls_use_every_second_there_is_and_none_twice(money: int) -> None:
    desk = Desk(money=money, free_s=95)
    sessions = [desk.session(name) for name in "xyz"]
    for session in sessions:
        assert isinstance(session.initiate(at=AT), CreditControlAnswer)
    for _ in range(20):
        for session in sessions:
            extend(session)
    ends = [session.terminate(used_us=10**9, at=AT) for session in sessions]
    used = sum(sum(one.allowance_used_s) for one in ends if one is not None)
    assert used == 95
    assert desk.taken() == (95, 0)
    assert desk.book.account("a").debits_posted == money // 1_000 * 1_000
