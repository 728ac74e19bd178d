"""`freiton demo` in processes of its own: as shipped, and with something wrong planted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from freiton.calls.stream import CallReport
from freiton.config import load_config, shipped
from freiton.demo import expected
from freiton.demo.company import Company, own_config
from freiton.demo.compare import compare_records, compare_stream, compare_sums
from freiton.storage.charging_log import iterate_cdrs
from freiton.storage.charging_log_file import CHARGING_FOLDER
from rating.cdr import CallDetailRecord

DEMO_S = 60


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a demo left behind."""

    status: int
    output: str
    complaints: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Played:
    """The records of a demo that kept its state folder."""

    records: list[CallDetailRecord]
    account_ids: dict[str, str]
    trunk_ids: dict[str, str]

    def deviations(self, *calls: expected.ExpectedCall) -> list[str]:
        return list(
            compare_records(
                self.records, calls, account_ids=self.account_ids, trunk_ids=self.trunk_ids
            )
        )


def start(folder: Path, *options: str, demo_options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start a demo whose state folder is made below `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "freiton", *options, "demo", *demo_options],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], folder: Path) -> Finished:
    output, complaints = process.communicate(timeout=DEMO_S)
    return Finished(status=process.returncode, output=output, complaints=complaints, folder=folder)


def settings_with_wrong_price(folder: Path) -> Path:
    """Write settings whose German mobiles cost 20.9 instead of 19.9 ct/min."""
    shutil.copytree(shipped("tariffs"), folder / "tariffs")
    (table,) = folder.glob("tariffs/tgnet/*-germany.csv")
    text = table.read_text()
    wrong = text.replace("DE-T-MOBILE,,19.9,", "DE-T-MOBILE,,20.9,")
    assert wrong != text
    table.write_text(wrong)
    settings = folder / "freiton.toml"
    settings.write_text('[tariff]\nfolder = "tariffs"\n')
    return settings


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Finished]]:
    """All demos, side by side: they must not disturb each other."""
    kept, wrong, small = (tmp_path_factory.mktemp(name) for name in ("kept", "wrong", "small"))
    settings = tmp_path_factory.mktemp("settings")
    wrong_price = settings_with_wrong_price(settings)
    two_calls = settings / "two-calls.toml"
    two_calls.write_text("[limits]\ncalls_max = 2\n")
    processes = {
        "kept": (start(kept, demo_options=("--keep",)), kept),
        "wrong": (start(wrong, "--config", str(wrong_price)), wrong),
        "small": (start(small, "--config", str(two_calls)), small),
    }
    try:
        yield {name: finish(*process) for name, process in processes.items()}
    finally:
        for process, _ in processes.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def played(demos: dict[str, Finished]) -> Played:
    (folder,) = demos["kept"].folder.glob("freiton-demo-*")
    company = Company(own_config(load_config(), folder))
    return Played(
        records=list(iterate_cdrs(folder / CHARGING_FOLDER)),
        account_ids=company.account_ids(),
        trunk_ids=company.trunk_ids(),
    )


def sums(output: str) -> list[str]:
    return re.findall(r"Sum .*?([0-9]+\.[0-9]{6})", output)


def test_everything_is_as_expected(demos: dict[str, Finished]) -> None:
    demo = demos["kept"]
    assert (demo.status, demo.complaints) == (0, "")
    assert sums(demo.output) == ["0.016583", "0.009950", "0.019333"]
    assert "All calls together: 0.045866 euros." in demo.output
    assert "486 Alle gebuchten Flatrates sind im Gespräch" in demo.output
    assert demo.output.count("402 Guthaben reicht nicht") == 2


def test_bills_say_why(demos: dict[str, Finished]) -> None:
    lines = demos["kept"].output.splitlines()
    for number, amount, why in (
        ("+493023125002", "0.000000", "free within the house"),
        ("+493023125900", "0.000000", "covered by FLAT.DE"),
        ("+491713920010", "0.016583", "90/standard/mobile (line 90)"),
        ("+491713920010", "0.009950", "90/standard/mobile (line 90)"),
        ("+33639981234", "0.019333", "198-left/plus/mobile (line 198)"),
        ("112", "0.000000", "emergency call, free"),
    ):
        found = [line for line in lines if f" {number} " in line and amount in line]
        assert len(found) == 1
        assert why in found[0]


def test_without_a_terminal_there_are_plain_lines(demos: dict[str, Finished]) -> None:
    assert "\x1b" not in demos["kept"].output
    running = re.findall(r"bob: ([0-9.]+) s  €([0-9.]+)", demos["kept"].output)
    assert running
    assert all(float(cost) <= 0.00995 for _, cost in running)


def test_a_wrong_price_is_found(demos: dict[str, Finished]) -> None:
    """20.9 ct * 5 / 60 = 1.741666... ct; one cent is good for 2 seconds now: 0.696666... ct."""
    demo = demos["wrong"]
    assert demo.status == 1
    assert "amount is 0.017417 euros, not 0.016583" in demo.complaints
    assert "amount is 0.006967 euros, not 0.009950" in demo.complaints
    assert "charged seconds is 2, not 3" in demo.complaints
    assert "Traceback" not in demo.complaints
    assert "exactly as expected" not in demo.output


def test_a_switch_that_takes_too_few_calls_is_found(demos: dict[str, Finished]) -> None:
    """Calls that should have been put through are refused; the demo goes on and says all of it."""
    demo = demos["small"]
    assert demo.status == 1
    assert "refused with 503 'Vermittlung überlastet'" in demo.complaints
    assert "refused with '503 Vermittlung überlastet', not with '402 Guthaben" in demo.complaints
    assert "there is no record of it" in demo.complaints
    assert "the calls of carol sum up to 0.000000 euros, not 0.019333" in demo.complaints
    assert "Traceback" not in demo.complaints


def test_the_state_folder_is_removed_unless_kept(demos: dict[str, Finished]) -> None:
    assert not list(demos["wrong"].folder.glob("freiton-demo-*"))
    (kept,) = demos["kept"].folder.glob("freiton-demo-*")
    assert str(kept) in demos["kept"].output


def test_kept_records_are_as_expected(played: Played) -> None:
    assert played.deviations(*expected.CALLS) == []
    assert (
        list(compare_sums(played.records, expected.SUMS_MICROS, account_ids=played.account_ids))
        == []
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"ending": "refused"},
        {"released_by": "callee"},
        {"status": 480},
        {"charged_s": 6},
        {"amount_micros": 16_584},
        {"covered_by": "FLAT.DE"},
        {"line": 91},
        {"trunk": "carrier1"},
        {"is_emergency": True},
        {"hold_s": 5.5},
        {"number": "+491713920011"},
        {"account": "carol"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_any_wrong_expectation_is_a_deviation(played: Played, wrong: dict[str, Any]) -> None:
    planted = replace(expected.SECOND_FLATRATE, **wrong)
    calls = [planted if one is expected.SECOND_FLATRATE else one for one in expected.CALLS]
    assert played.deviations(*calls) != []


def test_a_call_too_many_or_too_few_is_a_deviation(played: Played) -> None:
    assert played.deviations(*expected.CALLS[:-1]) != []
    assert played.deviations(*expected.CALLS, expected.ON_NET) != []


def test_a_wrong_sum_is_a_deviation(played: Played) -> None:
    planted = ((expected.ALICE, 16_584),)
    (sentence,) = compare_sums(played.records, planted, account_ids=played.account_ids)
    assert "0.016583 euros, not 0.016584" in sentence


def reports(record: CallDetailRecord, *costs: int) -> list[CallReport]:
    kinds = ["tick"] * (len(costs) - 1) + ["end"]
    return [
        CallReport(kind=kind, call_id=record.call_id, at="", cost_micros=cost)  # type: ignore[arg-type]
        for kind, cost in zip(kinds, costs, strict=True)
    ]


def test_a_running_cost_that_does_not_fit_is_a_deviation(played: Played) -> None:
    (record,) = [one for one in played.records if one.amount_micros == 16_583]
    assert list(compare_stream(reports(record, 0, 9_950, 16_583), [record])) == []
    assert list(compare_stream(reports(record, 9_950, 0, 16_583), [record])) != []
    assert list(compare_stream(reports(record, 9_950, 16_582), [record])) != []
    assert list(compare_stream(reports(record, 19_900, 16_583), [record])) != []
    assert list(compare_stream(reports(record, 16_583)[:-1], [record])) != []
