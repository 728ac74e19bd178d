"""`freiton plan`, options of other providers, and quotes for any account."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.freiton.cli.conftest import Freiton

SITE = """\
[[accounts]]
name = "dora"
area_code = "30"
numbers = ["+493023125004"]
plan = { name = "enreach/advanced", valid_from = 2026-03-01 }
options = [{ name = "ALLNET-VOIP", count = 2 }]
devices = [{ user = "dora-sim", origin = "mobile" }]

[[accounts]]
name = "fabrik"
kind = "pbx"
plan = { name = "plusnet/sip-trunk", valid_from = 2023-05-01, price_list = "plusnet-example-a" }
options = ["PACK-MOBILE-100"]

[[accounts]]
name = "alice"
area_code = "30"
numbers = ["+493023125001"]
flatrates = 1
"""


@pytest.fixture
def site(freiton: Freiton, tmp_path: Path) -> Path:
    file = tmp_path / "site.toml"
    file.write_text(SITE)
    freiton("site", "import", str(file))
    return file


@pytest.mark.usefixtures("site")
def test_plans_are_listed_with_a_default_one_that_holds_today(freiton: Freiton) -> None:
    assert freiton("plan", "list", "--json").json == [
        {
            "account": "dora@freiton.internal",
            "plan": "enreach/advanced",
            "price_list": None,
            "valid_from": "2026-03-01",
            "valid_to": None,
        },
        {
            "account": "fabrik@freiton.internal",
            "plan": "plusnet/sip-trunk",
            "price_list": "plusnet-example-a",
            "valid_from": "2023-05-01",
            "valid_to": None,
        },
        {
            "account": "alice@freiton.internal",
            "plan": "tgnet/account",
            "price_list": None,
            "valid_from": None,
            "valid_to": None,
        },
    ]
    listed = freiton("account", "list").out
    assert re.search(r"dora@freiton.internal +phone +enreach/advanced", listed)
    assert re.search(r"alice@freiton.internal +phone +tgnet/account", listed)
    freiton("plan", "set", "alice", "zaluma/team", "--from", "2099-01-01")
    assert [
        (one["plan"], one["valid_to"]) for one in freiton("plan", "list", "alice", "--json").json
    ] == [("tgnet/account", "2099-01-01"), ("zaluma/team", None)]


def test_a_site_file_with_plans_may_be_imported_again(freiton: Freiton, site: Path) -> None:
    before = freiton("plan", "list", "--json").json, freiton("option", "list", "--json").json
    assert freiton("site", "import", str(site)).out.endswith("nothing new.\n")
    assert before == (
        freiton("plan", "list", "--json").json,
        freiton("option", "list", "--json").json,
    )
    site.write_text(SITE.replace("enreach/advanced", "enreach/gold"))
    refused = freiton("site", "import", str(site), status=1)
    assert refused.err == (
        f"freiton: {site}:5: accounts[0].plan: enreach has no plan gold; it has expert,"
        " professional, advanced, starter\n"
    )


@pytest.mark.usefixtures("site")
def test_a_change_of_provider_tells_what_ends_with_it(freiton: Freiton) -> None:
    changed = freiton("plan", "set", "alice", "zaluma/team", "--from", "2099-01-01").out
    assert changed == (
        "alice is on zaluma/team from 2099-01-01.\nOptions that end with that: FLAT.DE.\n"
    )
    (flatrate,) = freiton("flatrate", "list", "--json").json
    assert (flatrate["provider"], flatrate["valid_to"]) == ("tgnet", "2099-01-01")
    # What is booked after that change ends by it as well.
    booked = freiton("option", "add", "alice", "PLUS", "--from", "2098-01-01").out
    assert booked == "alice now has 1 of PLUS.\n"
    plus = freiton("option", "list", "--json").json[-1]
    assert (plus["option"], plus["valid_from"], plus["valid_to"]) == (
        "PLUS", "2098-01-01", "2099-01-01",
    )  # fmt: skip
    refused = freiton("flatrate", "add", "dora", status=1)
    assert refused.err.startswith("freiton: enreach has no flatrate by the call; its options: ")
    wrong = freiton("plan", "set", "alice", "enreach", status=2)
    assert "PLAN" in wrong.err
    assert "such as tgnet/account" in wrong.err


@pytest.mark.usefixtures("site")
def test_a_change_of_plan_brings_back_no_option_that_was_taken_back(freiton: Freiton) -> None:
    freiton("flatrate", "remove", "alice", "--on", "2026-01-01")
    freiton("plan", "set", "alice", "zaluma/team", "--from", "2025-06-01")
    (flatrate,) = freiton("flatrate", "list", "--json").json
    assert flatrate["valid_to"] == "2026-01-01" < flatrate["valid_from"]


@pytest.mark.usefixtures("site")
def test_a_quote_shows_plan_origin_and_parts(freiton: Freiton) -> None:
    shown = freiton(
        "quote", "01713920010", "-a", "dora", "--origin", "mobile", "--at", "2026-05-20"
    ).out
    for words in (
        r"plan +enreach/advanced",
        r"origin +mobile",
        # 9.9 ct of line 185 and 4.9 ct of line 204 are 14.8.
        r"part +9.9 cents per minute: Deutsche Mobilfunknetze \(Enreach .+, line 185\)",
        r"part +4.9 cents per minute: .+ \(Enreach Contact 03/2026, line 204\)",
    ):
        assert re.search(words, shown), (words, shown)
    assert shown.startswith("14,8 Cent netto pro Minute\n")


@pytest.mark.usefixtures("site")
def test_a_quote_may_be_asked_from_abroad(freiton: Freiton) -> None:
    at = ("--at", "2026-05-20")
    # Lines 309-316: from Switzerland, "Rest Europa", to Germany 0.99 a minute, 60/60.
    quoted = freiton("quote", "03023125900", "-a", "dora", "--visited", "ch", *at, "--json").json
    assert (quoted["origin"], quoted["visited"]) == ("roaming", "CH")
    assert quoted["price"] == [0, 16_500, 1]  # micros a second
    assert quoted["increments"] == [60, 60]
    wrong = freiton("quote", "030", "-a", "dora", "--origin", "roaming", status=2)
    assert "--visited" in wrong.err
    # Else "all other countries" would price a slip of the pen.
    nowhere = freiton("quote", "030", "-a", "dora", "--visited", "XX", status=2)
    assert "'XX' should be a country, such as CH" in nowhere.err


@pytest.mark.usefixtures("site")
def test_a_price_that_somebody_else_sets_must_be_told(freiton: Freiton) -> None:
    asked = ("quote", "09005123456", "-a", "dora", "--at", "2026-05-20")
    refused = freiton(*asked, status=1)
    assert "09005123456 has no price and is refused: somebody else sets its price" in refused.err
    told = freiton(*asked, "--external-price", "1.99", "--external-call-price", "0.5", "--json")
    # 1.99 a minute and 0.50 a call, net as the list is.
    call, second, denominator = told.json["price"]
    assert (call / denominator, second * 60 / denominator) == (500_000, 1_990_000)
    assert told.json["refused"] == "premium-off"
    for wrong in ("much", "-1", "NaN", "1e999", "1000"):
        assert "--external-price" in freiton(*asked, f"--external-price={wrong}", status=2).err


@pytest.mark.usefixtures("site")
def test_a_quote_shows_what_is_left_of_an_allowance(freiton: Freiton) -> None:
    shown = freiton("quote", "01713920010", "-a", "fabrik").out
    assert re.search(r"allowance +PACK-MOBILE-100: 6000 of 6000 s this month", shown)


@pytest.mark.usefixtures("site")
def test_a_device_shows_and_changes_its_origin(freiton: Freiton) -> None:
    assert freiton("device", "list", "dora", "--json").json[0]["origin"] == "mobile"
    freiton("device", "change", "dora-sim", "--origin", "voip", "--disabled")
    (device,) = freiton("device", "list", "dora", "--json").json
    assert (device["origin"], device["enabled"]) == ("voip", False)
    wrong = freiton("device", "change", "dora-sim", "--origin", "roaming", status=2)
    assert "for --origin: should be 'voip' or 'mobile'" in wrong.err
