"""`freiton explain`: a recorded call in sentences."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.freiton.cli.conftest import Freiton
from tests.freiton.cli.looking_back import Talk, add_refusal, make_log
from tests.rating.shipped import FLAT


@pytest.fixture(autouse=True)
def log(state: Path) -> None:
    make_log(
        state,
        Talk("a1-paid", "00431234567", lasts_s=61),
        Talk("a2-flat", "030123456", after_s=100, options=(FLAT,)),
    )
    add_refusal(state, "b1-refused", "flatrate-limit")


def test_a_call_is_found_by_how_its_id_begins(freiton: Freiton) -> None:
    told = freiton("explain", "a1", "--language", "en").out.splitlines()
    assert told[0] == "The number called is +431234567."
    assert "TGNET/call price list, line " in told[1]
    assert told[-1].startswith("The call costs €")


def test_german_is_spoken_unless_asked_otherwise(freiton: Freiton) -> None:
    assert "enthalten und kostet nichts" in freiton("explain", "a2-flat").out


def test_the_amounts_add_up_for_programs_too(freiton: Freiton) -> None:
    told = freiton("explain", "a1-paid", "--json").json
    total = sum(Fraction(one["euros"]) for one in told["sentences"])
    assert total * 1_000_000 == told["gross_micros"] > 0
    assert (told["rating_run"], told["supersedes"], told["reason"]) == (0, None, None)


def test_a_refused_call_is_explained_as_well(freiton: Freiton) -> None:
    german = freiton("explain", "b1").out
    assert "abgewiesen und kostet nichts" in german
    assert "All booked flatrates are in use." in freiton("explain", "b1", "--language", "en").out


def test_a_beginning_that_fits_more_than_one_names_them(freiton: Freiton) -> None:
    refused = freiton("explain", "a", status=1).err
    assert "2 calls begin with a: a1-paid, a2-flat" in refused


def test_nothing_is_no_beginning(freiton: Freiton) -> None:
    refused = freiton("explain", "", status=2).err
    assert "at least one character of the call's id" in refused


def test_a_call_that_is_not_there(freiton: Freiton) -> None:
    assert "there is no recorded call zz" in freiton("explain", "zz", status=1).err


def test_an_erased_number_is_not_told(freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--call", "a1-paid")
    told = freiton("explain", "a1", "--language", "en").out
    assert "has been erased" in told
    assert "43123" not in told
    assert "The call costs €" in told
