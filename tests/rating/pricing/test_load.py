"""The loader refuses whole what is wrong anywhere, and says where."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from rating.errors import DataError, LocalError
from rating.numbering import LineType
from rating.pricing import (
    Basis,
    BookedPlan,
    EmptyMobile,
    Increments,
    OriginKind,
    RateStatus,
    Tariffs,
    load_tariffs,
)
from tests.rating.shipped import subscribed, tariffs, texts

TARIFF = """\
provider = "demo"
name = "Demo"
document = "Demo list"
country = "DE"
time_zone = "Europe/Berlin"

[[plan]]
id = "basic"
name = "Basic"
line = 2

[[column]]
id = "base"

[[price_list]]
id = "demo"
version = "1"
line = 3
valid_from = 2024-01-01
basis = "net"
vat_reference = "0.19"
increment = "60/1"
empty_mobile = "refused"
readings = ["R-X"]
tables = ["prices.csv"]

[[option]]
id = "FLAT"
kind = "flat"
line = 4
covers = ["DE/fixed"]
effective = "provision_day"
trunk_accounts = true
"""
HEADER = "line,destination,match,base_fixed_ct,base_mobile_ct,unit,readings\n"
TABLE = HEADER + (
    "10,Germany,DE,1.2,9.9,minute,\n11,0180-6,01806,16.8067,,call,R-Y\n12,SMS,,12,,message,R-Z\n"
)
CAPS = """\
[[cap]]
numbers = ["0180"]
per_minute = "0.14"
per_call = "0.20"
increment_s_max = 60
valid_from = 2021-12-01
source = "law"
"""
VAT = '[[rate]]\ncountry = "DE"\nrate = "0.19"\nvalid_from = 2007-01-01\n'
SMALL = {
    "vat.toml": VAT,
    "caps.toml": CAPS,
    "demo/tariff.toml": TARIFF,
    "demo/prices.csv": TABLE,
}


def load(changes: dict[str, str]) -> Tariffs:
    return load_tariffs({**SMALL, **changes})


def problems_of(changes: dict[str, str]) -> list[str]:
    with pytest.raises(DataError) as caught:
        load(changes)
    return [str(problem) for problem in caught.value.problems]


def with_row(row: str) -> dict[str, str]:
    return {"demo/prices.csv": f"{TABLE}{row}\n"}


def with_rule(old: str, new: str) -> dict[str, str]:
    assert old in TARIFF
    return {"demo/tariff.toml": TARIFF.replace(old, new)}


def test_a_small_list_loads() -> None:
    price_list = load({}).plan("demo").price_lists[0]
    assert price_list.terms.basis is Basis.NET
    assert price_list.terms.empty_mobile is EmptyMobile.REFUSED
    fixed, mobile, service, message = price_list.rates
    assert (fixed.price_per_minute, fixed.line_type) == (Fraction("0.012"), LineType.FIXED)
    assert (mobile.price_per_minute, mobile.line_type) == (Fraction("0.099"), LineType.MOBILE)
    assert service.setup_fee == Fraction("0.168067")
    assert service.price_per_minute == 0
    assert service.readings == ("R-Y",)
    assert (message.price_per_message, message.match) == (Fraction("0.12"), ())
    assert {rate.increments for rate in price_list.rates} == {Increments(60, 1)}
    assert str(fixed.increments) == "60/1"
    assert str(fixed.source) == "Demo list, line 10"
    assert fixed.row_id == "10/base/fixed"


def test_optional_columns() -> None:
    text = """\
line,half,destination,match,base_fixed_ct,base_mobile_ct,increment,free_first_s,status
7,left,01807,01807,11.7647,,1/1,30,
7,right,0900,0900,,,,,external
8,,Austria,AT,,,,,unpriced
9,,Germany,DE,1,,,,
"""
    price_list = load({"demo/prices.csv": text}).plan("demo").price_lists[0]
    free, external, *_ = price_list.rates
    assert (free.free_first_s, free.increments) == (30, Increments(1, 1))
    assert external.status is RateStatus.EXTERNAL
    assert external.row_id == "7-right/base/fixed"
    assert price_list.rates[-2].status is RateStatus.UNPRICED


def test_free_seconds_of_a_price_per_call_would_free_nothing() -> None:
    text = (
        "line,destination,match,base_fixed_ct,unit,free_first_s\n"
        "9,Germany,DE,1,,\n"
        "7,01807,01807,11.7647,call,30\n"
    )
    (found,) = problems_of({"demo/prices.csv": text})
    assert found == "demo/prices.csv:3: free seconds without effect"


def test_what_ships_loads() -> None:
    plan = tariffs().plan("tgnet")
    assert (plan.name, plan.country) == ("TGNET/call", "DE")
    assert list(plan.options) == ["FLAT.DE", "PLUS", "FREE-120"]
    (price_list,) = plan.price_lists
    assert (price_list.id, price_list.version) == ("tgnet-call", "2010-03-01")
    assert price_list.terms.basis is Basis.GROSS
    assert price_list.terms.vat_reference == Fraction("0.19")
    assert price_list.terms.source.line == 382


def test_dearer_than_the_law_only_with_a_reading() -> None:
    """The rows of 2010 that stand above today's caps are exactly those that say so."""
    files = texts("tariffs")
    marked = set()
    for name in ("tgnet/2010-03-01-germany.csv", "tgnet/2010-03-01-abroad.csv"):
        for line, row in enumerate(files[name].splitlines(), start=1):
            if "R-TG-CAP" in row:
                marked.add((name, line))
        files[name] = files[name].replace("R-TG-CAP", "R-TG-OTHER")
    with pytest.raises(DataError) as caught:
        load_tariffs(files)
    found = {(problem.file, problem.line) for problem in caught.value.problems}
    assert found == marked
    assert len(marked) == 8 + 30
    messages = [str(problem) for problem in caught.value.problems]
    for message in (
        "tgnet/2010-03-01-germany.csv:16: 0.19833 € per minute is above the cap of 0.14 € (TKG",
        "tgnet/2010-03-01-germany.csv:23: 0.19 € per minute is above the cap of 0.09 € (TKG",
        "tgnet/2010-03-01-germany.csv:10: 1 € per minute is above the cap of 0 € (network-wide",
        # 0.29 gross is 0.243697 net, and the cap of the Union is a net one.
        "tgnet/2010-03-01-abroad.csv:16: 0.243697 € per minute is above the cap of 0.19 € (Reg",
    ):
        assert any(one.startswith(message) for one in messages), message


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("13,X,AT,0.029,,minute,", "base_fixed_ct 0.029 is no price in cents"),
        ("13,X,AT,19000,,minute,", "base_fixed_ct 19000 is no price in cents"),
        ("13,X,AT,2.9 ct,,minute,", "not a decimal number"),
        ('13,X,AT,"2,9",,minute,', "not a decimal number"),
        ("13,X,AT,-2.9,,minute,", "not a decimal number"),
        ("13,X,AT,,,minute,", "price is missing"),
        (",X,AT,2.9,,minute,", "line of the document is missing"),
        ("0,X,AT,2.9,,minute,", "line of the document is missing"),
        ("13,,AT,2.9,,minute,", "destination is missing"),
        ("13,X,,2.9,,minute,", "match is empty, and no reading"),
        ("13,X,Austria,2.9,,minute,", "not a selector: 'Austria'"),
        ("13,X,AT/festnetz,2.9,,minute,", "not a selector: 'AT/festnetz'"),
        ("13,X,AT/mobile,2.9,,minute,", "AT/mobile needs a mobile price"),
        ("13,X,AT/premium,,9,minute,", "AT/premium needs a fixed price"),
        ("13,X,0700,,9,minute,", "0700 needs a fixed price"),
        ("13,X,AT,2.9,,hour,", "'hour' is not a valid PriceUnit"),
        ("10,X,AT,2.9,,minute,", "place 10 stands in demo/prices.csv:2 already"),
        ("13,Germany,AT,2.9,,minute,", "destination Germany stands in demo/prices.csv:2 already"),
        ("13,X,AT DE,2.9,,minute,", "selector DE stands in demo/prices.csv:2 already"),
        ("13,X,AT AT,2.9,,minute,", "selector AT stands in demo/prices.csv:5 already"),
        ("13,X,AT,2.9", "the row has not as many cells"),
        ("13,X,AT,2.9,,minute,,", "the row has not as many cells"),
        ("13,X,01803,14,,minute,", "0.1666 € per minute is above the cap of 0.14 €"),
        ("13,X,01804,17,,call,", "0.2023 € per call is above the cap of 0.2 €"),
        ('13,"X,AT,2.9,,minute,', "unexpected end of data"),
    ],
)
def test_a_bad_row_is_a_problem_with_its_line(row: str, problem: str) -> None:
    (found,) = problems_of(with_row(row))
    assert found.startswith("demo/prices.csv:5: "), found
    assert problem in found


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (HEADER.replace("base_", "bare_"), "unknown columns: bare_fixed_ct, bare_mobile_ct"),
        ("line,destination,match,readings\n", "the table has no price column"),
        (f"base_fixed_eur,{HEADER}", "base_fixed_ct stands in euros, too"),
        (HEADER.replace("readings", "reading"), "unknown columns: reading"),
        ("", "missing columns: line"),
    ],
)
def test_a_bad_header(header: str, problem: str) -> None:
    found = problems_of({"demo/prices.csv": header})
    assert any(entry.startswith(f"demo/prices.csv:1: {problem}") for entry in found), found


@pytest.mark.parametrize(
    ("status", "price", "problem"),
    [("priced", "", "price is missing"), ("external", "3", "a price without effect"),
     ("gratis", "", "'gratis' is not a valid RateStatus")],
)  # fmt: skip
def test_a_status_and_a_price_must_agree(status: str, price: str, problem: str) -> None:
    text = f"line,destination,match,base_fixed_ct,base_mobile_ct,status\n1,X,AT,{price},,{status}\n"
    assert any(problem in entry for entry in problems_of({"demo/prices.csv": text}))


def test_columns_must_fit_each_other() -> None:
    header = "line,destination,match,base_fixed_ct,base_mobile_ct,low_fixed_ct,low_mobile_ct\n"
    rows = "1,A,AT,2,3,3,3\n2,B,BE,2,,2,2\n"
    low = '[[column]]\nid = "low"\noption = "FLAT"\n\n[[price_list]]'
    found = problems_of({**with_rule("[[price_list]]", low), "demo/prices.csv": header + rows})
    assert found == [
        "demo/prices.csv:2: fixed: low is dearer than base",
        "demo/prices.csv:3: mobile has a price in one of base, low",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('provider = "demo"\n', "", ":1: provider is missing"),
        ('"Europe/Berlin"', '"Europe/Bonn"', ":5: the tariff calendar is that of Europe/Berlin"),
        ('"Europe/Berlin"', '"UTC"', ":5: the tariff calendar is that of Europe/Berlin"),
        ('basis = "net"', 'basis = "brutto"', ":20: basis must be one of gross, net"),
        ('"0.19"', "0.19", ":21: vat_reference must be a decimal number in quotation marks"),
        ("2024-01-01", '"2024"', ":19: valid_from must be a day"),
        ("2024-01-01", "2024-01-01T00:00:00", ":19: valid_from must be a day"),
        ("2024-01-01", "2006-01-01", ":19: no tax rate of DE is known"),
        ("line = 3\n", "", ":15: line is missing"),
        ("line = 3\n", "line = 0\n", ":18: line must be a whole number above 0"),
        ("line = 3\n", "line = true\n", ":18: line must be a whole number above 0"),
        ('increment = "60/1"', 'increment = "60"', ":22: not increments such as 60/1"),
        ('increment = "60/1"', 'increment = "0/1"', ":22: not increments"),
        ('tables = ["prices.csv"]', 'tables = ["none.csv"]', ":25: the file is missing"),
        ("basis =", "base =", ":20: unknown key: base"),
        ('"flat"', '"column"', ":29: no column asks for option 'FLAT'"),
        ('covers = ["DE/fixed"]\n', "", ":27: option FLAT covers nothing"),
        ('["DE/fixed"]', '["DE/fix"]', ":31: not a selector: 'DE/fix'"),
        ('["DE/fixed"]', '["AT"]', ":31: no row prices 'AT'"),
        ('id = "FLAT"', 'id = "on-net"', ":28: option on-net stands twice"),
        ("trunk_accounts = true", 'trunk_accounts = "no"', ":33: trunk_accounts must be true or"),
        ('"provision_day"', '"tomorrow"', ":32: effective must be one of"),
        ('country = "DE"', 'country = "DE', ":4: "),
    ],
)
def test_a_bad_rule_is_a_problem_with_its_line(old: str, new: str, problem: str) -> None:
    found = problems_of(with_rule(old, new))
    assert any(entry.startswith(f"demo/tariff.toml{problem}") for entry in found), found


def test_lists_of_a_provider_must_not_hold_at_the_same_time() -> None:
    start, end = TARIFF.index("[[price_list]]"), TARIFF.index("[[option]]")
    second = TARIFF[start:end].replace('"1"', '"2"').replace("2024-01-01", "2025-01-01")
    text = TARIFF[:end] + second + TARIFF[end:]
    assert any(
        "lists 1 and 2 hold at the same time" in entry
        for entry in problems_of({"demo/tariff.toml": text})
    )
    following = text.replace("2024-01-01\n", "2024-01-01\nvalid_to = 2025-01-01\n")
    plan = load({"demo/tariff.toml": following}).plan("demo")
    assert [price_list.version for price_list in plan.price_lists] == ["1", "2"]
    by_day = {
        date(2023, 12, 31): None,
        date(2024, 1, 1): "1",
        date(2024, 12, 31): "1",
        date(2025, 1, 1): "2",
    }
    for day, version in by_day.items():
        found = plan.list_for(BookedPlan("demo", "basic", date.min), day)
        assert (found.version if found else None) == version


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("vat.toml", VAT.replace("0.19", "19"), "vat.toml:3: a rate is a fraction"),
        ("vat.toml", VAT + VAT, "vat.toml:8: periods of a country must follow on each other"),
        ("vat.toml", VAT + "rat = 1\n", "vat.toml:5: unknown key: rat"),
        ("caps.toml", CAPS.replace('["0180"]', "[]"), "caps.toml:2: a cap needs numbers"),
        ("caps.toml", CAPS.replace("60", '"60"'), "caps.toml:5: increment_s_max must be"),
        ("vat.toml", "rate = 1", "vat.toml:0: rate must be [[rate]] tables"),
    ],
)
def test_bad_taxes_and_caps(file: str, text: str, problem: str) -> None:
    found = problems_of({file: text})
    assert any(entry.startswith(problem) for entry in found), found


def test_nothing_is_loaded_from_nothing() -> None:
    with pytest.raises(DataError) as caught:
        load_tariffs({})
    assert {problem.file for problem in caught.value.problems} == {
        "vat.toml",
        "caps.toml",
        "tariff.toml",
    }


def test_a_provider_stands_once() -> None:
    found = problems_of({"other/tariff.toml": TARIFF, "other/prices.csv": TABLE})
    assert found == ["other/tariff.toml:0: provider demo stands twice"]


def test_every_problem_is_told_at_once() -> None:
    changes = with_row("x,X,AT,2.9,,minute,") | with_rule('"60/1"', '"x"')
    assert len(problems_of({**changes, "vat.toml": VAT + "x = 1\n"})) == 3


def test_what_stands_twice_is_found_across_tables() -> None:
    changes = with_rule('["prices.csv"]', '["prices.csv", "more.csv"]')
    found = problems_of({**changes, "demo/more.csv": f"{HEADER}19,Germany,AT,2,,minute,\n"})
    assert found == ["demo/more.csv:2: destination Germany stands in demo/prices.csv:2 already"]


def test_an_increment_above_a_minute_is_above_the_cap() -> None:
    found = problems_of(with_rule('"60/1"', '"120/60"'))
    assert "an increment of 120 s is above 60 s (law)" in found[0]


def test_misuse_is_told_apart_from_bad_data() -> None:
    with pytest.raises(LocalError):
        tariffs().plan("nobody")
    with pytest.raises(LocalError):
        tariffs().plan_at(subscribed(), datetime(2026, 1, 1))  # noqa: DTZ001 - the missing zone is the test
    with pytest.raises(LocalError):
        tariffs().plan("tgnet").option("GOLD")


@pytest.mark.parametrize(
    ("at", "version"),
    [
        (datetime(2010, 2, 28, 22, 59, 59, tzinfo=UTC), None),
        (datetime(2010, 2, 28, 23, 0, tzinfo=UTC), "2010-03-01"),  # midnight in Berlin
        (datetime(2026, 7, 1, tzinfo=UTC), "2010-03-01"),
    ],
)
def test_a_list_begins_at_local_midnight(at: datetime, version: str | None) -> None:
    booked = tariffs().plan_at(subscribed(), at)
    assert booked is not None
    found = tariffs().plan("tgnet").list_for(*booked)
    assert (found.version if found else None) == version


def test_the_longest_prefix_prices_a_service_number() -> None:
    rows = "20,Directory,118,50,,minute,\n21,Directory 11833,11833,60,,minute,\n"
    price_list = load({"demo/prices.csv": TABLE + rows}).plan("demo").price_lists[0]
    for digits, prefix in (("11833", "11833"), ("11834", "118"), ("118012", "118")):
        found = price_list.rows(OriginKind.VOIP).of_service(("base",), digits)
        assert found is not None
        assert found[0] == prefix
    assert price_list.rows(OriginKind.VOIP).of_service(("base",), "117") is None
