"""`freiton simulate`: other plans over recorded calls, and the cheapest that can be ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.freiton.cli.conftest import Freiton
from tests.freiton.cli.looking_back import Talk, make_log

TALKS = (
    Talk("a", "030123456", lasts_s=60),
    Talk("b", "01711234567", after_s=30, lasts_s=60),
    Talk("c", "030123457", after_s=100, lasts_s=120),
)
CHARGED = 29_000 + 199_000 + 58_000


@pytest.fixture(autouse=True)
def alice(state: Path, freiton: Freiton) -> None:
    freiton("account", "add", "alice", "--area-code", "30")
    make_log(state, *TALKS)


def simulated(freiton: Freiton, *arguments: str) -> dict[str, Any]:
    (report,) = freiton("simulate", *arguments, "--json").json
    found: dict[str, Any] = report
    return found


def test_the_same_plan_costs_what_was_charged(freiton: Freiton) -> None:
    report = simulated(freiton, "--plan", "tgnet/account")
    (candidate,) = report["candidates"]
    assert report["charged_micros"] == candidate["calls_gross_micros"] == CHARGED
    assert (candidate["made"], candidate["refused"], candidate["unpriced"]) == (3, 0, {})
    assert candidate["is_orderable"] is True


def test_a_flat_refuses_what_ran_beside_another_call(freiton: Freiton) -> None:
    one, two = (
        simulated(freiton, "--plan", "tgnet/account", "--option", f"FLAT.DE:{count}")["candidates"][
            0
        ]
        for count in (1, 2)
    )
    assert (one["refused"], two["refused"]) == (1, 0)
    assert (one["calls_gross_micros"], two["calls_gross_micros"]) == (0, 199_000)
    assert (one["monthly_fees_micros"], two["monthly_fees_micros"]) == (9_980_000, 19_960_000)


def test_a_net_list_is_compared_gross(freiton: Freiton) -> None:
    # Enreach Contact 03/2026: Advanced 8.90 a month and 25.00 once (line 129), 1.2 and 9.9 cents.
    candidate = simulated(freiton, "--plan", "enreach/advanced")["candidates"][0]
    assert candidate["calls_net_micros"] == 12_000 + 99_000 + 24_000
    assert candidate["calls_gross_micros"] == 14_280 + 117_810 + 28_560
    assert (candidate["monthly_fees_micros"], candidate["once_micros"]) == (10_591_000, 29_750_000)
    assert candidate["total_micros"] == 14_280 + 117_810 + 28_560 + 10_591_000


def test_without_a_plan_the_cheapest_is_named(freiton: Freiton) -> None:
    report = simulated(freiton)
    orders = [(one["calls"] - one["made"], one["total_micros"]) for one in report["candidates"]]
    assert orders == sorted(orders)
    assert report["cheapest"] == "tgnet/account"
    assert {one["provider"] for one in report["candidates"]} == {"tgnet", "enreach", "plusnet"}
    assert all(one["is_orderable"] for one in report["candidates"])
    told = freiton("simulate").out
    assert "the cheapest that carries all calls is tgnet/account: 0.286 € with fees." in told
    assert "* rests on a list whose prices are invented examples." in told


def test_what_order_rules_ask_for_can_be_told(freiton: Freiton) -> None:
    assert [one for one in simulated(freiton)["objections"] if "businesses" in one]
    providers = {one["provider"] for one in simulated(freiton, "--fact", "business")["candidates"]}
    assert "zaluma" in providers


def test_what_cannot_be_ordered_says_why(freiton: Freiton) -> None:
    command = ("simulate", "--plan", "zaluma/team", "--option", "LIGHT")
    assert "It cannot be ordered so: The offer is for businesses only" in freiton(*command).out
    assert simulated(freiton, *command[1:])["cheapest"] is None


def test_calls_without_a_price_are_told(state: Path, freiton: Freiton) -> None:
    freiton("account", "change", "alice", "--kind", "pbx")
    candidate = simulated(freiton, "--plan", "zaluma/fax-trunk", "--since", "2026-05-04")[
        "candidates"
    ][0]
    assert candidate["made"] + sum(candidate["unpriced"].values()) == 3


def test_a_span_leaves_the_other_calls_out(freiton: Freiton) -> None:
    report = simulated(freiton, "--plan", "tgnet/account", "--since", "2026-05-04T10:01")
    assert report["calls"] == 1
    assert freiton("simulate", "--until", "2026-05-01").out == "There are no calls to simulate.\n"


def test_one_call_is_told_as_one(freiton: Freiton) -> None:
    told = freiton("simulate", "--plan", "tgnet/account", "--since", "2026-05-04T10:01").out
    assert told.startswith("alice@freiton.internal: 1 call, 1 at once at most; 0.058 € charged.")


def test_erased_numbers_are_left_out_and_said(freiton: Freiton) -> None:
    freiton("ledger", "erase-numbers", "--call", "a")
    found = freiton("simulate", "--plan", "tgnet/account")
    assert "1 call left out: the called number has been erased" in found.err
    assert "2 calls, 1 at once at most" in found.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--plan", "tgnet/gold"), "there is no plan tgnet/gold; known: "),
        (("--plan", "tgnet"), "there is no plan tgnet; known: "),
        (("--plan", "tgnet/trunk", "--option", "FLAT.DE"), "has no option FLAT.DE; it has: "),
        (("--plan", "tgnet/account", "--price-list", "x"), "tgnet has no price list x"),
    ],
)
def test_a_slip_of_the_pen_is_named(
    freiton: Freiton, arguments: tuple[str, ...], words: str
) -> None:
    assert words in freiton("simulate", *arguments, status=1).err


@pytest.mark.parametrize(
    "arguments",
    [("--option", "PLUS"), ("--plan", "tgnet/account", "--option", "PLUS:0")],
)
def test_options_have_a_plan_and_a_count(freiton: Freiton, arguments: tuple[str, ...]) -> None:
    assert "--option" in freiton("simulate", *arguments, status=2).err


def test_a_plan_of_another_kind_of_account_is_not_tried(freiton: Freiton) -> None:
    left_out = freiton("simulate", "--plan", "zaluma/fax-trunk")
    assert left_out.err == (
        "alice@freiton.internal is left out: zaluma/fax-trunk is not for accounts of telephones.\n"
    )
    assert left_out.out == "There are no calls to simulate.\n"
