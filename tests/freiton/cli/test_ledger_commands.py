"""The charging log from the command line: checked, read, and rid of people."""

import csv
from pathlib import Path

import pytest

from freiton.storage.charging_log_appender import LogAppender
from freiton.storage.charging_log_file import CHARGING_FOLDER
from tests.freiton.accounting.desk import Desk
from tests.freiton.cli.conftest import Freiton
from tests.freiton.storage.calls_for_log import make_calls


@pytest.fixture(autouse=True)
def log(state: Path) -> Path:
    """Eight calls, two of them still open."""
    folder = state / CHARGING_FOLDER
    state.mkdir()
    appender = LogAppender(folder)
    make_calls(appender, Desk(), 8)
    appender.close()
    return folder


def called_numbers(freiton: Freiton) -> list[str]:
    lines = freiton("cdr", "export").out.splitlines()
    return [row["called_number"] for row in csv.DictReader(lines)]


def test_a_log_is_found_sound(freiton: Freiton) -> None:
    assert "6 ended calls, 0 refused attempts, 2 open calls" in freiton("ledger", "verify").out


def test_old_numbers_are_erased_and_the_log_stays_sound(freiton: Freiton) -> None:
    sound = freiton("ledger", "verify").out
    assert all(called_numbers(freiton))
    erased = freiton("ledger", "erase-numbers", "--before", "2100-01-01").out
    assert erased.startswith("Erased the numbers of ")
    assert "of 0 events" not in erased
    assert called_numbers(freiton) == [""] * 6
    assert freiton("ledger", "verify").out == sound


def test_numbers_that_are_young_stay(freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--before", "2001-01-01T12:00")
    assert all(called_numbers(freiton))


def test_one_call_is_counted_as_one(freiton: Freiton, log: Path) -> None:
    for part in log.iterdir():
        part.unlink()
    appender = LogAppender(log)
    make_calls(appender, Desk(), 2)
    appender.close()
    assert (
        "1 ended call, 0 refused attempts, 1 open call, 0 rating runs"
        in freiton("ledger", "verify").out
    )


def test_the_numbers_of_one_call_are_erased(freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--call", "call1")
    assert sorted(map(bool, called_numbers(freiton))) == [False] + [True] * 5


@pytest.mark.parametrize("arguments", [[], ["--before", "2026-01-01", "--call", "call1"]])
def test_what_to_erase_is_said_in_one_way(freiton: Freiton, arguments: list[str]) -> None:
    refused = freiton("ledger", "erase-numbers", *arguments, status=2).err
    assert "give one of --before and --call" in refused
