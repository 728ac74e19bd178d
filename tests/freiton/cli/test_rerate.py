"""`freiton rerate`: a run is appended, the ledger gets the difference, records show the newest."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from freiton.accounting.charging_events import CallRerated
from freiton.cli import app, rerate
from freiton.cli.desk import Desk
from freiton.cli.rating_door import LogDoor, RatingDoor, rating_door
from freiton.control import SOCKET_NAME, ControlClient, ControlError
from freiton.errors import OperatorError
from freiton.logs import open_log
from freiton.running_switch import RunningSwitch
from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.charging_log_state import read_state
from freiton.storage.charging_log_verify import verify
from rating.engine import BookedOption
from tests.freiton.accounting.desk import PREPAID
from tests.freiton.cli.conftest import Freiton
from tests.freiton.cli.looking_back import Talk, leave_open, make_log
from tests.freiton.test_running_switch import settings

MINUTE_MICROS = 29_000
"""A minute to the German fixed network, gross."""
TALKS = (
    Talk("april", "030123456", after_s=-5 * 86_400),
    Talk("early", "030123456"),
    Talk("mobile", "01711234567", after_s=100),
    Talk("late", "030123456", after_s=200, lasts_s=120),
)
REASON = ("--reason", "flat ordered late")


def add_alice(freiton: Freiton) -> None:
    freiton("account", "add", "alice", "--area-code", "30")


def order_flat(freiton: Freiton) -> None:
    freiton("flatrate", "add", "alice", "--ordered-on", "2026-05-20")


def exported(freiton: Freiton) -> dict[str, dict[str, str]]:
    rows = csv.DictReader(freiton("cdr", "export").out.splitlines())
    return {row["call_id"]: row for row in rows}


@pytest.fixture
def alice(state: Path, freiton: Freiton) -> None:
    add_alice(freiton)
    make_log(state, *TALKS)
    order_flat(freiton)


def owed(state: Path) -> int:
    return -read_state(state / CHARGING_FOLDER).book.account("postpaid/1").balance_micros


def is_sound(state: Path) -> bool:
    return verify(state / CHARGING_FOLDER).is_sound


@pytest.mark.usefixtures("alice")
def test_a_retroactive_flat_gives_the_calls_of_its_month_back(
    state: Path, freiton: Freiton
) -> None:
    before = owed(state)
    done = freiton("rerate", "--account", "alice", "--month", "2026-05", *REASON, "--json").json
    assert (done["run"], done["changed"]) == (1, 2)
    assert done["difference_micros"] == -3 * MINUTE_MICROS
    assert done["accounts"][0]["calls"] == 3
    assert owed(state) == before - 3 * MINUTE_MICROS
    rows = exported(freiton)
    assert [rows[name]["rating_run"] for name in ("april", "early", "mobile", "late")] == [
        "0", "1", "0", "1",
    ]  # fmt: skip
    assert (rows["late"]["supersedes"], rows["late"]["gross_euro"]) == ("0", "0.000000")
    assert rows["late"]["covered_by"] == "FLAT.DE"
    assert rows["april"]["gross_euro"] == "0.029000"
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_an_explanation_names_the_run_and_its_reason(freiton: Freiton) -> None:
    freiton("rerate", *REASON)
    told = freiton("explain", "early", "--language", "en").out
    assert "Rating run 1 of " in told
    assert told.rstrip().endswith("has found it so: flat ordered late.")
    assert freiton("explain", "early", "--json").json["reason"] == "flat ordered late"


@pytest.mark.usefixtures("alice")
def test_one_call_is_told_as_one(freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--call", "early")
    assert "1 call would change by" in freiton("rerate", *REASON, "--dry-run").out
    assert "corrects 1 call by" in freiton("rerate", *REASON).out


def test_the_help_says_that_all_calls_are_rated_unless_fewer_are_named(freiton: Freiton) -> None:
    told = " ".join(freiton("rerate", "--help").out.split())
    assert "Without --month and --account, all recorded calls are rated." in told


@pytest.mark.usefixtures("alice")
def test_a_dry_run_writes_nothing(state: Path, freiton: Freiton) -> None:
    before = verify(state / CHARGING_FOLDER).head
    done = freiton("rerate", *REASON, "--dry-run").out
    assert "2 calls would change by -0.087 €. Nothing was written." in done
    assert verify(state / CHARGING_FOLDER).head == before


@pytest.mark.usefixtures("alice")
def test_what_is_right_already_begins_no_run(state: Path, freiton: Freiton) -> None:
    freiton("rerate", *REASON)
    head = verify(state / CHARGING_FOLDER).head
    assert "No charge changes. Nothing was written." in freiton("rerate", *REASON).out
    assert verify(state / CHARGING_FOLDER).head == head


@pytest.mark.usefixtures("alice")
def test_a_run_under_the_name_of_an_older_one_is_refused(state: Path, freiton: Freiton) -> None:
    freiton("rerate", *REASON, "--run-id", "one")
    freiton("flatrate", "remove", "alice", "--on", "2026-05-04")
    freiton("rerate", *REASON, "--run-id", "two")
    freiton("flatrate", "add", "alice", "--ordered-on", "2026-05-21")
    before = owed(state)
    refused = freiton("rerate", *REASON, "--run-id", "one", status=1).err
    assert "the rating run one is not the newest any more" in refused
    assert owed(state) == before
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_erased_numbers_keep_what_they_have_cost(state: Path, freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--call", "early")
    done = freiton("rerate", *REASON).out
    assert "Charge kept for 1 call: the called number has been erased" in done
    rows = exported(freiton)
    assert (rows["early"]["rating_run"], rows["early"]["gross_euro"]) == ("0", "0.029000")
    assert rows["late"]["gross_euro"] == "0.000000"


@pytest.mark.usefixtures("alice")
def test_calls_of_an_account_that_is_gone_stay(freiton: Freiton) -> None:
    freiton("account", "remove", "alice")
    done = freiton("rerate", *REASON).out
    assert "Charge kept for 4 calls: the account is not there any more." in done


def test_a_prepaid_account_gets_its_money_back(state: Path, freiton: Freiton) -> None:
    add_alice(freiton)
    make_log(state, *TALKS, terms=PREPAID, paid=5_000_000)
    order_flat(freiton)
    account = "prepaid/1"
    before = read_state(state / CHARGING_FOLDER).book.account(account).balance_micros
    freiton("rerate", *REASON)
    after = read_state(state / CHARGING_FOLDER).book.account(account).balance_micros
    assert after - before == 3 * MINUTE_MICROS
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_a_wrong_price_row_is_put_right_for_all_its_calls(
    state: Path, freiton: Freiton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tmp_path)
    germany = tmp_path / "tariffs" / "tgnet" / "2010-03-01-germany.csv"
    germany.write_text(germany.read_text().replace(",19.9,", ",18.9,"))
    assert config.tariff.folder == tmp_path / "tariffs"
    done = CliRunner().invoke(
        app,
        ["--config", str(tmp_path / "freiton.toml"), "--state", str(state), "rerate", *REASON],
    )
    assert done.exit_code == 0, done.output
    assert exported(freiton)["mobile"]["gross_euro"] == "0.189000"


def test_seconds_that_a_running_call_holds_are_not_given_out_again(
    state: Path, freiton: Freiton
) -> None:
    add_alice(freiton)
    make_log(state, Talk("long", "030123456", after_s=60, lasts_s=7_200))
    day = date(2026, 5, 1)
    free = BookedOption("FREE-120", 1, day, None, day, "tgnet")
    held_s = leave_open(state, "open", "030123456", free)
    assert held_s > 0
    freiton("option", "add", "alice", "FREE-120", "--ordered-on", "2026-05-01")
    freiton("rerate", *REASON)
    assert exported(freiton)["long"]["allowance_used_s"] == f"FREE-120={7_200 - held_s}"
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_a_run_that_broke_off_goes_on_where_it_was(
    state: Path, freiton: Freiton, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = owed(state)
    append = LogDoor.correct

    def correct_once(door: LogDoor, corrections: Sequence[CallRerated]) -> None:
        monkeypatch.setattr(LogDoor, "correct", break_off)
        append(door, corrections)

    def break_off(_door: LogDoor, _corrections: Sequence[CallRerated]) -> None:
        raise OperatorError("the disk is gone")

    monkeypatch.setattr(rerate, "BATCH_CALLS", 1)
    monkeypatch.setattr(LogDoor, "correct", correct_once)
    assert "the disk is gone" in freiton("rerate", *REASON, "--run-id", "one", status=1).err
    assert owed(state) == before - MINUTE_MICROS
    monkeypatch.setattr(LogDoor, "correct", append)
    done = freiton("rerate", *REASON, "--run-id", "one", "--json").json
    assert (done["run"], done["changed"]) == (1, 1)
    assert owed(state) == before - 3 * MINUTE_MICROS
    # What this run has settled stays so under its name, whatever is booked meanwhile.
    freiton("flatrate", "remove", "alice", "--on", "2026-05-04")
    assert freiton("rerate", *REASON, "--run-id", "one", "--json").json["changed"] == 0
    assert freiton("rerate", *REASON, "--run-id", "two", "--json").json["changed"] == 2
    assert owed(state) == before
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_a_call_that_ends_before_the_run_begins_belongs_to_it(
    state: Path, freiton: Freiton, monkeypatch: pytest.MonkeyPatch
) -> None:
    def let_one_end_first(desk: Desk) -> AbstractContextManager[RatingDoor]:
        make_log(state, Talk("last", "030123456", after_s=300))
        return rating_door(desk)

    monkeypatch.setattr("freiton.cli.rerate.rating_door", let_one_end_first)
    done = freiton("rerate", *REASON, "--json").json
    assert done["changed"] == 3
    assert exported(freiton)["last"]["gross_euro"] == "0.000000"
    assert is_sound(state)


@pytest.mark.parametrize("month", ["2026-13", "26-05", "May"])
def test_a_month_is_written_in_one_way(freiton: Freiton, month: str) -> None:
    assert "should be like 2026-11" in freiton("rerate", "--month", month, *REASON, status=2).err


def send_nonsense(control: ControlClient) -> None:
    """Ask a running switch for what it must refuse, in a sentence."""
    nonsense: tuple[tuple[str, dict[str, object], str], ...] = (
        ("begin-rating-run", {"run_id": "two", "reason": ""}, "a rating run needs a reason"),
        ("begin-rating-run", {"run_id": "a/b", "reason": "x"}, "no id of a rating run"),
        ("correct-charges", {"corrections": [5]}, "a correction cannot be read"),
        ("correct-charges", {"corrections": [{"run": 1}]}, "a correction cannot be read"),
    )
    for command, arguments, words in nonsense:
        with pytest.raises(ControlError, match=words):
            control.call(command, **arguments)


async def test_a_running_switch_writes_the_run_itself(tmp_path: Path) -> None:
    config = settings(tmp_path)
    state = config.state_folder
    arguments = ["--config", str(tmp_path / "freiton.toml"), "--state", str(state)]

    def freiton(*command: str) -> str:
        done = CliRunner().invoke(app, [*arguments, *command])
        assert done.exit_code == 0, done.output
        return done.output

    freiton("account", "add", "alice", "--area-code", "30")
    make_log(state, *TALKS)
    before = owed(state)
    switch = RunningSwitch(config, open_log("error"))
    await switch.start()
    try:
        flat = ("flatrate", "add", "alice", "--ordered-on", "2026-05-20")
        await asyncio.to_thread(freiton, *flat)
        done = await asyncio.to_thread(freiton, "rerate", *REASON, "--run-id", "one")
        assert "Rating run 1 (one) corrects 2 calls by -0.087 €." in done
        book = switch._accounting.state.book
        assert -book.account("postpaid/1").balance_micros == before - 3 * MINUTE_MICROS
        await asyncio.to_thread(send_nonsense, ControlClient(state / SOCKET_NAME))
        again = await asyncio.to_thread(freiton, "rerate", *REASON, "--run-id", "one")
        assert "Nothing was written." in again
    finally:
        await switch.stop()
    assert owed(state) == before - 3 * MINUTE_MICROS
    assert is_sound(state)


@pytest.mark.usefixtures("alice")
def test_a_day_without_any_price_list_rates_nothing(state: Path, freiton: Freiton) -> None:
    refused = freiton("rerate", *REASON, "--with-list-of", "2000-01-01", status=1)
    assert refused.err == "freiton: no price list was in force on 2000-01-01\n"
    assert read_state(state / CHARGING_FOLDER).rating_run == 0
