from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.charging import (
    ChargingSession,
    CreditControlAnswer,
    CreditLimitReached,
    Grant,
)
from rating.engine import Quote, RatingParams, rate_call
from rating.errors import LocalError
from rating.ledger import Book, SpendingTerms, TransferId
from rating.pricing import Basis
from tests.rating.charging.quotes import make_quote

AT = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
SECOND = 1_000_000
CAP_S = 14_400


def prepaid(micros: int) -> Book:
    book = Book()
    book.open_account("a", SpendingTerms.prepaid())
    book.top_up(TransferId("pay", 0), "a", amount_micros=micros, at=AT)
    return book


def postpaid(limit_micros: int | None) -> Book:
    book = Book()
    book.open_account("a", SpendingTerms.postpaid(limit_micros))
    return book


def session_on(
    book: Book, quote: Quote | None, *, cap_s: int = CAP_S, name: str = "c"
) -> ChargingSession:
    return ChargingSession(name, book, account_id="a", cap_s=cap_s, quote=quote)


def granted(answer: CreditControlAnswer | CreditLimitReached) -> Grant:
    assert isinstance(answer, CreditControlAnswer)
    return answer.grant


def test_prepaid_is_granted_ten_seconds_at_a_time_down_to_the_exact_rest() -> None:
    book = prepaid(23_999)  # 1,000 a second: 23 seconds
    session = session_on(book, make_quote())

    assert granted(session.initiate(at=AT)) == Grant(10, is_final=False)
    assert session.update(1, used_us=9 * SECOND, at=AT).grant == Grant(20, is_final=False)
    assert session.update(2, used_us=19 * SECOND, at=AT).grant == Grant(23, is_final=True)
    assert session.update(3, used_us=22 * SECOND, at=AT).grant == Grant(23, is_final=True)

    assert book.available_micros("a", at=AT) == 999
    session.terminate(used_us=99 * SECOND, at=AT)
    assert book.account("a").balance_micros == 999
    assert book.imbalance_micros() == (0, 0)


def test_a_net_list_is_reserved_and_debited_with_its_tax() -> None:
    """1,000 net are 1,190 a second with 19 %; 24,989 pay 20 seconds and leave 1,189."""
    book = prepaid(24_989)
    session = session_on(book, make_quote(basis=Basis.NET))

    assert granted(session.initiate(at=AT)) == Grant(10, is_final=False)
    assert book.available_micros("a", at=AT) == 24_989 - 11_900
    assert session.update(1, used_us=9 * SECOND, at=AT).grant == Grant(20, is_final=False)
    assert session.update(2, used_us=19 * SECOND, at=AT).grant == Grant(20, is_final=True)
    assert book.available_micros("a", at=AT) == 1_189

    session.terminate(used_us=20 * SECOND, at=AT)
    assert book.account("a").balance_micros == 1_189
    assert book.imbalance_micros() == (0, 0)


def test_postpaid_is_granted_thirty_seconds_at_a_time() -> None:
    session = session_on(postpaid(70_000), make_quote())
    assert granted(session.initiate(at=AT)) == Grant(30, is_final=False)
    assert session.update(1, used_us=29 * SECOND, at=AT).grant == Grant(60, is_final=False)
    assert session.update(2, used_us=59 * SECOND, at=AT).grant == Grant(70, is_final=True)


def test_without_a_limit_only_the_cap_ends_a_postpaid_call() -> None:
    session = session_on(postpaid(None), make_quote(), cap_s=45)
    assert granted(session.initiate(at=AT)) == Grant(30, is_final=False)
    assert session.update(1, used_us=29 * SECOND, at=AT).grant == Grant(45, is_final=True)


@pytest.mark.parametrize("quote", [None, make_quote("0", covered_by="flat-de")])
def test_a_call_that_costs_nothing_moves_no_money(quote: Quote | None) -> None:
    book = prepaid(0)
    session = session_on(book, quote, cap_s=3_600)

    assert granted(session.initiate(at=AT)) == Grant(3_600, is_final=True)
    rated = session.terminate(used_us=90 * SECOND, at=AT)

    assert (rated.amount_micros if rated else 0) == 0
    assert book.transfers("c") == []


def test_not_one_second_is_a_refusal_that_leaves_nothing_behind() -> None:
    book = prepaid(999)
    session = session_on(book, make_quote())
    assert session.initiate(at=AT) == CreditLimitReached(999)
    assert book.transfers("c") == []
    book.top_up(TransferId("pay", 1), "a", amount_micros=1, at=AT)
    assert granted(session.initiate(at=AT)) == Grant(1, is_final=True)


def test_two_calls_never_spend_the_same_money() -> None:
    book = prepaid(15_000)
    first, second = (session_on(book, make_quote(), name=name) for name in "xy")
    assert granted(first.initiate(at=AT)) == Grant(10, is_final=False)
    assert granted(second.initiate(at=AT)) == Grant(5, is_final=True)
    assert first.update(1, used_us=9 * SECOND, at=AT).grant == Grant(10, is_final=True)
    second.terminate(used_us=1, at=AT)
    assert first.update(2, used_us=9 * SECOND, at=AT).grant == Grant(14, is_final=True)


def test_a_begun_minute_is_granted_whole() -> None:
    quote = make_quote(increments=(60, 1))
    assert session_on(prepaid(59_999), quote).initiate(at=AT) == CreditLimitReached(59_999)
    session = session_on(prepaid(61_000), quote)
    assert granted(session.initiate(at=AT)) == Grant(60, is_final=False)
    assert session.update(1, used_us=59 * SECOND, at=AT).grant == Grant(61, is_final=True)


def test_a_price_per_call_is_granted_to_the_cap_at_once() -> None:
    session = session_on(prepaid(200_000), make_quote("0", setup_fee="0.2"), cap_s=600)
    assert granted(session.initiate(at=AT)) == Grant(600, is_final=True)
    rated = session.terminate(used_us=SECOND, at=AT)
    assert rated is not None
    assert rated.amount_micros == 200_000


def test_free_seconds_are_granted_without_money() -> None:
    session = session_on(prepaid(5_000), make_quote(free_first_s=30))
    assert granted(session.initiate(at=AT)) == Grant(30, is_final=False)
    assert session.update(1, used_us=29 * SECOND, at=AT).grant == Grant(35, is_final=True)


def test_a_repeat_gets_the_first_answer() -> None:
    book = prepaid(100_000)
    session = session_on(book, make_quote())

    first = session.initiate(at=AT)
    assert session.initiate(at=AT) is first
    extended = session.update(1, used_us=9 * SECOND, at=AT)
    assert session.update(1, used_us=9 * SECOND, at=AT) is extended
    assert book.account("a").debits_pending == 20_000

    assert session.terminate(used_us=15 * SECOND, at=AT) == session.terminate(
        used_us=15 * SECOND, at=AT
    )
    assert book.account("a").debits_posted == 15_000


def test_requests_out_of_order_are_our_own_mistake() -> None:
    session = session_on(prepaid(100_000), make_quote())
    with pytest.raises(LocalError):
        session.terminate(used_us=0, at=AT)
    session.initiate(at=AT)
    with pytest.raises(LocalError):
        session.update(2, used_us=SECOND, at=AT)
    session.terminate(used_us=SECOND, at=AT)
    with pytest.raises(LocalError):
        session.update(1, used_us=SECOND, at=AT)


def test_used_slices_are_posted_while_the_call_runs() -> None:
    book = prepaid(100_000)
    session = session_on(book, make_quote())
    session.initiate(at=AT)
    session.update(1, used_us=9 * SECOND, at=AT)
    assert book.account("a").debits_posted == 0
    session.update(2, used_us=19 * SECOND, at=AT)
    assert book.account("a").debits_posted == 10_000


def test_a_call_found_alive_after_an_outage_is_granted_beyond_what_it_has_used() -> None:
    session = session_on(prepaid(100_000), make_quote())
    session.initiate(at=AT)
    assert session.update(1, used_us=42 * SECOND, at=AT).grant == Grant(52, is_final=False)


def test_a_call_across_midnight_draws_its_later_slices_from_the_new_day() -> None:
    book = postpaid(40_000)
    before = datetime(2026, 6, 30, 21, 59, 50, tzinfo=UTC)  # ten seconds to midnight in Berlin
    session = session_on(book, make_quote())

    session.initiate(at=before)
    assert session.update(1, used_us=9 * SECOND, at=before).grant == Grant(40, is_final=True)
    midnight = before + timedelta(seconds=10)
    assert session.update(2, used_us=39 * SECOND, at=midnight).grant == Grant(70, is_final=False)

    assert book.available_micros("a", at=before) == 0
    assert book.available_micros("a", at=midnight) == 10_000
    session.terminate(used_us=65 * SECOND, at=midnight)
    assert book.available_micros("a", at=midnight) == 15_000


def test_a_call_that_is_charged_less_than_its_used_slices_gets_the_difference_back() -> None:
    """Its answer never became durable, so it was never passed on and costs nothing."""
    book = prepaid(100_000)
    session = session_on(book, make_quote())
    session.initiate(at=AT)
    session.update(1, used_us=9 * SECOND, at=AT)
    session.update(2, used_us=19 * SECOND, at=AT)
    assert book.account("a").debits_posted == 10_000
    session.enter_termination(0, at=AT)
    assert book.account("a").balance_micros == 100_000
    assert book.available_micros("a", at=AT) == 100_000
    assert book.imbalance_micros() == (0, 0)


def test_expiry_gives_everything_back() -> None:
    book = prepaid(100_000)
    session = session_on(book, make_quote())
    session.initiate(at=AT)
    session.expire()
    session.expire()
    assert book.available_micros("a", at=AT) == 100_000


def test_a_session_survives_its_record() -> None:
    book = prepaid(100_000)
    session = session_on(book, make_quote())
    session.initiate(at=AT)
    session.update(1, used_us=9 * SECOND, at=AT)

    restored = session_on(Book.from_record(book.to_record()), make_quote())
    restored.restore(session.to_record())

    assert restored.to_record() == session.to_record()
    restored.update(2, used_us=19 * SECOND, at=AT)
    rated = restored.terminate(used_us=25 * SECOND, at=AT)
    assert rated is not None
    assert rated.amount_micros == 25_000


PRICES = st.sampled_from(["0.06", "0.019", "0.19833", "0.0327730", "9.99", "0.000001", "0.0000599"])
INCREMENTS = st.sampled_from([(1, 1), (60, 1), (60, 60), (30, 6), (6, 6)])


@given(
    price=PRICES,
    setup=st.sampled_from(["0", "0.05", "0.840336"]),
    increments=INCREMENTS,
    free_first_s=st.sampled_from([0, 30]),
    money=st.integers(0, 3_000_000),
    is_prepaid=st.booleans(),
    talk_us=st.integers(0, 400 * SECOND),
)
def test_running_in_slices_charges_what_one_calculation_charges(
    *,
    price: str,
    setup: str,
    increments: tuple[int, int],
    free_first_s: int,
    money: int,
    is_prepaid: bool,
    talk_us: int,
) -> None:
    """Whatever the price, slices reserve enough, never overdraw, and leave the exact charge."""
    quote = make_quote(price, setup_fee=setup, increments=increments, free_first_s=free_first_s)
    book = prepaid(money) if is_prepaid else postpaid(money)
    session = session_on(book, quote, cap_s=300)
    if isinstance(session.initiate(at=AT), CreditLimitReached):
        assert rate_call(RatingParams(quote, SECOND)).amount_micros >= money
        return
    number = 1
    while talk_us > (session.grant.seconds - 1) * SECOND and session.grant.seconds < 300:
        before = session.grant.seconds
        used_us = max(0, before - 1) * SECOND
        after = session.update(number, used_us=used_us, at=AT).grant
        number += 1
        available = book.available_micros("a", at=AT)
        assert available is not None
        assert available >= 0
        if after.seconds == before:
            assert after.is_final
            break
    rated = session.terminate(used_us=talk_us, at=AT)
    once = rate_call(RatingParams(quote, min(talk_us, session.granted_us)))
    assert rated == once
    assert book.account("a").debits_posted == once.amount_micros
    assert once.amount_micros <= money
    assert book.account("a").debits_pending == 0
    assert book.imbalance_micros() == (0, 0)
