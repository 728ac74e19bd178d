from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rating.errors import LocalError
from rating.ledger import Book, InsufficientFunds, SpendingTerms, Transfer, TransferId
from rating.ledger.book import AMOUNT_MICROS_MAX, CASH, REVENUE
from rating.ledger.transfer import TransferState

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def prepaid_book(micros: int = 1_000) -> Book:
    book = Book()
    book.open_account("a", SpendingTerms.prepaid())
    if micros:
        book.top_up(TransferId("pay", 0), "a", amount_micros=micros, at=NOON)
    return book


def postpaid_book(limit_micros: int | None) -> Book:
    book = Book()
    book.open_account("a", SpendingTerms.postpaid(limit_micros))
    return book


def reserve(
    book: Book, number: int, micros: int, *, session: str = "c", at: datetime = NOON
) -> Transfer | InsufficientFunds:
    return book.reserve(TransferId(session, number), "a", amount_micros=micros, at=at)


def test_a_reservation_takes_what_is_available_and_no_more() -> None:
    book = prepaid_book(1_000)

    assert isinstance(reserve(book, 0, 600), Transfer)
    assert reserve(book, 1, 401) == InsufficientFunds(TransferId("c", 1), 400)
    assert isinstance(reserve(book, 2, 400), Transfer)

    assert book.available_micros("a", at=NOON) == 0
    assert book.account("a").balance_micros == 1_000


def test_posting_a_part_gives_the_rest_back_in_the_same_step() -> None:
    book = prepaid_book(1_000)
    reserve(book, 0, 600)

    posted = book.post(TransferId("c", 0), amount_micros=250)

    assert (posted.state, posted.posted_micros) == (TransferState.POSTED, 250)
    assert book.available_micros("a", at=NOON) == 750
    assert book.account("a").balance_micros == 750
    assert book.account(REVENUE).credits_posted == 250
    assert book.imbalance_micros() == (0, 0)


@pytest.mark.parametrize("give_back", ["void", "expire"])
def test_giving_back_twice_is_harmless(give_back: str) -> None:
    book = prepaid_book(1_000)
    reserve(book, 0, 600)

    first = getattr(book, give_back)(TransferId("c", 0))
    assert getattr(book, give_back)(TransferId("c", 0)) is first
    assert book.post(TransferId("c", 0), amount_micros=600) is first

    assert book.available_micros("a", at=NOON) == 1_000
    assert book.account(REVENUE).credits_posted == 0


def test_a_repeat_gets_the_first_answer_and_moves_nothing() -> None:
    book = prepaid_book(1_000)

    first = reserve(book, 0, 600)
    refused = reserve(book, 1, 500)
    book.top_up(TransferId("pay", 1), "a", amount_micros=5_000, at=NOON)

    assert reserve(book, 0, 999) is first
    assert reserve(book, 1, 500) is refused
    again = book.top_up(TransferId("pay", 1), "a", amount_micros=7_000, at=NOON)
    assert again.amount_micros == 5_000
    assert book.account("a").credits_posted == 6_000
    assert book.account(CASH).debits_posted == 6_000


def test_a_post_beyond_the_reservation_is_refused_whole() -> None:
    book = prepaid_book(1_000)
    reserve(book, 0, 100)

    with pytest.raises(LocalError, match="101 of 100"):
        book.post(TransferId("c", 0), amount_micros=101)

    assert book.account("a").debits_pending == 100


@pytest.mark.parametrize("micros", [-1, AMOUNT_MICROS_MAX + 1])
def test_an_amount_out_of_range_is_refused(micros: int) -> None:
    book = postpaid_book(None)
    with pytest.raises(LocalError):
        reserve(book, 0, micros)
    assert book.transfers("c") == []


def test_unknown_things_are_our_own_mistake() -> None:
    book = prepaid_book()
    with pytest.raises(LocalError):
        book.account("nobody")
    with pytest.raises(LocalError):
        book.void(TransferId("c", 7))
    with pytest.raises(LocalError):
        book.open_account("a", SpendingTerms.postpaid(5))
    with pytest.raises(LocalError):
        book.open_account(REVENUE, SpendingTerms.prepaid())


def test_a_session_with_a_reservation_is_not_forgotten() -> None:
    book = prepaid_book(1_000)
    reserve(book, 0, 10)
    with pytest.raises(LocalError):
        book.forget("c")

    book.post(TransferId("c", 0), amount_micros=10)
    book.forget("c")
    book.forget("c")

    assert book.transfers("c") == []
    assert book.account("a").balance_micros == 990


def test_a_daily_limit_counts_running_calls_and_returns_what_was_not_used() -> None:
    book = postpaid_book(1_000)

    reserve(book, 0, 700)
    assert reserve(book, 1, 301) == InsufficientFunds(TransferId("c", 1), 300)
    book.post(TransferId("c", 0), amount_micros=200)

    assert book.available_micros("a", at=NOON) == 800


def test_a_daily_limit_begins_anew_at_local_midnight_not_at_utc_midnight() -> None:
    book = postpaid_book(1_000)
    before = datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)  # 23:59:59 in Berlin
    after = datetime(2026, 6, 30, 22, 0, 0, tzinfo=UTC)  # 00:00:00 on the first of July

    reserve(book, 0, 1_000, at=before)

    assert book.available_micros("a", at=before) == 0
    assert book.available_micros("a", at=after) == 1_000


def test_a_slice_counts_on_the_date_it_was_reserved_even_if_posted_after_midnight() -> None:
    book = postpaid_book(1_000)
    before = datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)
    after = before + timedelta(seconds=10)

    reserve(book, 0, 400, at=before)
    reserve(book, 1, 600, at=after)
    book.post(TransferId("c", 0), amount_micros=400)

    assert book.available_micros("a", at=before) == 600
    assert book.available_micros("a", at=after) == 400


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23),  # spring: a local day of 23 hours
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25),  # autumn: a local day of 25 hours
    ],
)
def test_a_day_on_which_the_clock_changes_is_one_day(start: datetime, hours: int) -> None:
    book = postpaid_book(1_000)
    reserve(book, 0, 1_000, at=start)

    last_second = start + timedelta(hours=hours, seconds=-1)
    assert book.available_micros("a", at=last_second) == 0
    assert book.available_micros("a", at=last_second + timedelta(seconds=1)) == 1_000


def test_a_wall_clock_set_back_finds_the_date_as_it_was_left() -> None:
    book = postpaid_book(1_000)
    reserve(book, 0, 900)
    reserve(book, 1, 10, at=NOON + timedelta(days=1))

    assert book.available_micros("a", at=NOON) == 100


def test_dates_long_gone_are_dropped() -> None:
    book = postpaid_book(1_000)
    for day in range(20):
        reserve(book, day, 1, at=NOON + timedelta(days=day))
        book.post(TransferId("c", day), amount_micros=0)
    assert len(book.account("a").spent_on) <= 4


def test_a_lowered_limit_leaves_nothing_but_takes_nothing_back() -> None:
    book = postpaid_book(1_000)
    reserve(book, 0, 900)
    book.open_account("a", SpendingTerms.postpaid(500))

    assert book.available_micros("a", at=NOON) == 0
    assert book.post(TransferId("c", 0), amount_micros=900).posted_micros == 900


def test_without_a_limit_nothing_is_refused() -> None:
    book = postpaid_book(None)
    assert book.available_micros("a", at=NOON) is None
    assert isinstance(reserve(book, 0, AMOUNT_MICROS_MAX), Transfer)


def test_the_whole_book_survives_its_record() -> None:
    book = postpaid_book(10_000)
    book.open_account("b", SpendingTerms.prepaid())
    book.top_up(TransferId("pay", 0), "b", amount_micros=77, at=NOON)
    reserve(book, 0, 500)
    reserve(book, 1, 300)
    book.post(TransferId("c", 0), amount_micros=450)

    restored = Book.from_record(book.to_record())

    assert restored.to_record() == book.to_record()
    restored.post(TransferId("c", 1), amount_micros=300)
    assert restored.account("a").debits_posted == 750
    assert restored.available_micros("a", at=NOON) == 9_250
    assert restored.imbalance_micros() == (0, 0)
