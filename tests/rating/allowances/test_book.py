from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from rating.allowances import PERIODS_KEPT, AllowanceBook, AllowanceKey
from rating.errors import LocalError

MAY = AllowanceKey("1", "FREE-120", "2026-05")
JUNE = MAY._replace(period="2026-06")


def granted(seconds: int = 7_200) -> AllowanceBook:
    book = AllowanceBook()
    book.grant(MAY, seconds)
    return book


def sums(book: AllowanceBook, key: AllowanceKey = MAY) -> tuple[int, int, int, int]:
    state = book.state(key)
    return state.granted_s, state.used_s, state.reserved_s, state.available_s


def test_reserve_use_and_return() -> None:
    book = granted()
    book.reserve("a", MAY, 30)
    book.reserve("a", MAY, 60)
    book.reserve("a", MAY, 60)  # absolute: saying it again changes nothing
    assert sums(book) == (7_200, 0, 60, 7_140)
    book.use("a", MAY, 42)
    assert sums(book) == (7_200, 42, 0, 7_158)
    book.give_back("a")
    assert sums(book) == (7_200, 42, 0, 7_158)


def test_parallel_sessions_share_and_return_only_their_own() -> None:
    book = granted(100)
    book.reserve("a", MAY, 60)
    book.reserve("b", MAY, 40)
    assert sums(book) == (100, 0, 100, 0)
    book.give_back("a")
    assert sums(book) == (100, 0, 40, 60)
    assert book.reserved_s("a", MAY) == 0
    assert book.reserved_s("b", MAY) == 40
    book.use("b", MAY, 40)
    assert sums(book) == (100, 40, 0, 60)


def test_a_session_may_hold_several_allowances() -> None:
    book = granted(10)
    other = AllowanceKey("1", "PACKAGE", "2026-05")
    book.grant(other, 50)
    book.reserve("a", MAY, 10)
    book.reserve("a", other, 20)
    assert book.taken_s(MAY) == 10
    assert book.taken_s(other) == 20
    book.give_back("a")
    assert sums(book) == (10, 0, 0, 10)
    assert sums(book, other) == (50, 0, 0, 50)


def test_a_lower_grant_takes_nothing_away_that_is_taken() -> None:
    book = granted(100)
    book.reserve("a", MAY, 80)
    book.grant(MAY, 50)
    assert sums(book) == (50, 0, 80, 0)
    book.use("a", MAY, 70)
    assert sums(book) == (50, 70, 0, 0)
    book.grant(MAY, 150)
    assert sums(book) == (150, 70, 0, 80)


def test_unused_seconds_lapse_with_their_month() -> None:
    book = granted(100)
    book.use("a", MAY, 10)
    book.grant(JUNE, 100)
    assert sums(book, JUNE) == (100, 0, 0, 100)
    assert sums(book) == (100, 10, 0, 90)  # May is still known, but June has nothing of it


def test_old_months_are_dropped_but_not_under_a_running_call() -> None:
    book = granted(100)
    book.reserve("long", MAY, 30)
    months = [MAY._replace(period=f"2026-{month:02}") for month in range(6, 6 + PERIODS_KEPT)]
    for month in months:
        book.grant(month, 100)
    kept = [state.key.period for state in book.states()]
    assert kept == ["2026-05", *(month.period for month in months[1:])]
    book.use("long", MAY, 30)
    assert sums(book) == (100, 30, 0, 70)
    book.grant(MAY._replace(period="2026-12"), 100)
    assert sums(book) == (0, 0, 0, 0)
    assert len(list(book.states())) == PERIODS_KEPT


def test_a_clock_that_was_set_back_costs_no_newer_month_its_seconds() -> None:
    book = AllowanceBook()
    months = [MAY._replace(period=f"2026-{month:02}") for month in range(6, 6 + PERIODS_KEPT)]
    for month in months:
        book.grant(month, 100)
        book.use("a", month, 40)
    book.grant(MAY, 100)
    assert [sums(book, month)[1] for month in months] == [40] * PERIODS_KEPT
    book.grant(MAY._replace(period="2027-01"), 100)
    assert len(list(book.states())) == PERIODS_KEPT


def test_a_rating_run_over_dropped_months_touches_none_that_is_kept() -> None:
    book = AllowanceBook()
    months = [MAY._replace(period=f"2026-{month:02}") for month in range(6, 6 + PERIODS_KEPT)]
    for month in months:
        book.grant(month, 100)
    before = list(book.states())
    book.correct(MAY, refund_s=60, used_s=20)
    assert list(book.states()) == before


def test_what_no_call_has_asked_for_is_not_there() -> None:
    book = AllowanceBook()
    assert book.is_empty
    assert book.taken_s(MAY) == 0
    assert list(book.states()) == []
    with pytest.raises(LocalError):
        book.reserve("a", MAY, 1)
    book.give_back("a")
    assert not granted().is_empty


@pytest.mark.parametrize("seconds", [-1, -100])
def test_negative_seconds_are_our_own_mistake(seconds: int) -> None:
    book = granted()
    misuses: tuple[Callable[[], None], ...] = (
        lambda: book.grant(MAY, seconds),
        lambda: book.reserve("a", MAY, seconds),
        lambda: book.use("a", MAY, seconds),
        lambda: book.correct(MAY, refund_s=seconds, used_s=0),
        lambda: book.correct(MAY, refund_s=0, used_s=seconds),
    )
    for misuse in misuses:
        with pytest.raises(LocalError):
            misuse()
    assert sums(book) == (7_200, 0, 0, 7_200)


def test_a_later_rating_gives_back_what_a_call_had_used_and_takes_anew() -> None:
    book = granted(100)
    book.use("a", MAY, 60)
    book.correct(MAY, refund_s=60, used_s=20)
    assert sums(book) == (100, 20, 0, 80)
    # Booked afterwards: nobody has asked for it yet, and its seconds are used all the same.
    late = AllowanceKey("1", "LATE", "2026-05")
    book.correct(late, refund_s=0, used_s=30)
    book.grant(late, 100)
    assert sums(book, late) == (100, 30, 0, 70)


def test_a_book_survives_its_record() -> None:
    book = granted(100)
    book.grant(JUNE, 200)
    book.use("gone", MAY, 7)
    book.reserve("a", MAY, 30)
    book.reserve("a", JUNE, 5)
    book.reserve("b", JUNE, 9)
    stored = json.loads(json.dumps(book.to_record()))
    again = AllowanceBook.from_record(stored)
    assert list(again.states()) == list(book.states())
    assert again.to_record() == book.to_record()
    again.give_back("a")
    assert sums(again, JUNE) == (200, 0, 9, 191)
