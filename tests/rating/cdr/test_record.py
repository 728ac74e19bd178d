from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rating.cdr import CallDetailRecord
from rating.engine import RatingParams, rate_call
from rating.errors import RecordError
from tests.rating.cdr.records import answered_call, refused_call


def test_a_record_survives_storage() -> None:
    for record in (answered_call(), refused_call()):
        stored = json.loads(json.dumps(record.to_record()))
        assert CallDetailRecord.from_record(stored) == record


def test_instants_are_stored_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    record = replace(refused_call(), started_at=datetime(2026, 5, 20, 14, tzinfo=berlin))
    assert record.to_record()["started_at"] == "2026-05-20T12:00:00.000000+00:00"
    again = CallDetailRecord.from_record(record.to_record())
    assert again.started_at.tzinfo is UTC
    assert again == record


def test_the_stored_quote_gives_the_stored_amounts() -> None:
    record = answered_call()
    assert record.quote is not None
    assert record.rate_again() == rate_call(RatingParams(record.quote, record.rated_us))
    assert record.is_consistent()
    assert record.vat_micros == record.gross_micros - record.net_micros
    assert not replace(record, amount_micros=record.amount_micros + 1).is_consistent()
    assert not replace(record, net_micros=record.net_micros - 1).is_consistent()


def test_without_a_quote_nothing_is_charged() -> None:
    assert refused_call().rate_again() is None
    assert refused_call().is_consistent()
    assert not replace(refused_call(), gross_micros=1).is_consistent()


RECORD = answered_call().to_record()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 0),
        ("call_id", None),
        ("call_id", 7),
        ("started_at", "yesterday"),
        ("started_at", "2026-05-20T12:00:00"),
        ("answered_at", 5),
        ("is_emergency", "no"),
        ("duration_us", "5"),
        ("duration_us", True),
        ("quote", "a quote"),
        ("quote", {"version": 1}),
        ("sip_status", "486"),
    ],
)
def test_a_damaged_record_is_refused(field: str, value: object) -> None:
    with pytest.raises(RecordError):
        CallDetailRecord.from_record({**RECORD, field: value})


@pytest.mark.parametrize("field", sorted(RECORD))
def test_a_record_with_a_missing_field_is_refused(field: str) -> None:
    with pytest.raises(RecordError):
        CallDetailRecord.from_record({key: RECORD[key] for key in RECORD if key != field})


def test_a_call_that_outlived_its_grant_is_rated_by_the_grant() -> None:
    cut = replace(answered_call(), duration_us=62_400_000)
    assert cut.is_consistent()
    assert not replace(cut, rated_us=cut.duration_us).is_consistent()


def test_a_record_of_a_later_run_names_it_and_what_it_replaces() -> None:
    record = replace(answered_call(), rating_run=2, supersedes=1)
    assert CallDetailRecord.from_record(record.to_record()) == record
    assert "rating_run" not in answered_call().to_record()


def with_allowance() -> CallDetailRecord:
    record = answered_call()
    assert record.quote is not None
    quote = replace(record.quote, allowances=("FREE-120", "PACKAGE"))
    rated = rate_call(RatingParams(quote, record.rated_us, (0, 40)))
    return replace(
        record,
        quote=quote,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        allowance_used_s=rated.allowance_use,
    )


def test_the_seconds_of_allowances_are_kept_by_option() -> None:
    record = with_allowance()
    assert record.allowance_used_s == {"PACKAGE": 40}
    assert record.amount_micros == 22 * 6_500  # 62 s at 39 ct a minute, less 40 s
    assert record.is_consistent()
    stored = json.loads(json.dumps(record.to_record()))
    assert stored["allowance_used_s"] == {"PACKAGE": 40}
    assert CallDetailRecord.from_record(stored) == record
    # Without them the record is to the letter what it was before there were allowances.
    assert "allowance_used_s" not in answered_call().to_record()
    assert len({record, with_allowance()}) == 1


@pytest.mark.parametrize(
    "used_s", [{}, {"PACKAGE": 39}, {"PACKAGE": 41}, {"FREE-120": 40}, {"PACKAGE": 40, "OTHER": 5}]
)
def test_seconds_that_do_not_follow_from_the_charge_are_seen(used_s: dict[str, int]) -> None:
    record = replace(with_allowance(), allowance_used_s=used_s)
    # Which allowance paid is told by its balance alone; how much, by the amount as well.
    assert record.is_consistent() == (used_s == {"FREE-120": 40})


def test_more_seconds_than_were_charged_are_seen() -> None:
    """Another amount does not betray it: the customer would only miss the seconds later."""
    record = with_allowance()
    rated = (
        rate_call(RatingParams(record.quote, record.rated_us, (0, 62))) if record.quote else None
    )
    assert rated is not None
    paid = replace(
        record,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
    )
    assert replace(paid, allowance_used_s={"PACKAGE": 62}).is_consistent()
    assert not replace(paid, allowance_used_s={"PACKAGE": 63}).is_consistent()
    assert not replace(refused_call(), allowance_used_s={"PACKAGE": 1}).is_consistent()


@pytest.mark.parametrize("value", [[], 40, {"PACKAGE": "40"}, {"PACKAGE": 0}, {"PACKAGE": -1}])
def test_damaged_seconds_are_refused(value: object) -> None:
    with pytest.raises(RecordError):
        CallDetailRecord.from_record({**RECORD, "allowance_used_s": value})
