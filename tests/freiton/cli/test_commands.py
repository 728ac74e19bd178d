"""Commands beside the site: settings, prices, the running switch, and how all of them fail."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from freiton.cli import app
from freiton.cli.output import euros
from tests.freiton.cli.conftest import Freiton, RunningSwitch


def test_the_shipped_settings_are_right(freiton: Freiton, state: Path) -> None:
    shown = freiton("check-config").out
    assert "udp: udp 0.0.0.0:5060" in shown
    assert f"state folder: {state}" in shown
    assert "tariff: TGNET/call (tgnet-call 2010-03-01)" in shown
    assert shown.endswith("All is well.\n")
    assert not state.exists()


def test_every_problem_of_the_settings_is_named(freiton: Freiton, tmp_path: Path) -> None:
    file = tmp_path / "freiton.toml"
    file.write_text('worker_id = "x"\n\n[http]\nlisten = "nowhere"\n')
    assert freiton("--config", str(file), "check-config", status=1).err.splitlines() == [
        f"freiton: {file}:1: worker_id: 'x' should be two letters or digits",
        f"{file}:4: http.listen: 'nowhere' should be like 192.0.2.1:5060",
    ]


def test_a_tariff_that_does_not_exist_is_named(freiton: Freiton, tmp_path: Path) -> None:
    file = tmp_path / "freiton.toml"
    file.write_text('[tariff]\nprovider = "nobody"\n')
    refused = freiton("--config", str(file), "check-config", status=1).err
    assert "tariff.provider: there is no tariff of provider nobody" in refused
    assert "known: " in refused


def test_price_rows_with_problems_are_named_with_their_lines(
    freiton: Freiton, tmp_path: Path
) -> None:
    (tmp_path / "tariffs").mkdir()
    (tmp_path / "tariffs" / "vat.toml").write_text("[[rate]]\ncolour = 1\n")
    file = tmp_path / "freiton.toml"
    file.write_text('[tariff]\nfolder = "tariffs"\n')
    refused = freiton("--config", str(file), "check-config", status=1).err
    assert refused.startswith(f"freiton: {tmp_path}/tariffs: vat.toml:")
    (tmp_path / "tariffs" / "caps.toml").write_bytes(b"\xff")
    refused = freiton("--config", str(file), "check-config", status=1).err
    assert refused == f"freiton: {tmp_path}/tariffs/caps.toml: is not UTF-8 text\n"


@pytest.mark.parametrize(
    ("option", "message"),
    [("six", "there is no listener six"), ("tcp", "listener tcp is not udp")],
)
def test_a_trunk_needs_a_listener_of_its_transport(
    freiton: Freiton, option: str, message: str
) -> None:
    freiton("trunk", "add", "one", "--host", "192.0.2.1", "--listener", option)
    assert freiton("check-config", status=1).err == f"freiton: trunk one: {message}\n"


def test_a_price_is_quoted_with_its_row_and_source(freiton: Freiton) -> None:
    freiton("account", "add", "alice", "--area-code", "30")
    shown = freiton("quote", "0151 23456789", "--account", "alice").out
    assert shown.startswith("19,9 Cent pro Minute\n")
    assert "+4915123456789" in shown
    assert "TGNET/call price list, line 90" in shown
    assert "numbering 2026.1" in shown


def test_a_quote_follows_the_account(freiton: Freiton) -> None:
    freiton("account", "add", "alice", "--area-code", "30", "--language", "en")
    freiton("account", "add", "bob", "--number", "+49303333333")
    quote = ("quote", "--account", "alice")
    assert freiton(*quote, "1234567").out.startswith("2.9 cents per minute\n")
    freiton("option", "add", "alice", "PLUS")
    assert freiton(*quote, "1234567").out.startswith("1.5 cents per minute\n")
    freiton("flatrate", "add", "alice")
    assert freiton(*quote, "1234567").out.startswith("included in your flat rate\n")
    assert freiton(*quote, "+49303333333", "--json").json["covered_by"] == "on-net"
    abroad = freiton(*quote, "0041441234567", "--json").json
    assert (abroad["destination"], abroad["refused"]) == ("Switzerland", "non-eu-off")
    freiton("account", "change", "alice", "--non-eu")
    assert freiton(*quote, "0041441234567", "--json").json["refused"] is None


@pytest.mark.parametrize(
    ("number", "options", "message"),
    [
        ("0301", (), "0301 cannot be called: incomplete"),
        ("abc", (), "abc cannot be called: malformed"),
        (
            "030123456",
            ("--at", "2009-12-31"),
            "has no price and is refused: the price lists of the plan begin later",
        ),
        ("030123456", ("--account", "bob"), "there is no account bob"),
    ],
)
def test_a_number_without_a_price_is_refused(
    freiton: Freiton, number: str, options: tuple[str, ...], message: str
) -> None:
    freiton("account", "add", "alice")
    assert message in freiton("quote", number, "--account", "alice", *options, status=1).err


def test_money_is_put_on_a_prepaid_account(freiton: Freiton, switch: RunningSwitch) -> None:
    freiton("account", "add", "bob", "--prepaid")
    switch.asked.clear()
    done = freiton("top-up", "bob", "12.50", "--reference", "cash-7").out
    assert done == "12.50 € booked for bob; the balance is 7.50 €.\n"
    freiton("top-up", "bob", "1")
    freiton("top-up", "bob", "1")
    (command, first), (_, second), (_, third) = switch.asked
    assert command == "top-up"
    assert first == {"account_id": 1, "amount_micros": 12_500_000, "reference": "cash-7"}
    assert second["reference"] != third["reference"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["bob", "0"], 2, "should be more than nothing"),
        (["bob", "five"], 2, "Invalid value for AMOUNT: 'five' should be euros"),
        (["alice", "5"], 1, "alice pays after its calls"),
        (["nobody", "5"], 1, "there is no account nobody"),
        (["bob", "5"], 1, "no switch runs with state folder"),
    ],
)
def test_money_that_cannot_be_booked(
    freiton: Freiton, arguments: list[str], status: int, message: str
) -> None:
    freiton("account", "add", "bob", "--prepaid")
    freiton("account", "add", "alice")
    assert message in freiton("top-up", *arguments, status=status).err


def test_the_switch_tells_its_status(freiton: Freiton, switch: RunningSwitch) -> None:
    assert freiton("status", "--json").json == {"balance_micros": 7_500_000, "open_calls": 3}
    assert "open calls" in freiton("status").out
    switch.refusal = "not now"
    assert freiton("status", status=1).err == "freiton: not now\n"


def test_a_state_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["--state", str(tmp_path / "file" / "var"), "account", "add", "alice"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "cannot be made: Not a directory" in result.stderr


@pytest.mark.parametrize("command", [[], ["account"], ["trunk", "add"], ["quote"], ["site"]])
def test_help_is_there(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_a_fault_of_our_own_is_a_sentence_too(tmp_path: Path) -> None:
    program = (
        "import sys, freiton.cli as cli; "
        "cli.Desk.config = property(lambda self: 1 / 0); sys.argv = ['freiton', 'status']; "
        "cli.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert result.returncode == 1
    assert result.stderr == (
        "freiton: ZeroDivisionError: division by zero; "
        "this is a fault of Freiton, FREITON_DEBUG=1 shows where\n"
    )


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.00 €"), (1, "0.000001 €"), (29_000, "0.029 €"), (-12_500_000, "-12.50 €")],
)
def test_an_amount_is_written_exactly(micros: int, text: str) -> None:
    assert euros(micros) == text
