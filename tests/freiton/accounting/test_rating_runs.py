"""A charge is corrected by one more event, never by an edit; repeats and old runs do nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from freiton.accounting.errors import AccountingError
from freiton.accounting.instants import Instant
from freiton.accounting.rating_runs import correction_of
from freiton.accounting.snapshot import decode_state, encode_state
from rating.allowances import AllowanceKey
from rating.cdr import CallDetailRecord
from rating.engine import RatingParams, rate_call
from rating.ledger import SpendingTerms
from tests.freiton.accounting.desk import LIMIT, PREPAID, Desk
from tests.rating.charging.quotes import make_quote

ZERO = Instant(0, 0, "")


def call_of(desk: Desk, call_id: str, *, terms: SpendingTerms = LIMIT) -> CallDetailRecord:
    """Let a minute be talked and charged."""
    desk.connect(call_id, terms=terms)
    desk.run(60)
    record = desk.end(call_id)
    desk.write()
    assert record.amount_micros > 0
    return record


def free(record: CallDetailRecord, *, run: int, supersedes: int = 0) -> CallDetailRecord:
    """Give the record that a retroactive flatrate would have made."""
    quote = make_quote("0")
    rated = rate_call(RatingParams(quote, record.rated_us))
    return replace(
        record,
        quote=quote,
        charged_s=rated.charged_s,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        rating_run=run,
        supersedes=supersedes,
    )


def correction(
    former: CallDetailRecord, rerated: CallDetailRecord, *, is_prepaid: bool = False
) -> dict[str, Any]:
    """Write a correction as it comes through the control socket."""
    event = correction_of(former, rerated, is_prepaid=is_prepaid, when=ZERO)
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return fields


def begin(desk: Desk, run_id: str) -> int:
    desk.accounting.rating_runs.begin(run_id, reason="flat ordered", at=desk.at, now=desk.now)
    desk.write()
    return desk.accounting.state.rating_run


def correct(desk: Desk, *corrections: dict[str, Any]) -> None:
    desk.accounting.rating_runs.correct(corrections, at=desk.at, now=desk.now)
    desk.write()


def test_what_a_bill_holds_is_given_back_and_debited_anew() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    owed = desk.accounting.state.book.account("postpaid/1")
    assert owed.balance_micros == -record.amount_micros
    correct(desk, correction(record, free(record, run=begin(desk, "one"))))
    assert owed.balance_micros == 0
    assert desk.accounting.state.book.imbalance_micros() == (0, 0)
    assert desk.in_memory() == desk.folded()


def test_a_prepaid_balance_gets_its_money_back() -> None:
    desk = Desk()
    desk.pay(1_000_000, "first")
    desk.write()
    record = call_of(desk, "a", terms=PREPAID)
    assert desk.balance() == 1_000_000 - record.amount_micros
    correct(desk, correction(record, free(record, run=begin(desk, "one")), is_prepaid=True))
    assert desk.balance() == 1_000_000 == desk.available()


def test_a_dearer_price_may_leave_a_prepaid_balance_below_zero() -> None:
    desk = Desk()
    desk.pay(60_000, "first")
    desk.write()
    record = call_of(desk, "a", terms=PREPAID)
    quote = make_quote("1")
    rated = rate_call(RatingParams(quote, record.rated_us))
    dearer = replace(
        record,
        quote=quote,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        rating_run=begin(desk, "one"),
        supersedes=0,
    )
    correct(desk, correction(record, dearer, is_prepaid=True))
    assert desk.balance() == 60_000 - dearer.amount_micros < 0
    assert desk.available() == 0


def test_a_repeated_correction_and_a_repeated_beginning_change_nothing() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    fields = correction(record, free(record, run=begin(desk, "one")))
    correct(desk, fields)
    once = desk.in_memory()
    assert begin(desk, "one") == 1
    correct(desk, fields)
    assert desk.in_memory().book == once.book
    assert desk.in_memory() == desk.folded()


def test_only_the_newest_run_corrects() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    first = begin(desk, "one")
    begin(desk, "two")
    with pytest.raises(AccountingError, match="not the newest"):
        correct(desk, correction(record, free(record, run=first)))


def test_a_run_that_is_not_durable_yet_bars_its_predecessors_already() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    first = begin(desk, "one")
    desk.accounting.rating_runs.begin("two", reason="again", at=desk.at, now=desk.now)
    with pytest.raises(AccountingError, match="not the newest"):
        correct(desk, correction(record, free(record, run=first)))


def test_an_older_run_cannot_be_begun_again() -> None:
    desk = Desk()
    begin(desk, "one")
    begin(desk, "two")
    assert begin(desk, "one") == 2
    assert desk.accounting.state.rating_run_id == "two"


def test_a_run_corrects_all_of_a_batch_or_nothing() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    good = correction(record, free(record, run=begin(desk, "one")))
    lie = {**good, "charge_micros": 5}
    before = desk.in_memory()
    with pytest.raises(AccountingError, match="its correction differ"):
        correct(desk, good, lie)
    assert desk.in_memory() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"call_id": "b"}, "another call or run"),
        ({"record": {}}, "cannot be read"),
        ({"record": None}, "cannot be read"),
        ({"refund_micros": -1}, "differ"),
        ({"allowance_refund_s": {"FREE-120": -1}}, "differ"),
        ({"allowance_used_s": {"FREE-120": 1}}, "differ"),
        ({"run": 0}, "not the newest"),
    ],
)
def test_a_correction_that_is_wrong_is_refused(change: dict[str, Any], message: str) -> None:
    desk = Desk()
    record = call_of(desk, "a")
    fields = correction(record, free(record, run=begin(desk, "one")))
    with pytest.raises(AccountingError, match=message):
        correct(desk, {**fields, **change})


def test_seconds_of_an_allowance_are_taken_and_given_back() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    quote = replace(make_quote(), allowances=("FREE-120",))
    rated = rate_call(RatingParams(quote, record.rated_us, (45,)))
    by_allowance = replace(
        record,
        quote=quote,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        allowance_used_s=rated.allowance_use,
        rating_run=begin(desk, "one"),
        supersedes=0,
    )
    correct(desk, correction(record, by_allowance))
    key = AllowanceKey("1", "FREE-120", "2026-03")
    assert desk.accounting.state.allowances.state(key).used_s == 45
    again = replace(record, rating_run=begin(desk, "two"), supersedes=1)
    correct(desk, correction(by_allowance, again))
    assert desk.accounting.state.allowances.state(key).used_s == 0
    assert desk.owed() - desk.accounting.state.book.account("postpaid/1").credits_posted == (
        record.amount_micros
    )
    assert desk.in_memory() == desk.folded()


def test_a_call_that_goes_on_is_not_corrected() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    desk.connect("b")
    rerated = replace(free(record, run=begin(desk, "one")), call_id="b")
    with pytest.raises(AccountingError, match="still goes on"):
        correct(desk, correction(record, rerated))


@pytest.mark.parametrize(("run_id", "reason"), [("", "x"), ("a/b", "x"), ("one", " ")])
def test_a_run_has_an_id_and_a_reason(run_id: str, reason: str) -> None:
    desk = Desk()
    with pytest.raises(AccountingError, match="rating run"):
        desk.accounting.rating_runs.begin(run_id, reason=reason, at=desk.at, now=desk.now)


def test_looking_back_proves_no_open_call_alive() -> None:
    desk = Desk()
    record = call_of(desk, "a")
    desk.connect("b")
    proof = desk.accounting.state.last_alive
    desk.step_wall_clock(3600)
    desk.now += 3600
    correct(desk, correction(record, free(record, run=begin(desk, "one"))))
    assert desk.accounting.state.last_alive == proof


def test_a_snapshot_knows_the_newest_run() -> None:
    desk = Desk()
    begin(desk, "one")
    state = decode_state(encode_state(desk.accounting.state), {})
    assert (state.rating_run, state.rating_run_id) == (1, "one")
