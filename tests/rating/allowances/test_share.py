from __future__ import annotations

from rating.allowances import AllowanceBook, AllowanceKey, AllowanceShare, AllowanceSpan
from rating.allowances.share import SPANS_MAX
from rating.allowances.terms import AllowanceTerms

PERIOD = "2026-05"
SMALL = AllowanceTerms("SMALL", PERIOD, 30)
LARGE = AllowanceTerms("LARGE", PERIOD, 100)


def share_of(book: AllowanceBook, name: str = "a", *terms: AllowanceTerms) -> AllowanceShare:
    share = AllowanceShare(name, book, account_id="1", terms=terms or (SMALL, LARGE))
    share.grant()
    return share


def extend(share: AllowanceShare, from_s: int, to_s: int) -> tuple[AllowanceSpan, ...]:
    share.reserve(share.spans_up_to(to_s, from_s=from_s))
    return share.spans


def taken(book: AllowanceBook) -> tuple[int, int]:
    small, large = (AllowanceKey("1", one.option_id, PERIOD) for one in (SMALL, LARGE))
    return book.taken_s(small), book.taken_s(large)


def test_allowances_pay_in_their_order_and_are_split_to_the_second() -> None:
    book = AllowanceBook()
    share = share_of(book)
    assert extend(share, 0, 10) == ((0, 0, 10),)
    assert extend(share, 10, 40) == ((0, 0, 30), (1, 30, 10))
    assert extend(share, 40, 200) == ((0, 0, 30), (1, 30, 100))
    assert share.reserved_s == 130
    assert share.free_s() == (0, 0)
    assert taken(book) == (30, 100)
    assert [share.used_s(second, share.spans) for second in (0, 29, 31, 130, 500)] == [
        (0, 0),
        (29, 0),
        (30, 1),
        (30, 100),
        (30, 100),
    ]


def test_two_calls_never_take_the_same_second() -> None:
    book = AllowanceBook()
    first, second = (share_of(book, name, SMALL) for name in "ab")
    assert extend(first, 0, 20) == ((0, 0, 20),)
    assert extend(second, 0, 20) == ((0, 0, 10),)
    assert extend(first, 20, 40) == ((0, 0, 20),)
    first.use({"SMALL": 12})
    assert taken(book) == (22, 0)
    # What came back pays the seconds after those that money paid in between.
    assert extend(second, 20, 40) == ((0, 0, 10), (0, 20, 8))
    assert [second.used_s(at, second.spans) for at in (10, 20, 25, 40)] == [
        (10,),
        (10,),
        (15,),
        (18,),
    ]
    second.use({"SMALL": 18})
    assert taken(book) == (30, 0)


def test_what_is_not_used_goes_back() -> None:
    book = AllowanceBook()
    share = share_of(book)
    extend(share, 0, 60)
    share.use({"SMALL": 30, "LARGE": 3})
    assert taken(book) == (30, 3)
    other = share_of(book, "b")
    assert other.free_s() == (0, 97)
    extend(other, 0, 60)
    other.give_back()
    assert taken(book) == (30, 3)


def test_a_call_keeps_to_its_own_terms() -> None:
    book = AllowanceBook()
    before = share_of(book, "a", SMALL)
    after = share_of(book, "b", SMALL._replace(granted_s=50))
    assert before.free_s() == (30,)
    assert after.free_s() == (50,)
    extend(after, 0, 45)
    assert before.free_s() == (0,)


def test_a_call_that_changed_too_often_goes_on_in_money() -> None:
    book = AllowanceBook()
    share = share_of(book, "a", LARGE)
    for number in range(SPANS_MAX):
        extend(share, 2 * number, 2 * number + 1)
    assert len(share.spans) == SPANS_MAX
    assert share.free_s() == (0,)
    assert extend(share, 500, 600) == share.spans
    assert share.reserved_s == SPANS_MAX
    assert share_of(book, "b", LARGE).free_s() == (100 - SPANS_MAX,)


def test_without_allowances_nothing_is_paid() -> None:
    share = AllowanceShare("a", AllowanceBook(), account_id="1")
    assert share.spans_up_to(100, from_s=0) == ()
    assert share.used_s(100, ()) == ()
    share.use({})
    assert share.reserved_s == 0
