"""Rating runs on disk: found again over segments, proven, and never written twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freiton.accounting.charging_events import AnyEvent, CallRerated, RatingRunBegun, encode_event
from freiton.accounting.instants import Instant
from freiton.accounting.rating_runs import correction_of
from freiton.storage.charging_log import iterate_cdrs, newest_ratings, prepaid_calls, rating_runs
from freiton.storage.charging_log_appender import AppendRecord, LogAppender
from freiton.storage.charging_log_file import segment_numbers
from freiton.storage.charging_log_state import read_state
from freiton.storage.charging_log_verify import verify
from rating.cdr import CallDetailRecord
from rating.engine import RatingParams, rate_call
from tests.freiton.accounting.desk import Desk
from tests.freiton.storage.calls_for_log import make_calls
from tests.rating.charging.quotes import make_quote

WHEN = Instant(1_772_449_200_000_000, 5_000_000_000, "boot1")


@pytest.fixture
def log(tmp_path: Path) -> LogAppender:
    """Segments of a dozen events, with eight calls in them, two of them open."""
    appender = LogAppender(tmp_path / "log", segment_events=12)
    make_calls(appender, Desk(), 8)
    return appender


def write(log: LogAppender, *events: AnyEvent) -> list[int]:
    records = [
        AppendRecord(number, encode_event(event).body, None)
        for number, event in enumerate(events, start=1)
    ]
    positions = [position for _, position in log.append(records)]
    log.fold()
    log.roll_if_full()
    return positions


def begun(run: int) -> RatingRunBegun:
    return RatingRunBegun(when=WHEN, run_id=f"run{run}", number=run, reason="test")


def freed(former: CallDetailRecord, run: int) -> CallRerated:
    quote = make_quote("0")
    rated = rate_call(RatingParams(quote, former.rated_us))
    rerated = replace(
        former,
        quote=quote,
        charged_s=rated.charged_s,
        amount_micros=0,
        net_micros=0,
        gross_micros=0,
        rating_run=run,
        supersedes=former.rating_run,
    )
    return correction_of(former, rerated, is_prepaid=True, when=WHEN)


def records(folder: Path) -> dict[str, CallDetailRecord]:
    return {record.call_id: record for record in iterate_cdrs(folder)}


def test_records_show_the_newest_run_wherever_it_stands(log: LogAppender, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    before = records(folder)
    first, *others = before
    charged = verify(folder).charged_micros
    write(log, begun(1), freed(before[first], 1))
    make_calls(log, Desk(now=9_000), 8, first=100)
    after = records(folder)
    assert len(segment_numbers(folder)) > 2
    assert (after[first].rating_run, after[first].amount_micros) == (1, 0)
    assert after[first].called_number == before[first].called_number != ""
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert [run.reason for run in rating_runs(folder)] == ["test"]
    assert list(newest_ratings(folder)) == [first]
    assert dict(prepaid_calls(folder))[first] is True
    found = verify(folder)
    assert (found.problems, found.rating_runs) == ([], 1)
    assert found.charged_micros == 2 * charged - before[first].amount_micros


def test_a_correction_is_known_again_many_segments_later(log: LogAppender, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    record = next(iter(records(folder).values()))
    correction = freed(record, 1)
    _, first = write(log, begun(1), correction)
    make_calls(log, Desk(now=9_000), 16, first=100)
    state = read_state(folder).book.account("prepaid/1").balance_micros
    assert write(log, correction) == [first]
    assert write(log, begun(1)) == [first - 1]
    assert read_state(folder).book.account("prepaid/1").balance_micros == state
    assert verify(folder).is_sound


def test_a_snapshot_carries_run_and_money_into_the_next_segment(
    log: LogAppender, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    record = next(iter(records(folder).values()))
    write(log, begun(1), freed(record, 1))
    while len(segment_numbers(folder)) < 6:
        make_calls(log, Desk(now=9_000), 4, first=1_000 * len(segment_numbers(folder)))
    log.close()
    again = LogAppender(folder)
    assert (again.state.rating_run, again.state.rating_run_id) == (1, "run1")
    again.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"charge_micros": 7}, "its new record and its correction differ"),
        ({"run": 2}, "not the newest"),
        ({"account_id": "77"}, "another call or run"),
    ],
)
def test_a_correction_that_does_not_add_up_is_found(
    log: LogAppender, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    record = next(iter(records(tmp_path / "log").values()))
    event = freed(record, 1)
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    write(log, begun(1), CallRerated(**{**fields, **change}))
    (problem,) = verify(tmp_path / "log").problems
    assert words in problem


def test_runs_are_counted_without_a_hole(log: LogAppender, tmp_path: Path) -> None:
    write(log, begun(1), begun(3))
    (problem,) = verify(tmp_path / "log").problems
    assert "rating run 3 is not the next one" in problem
