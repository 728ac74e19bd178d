"""What the loader finds in plans, columns, zones, tables, surcharges and options."""

from __future__ import annotations

import pytest

from rating.errors import DataError
from rating.pricing import load_tariffs
from tests.rating.small_tariff import FILES, changed

EXTERNAL = "number,per_minute_eur,per_call_eur,basis,valid_from,valid_to,source\n"
PRICE_LIST = FILES["small/tariff.toml"].partition("[[price_list]]")[2].partition("[[option]]")[0]


def problems_of(files: dict[str, str]) -> list[str]:
    with pytest.raises(DataError) as caught:
        load_tariffs(files)
    return [str(problem) for problem in caught.value.problems]


def line_of(file: str, text: str) -> int:
    return FILES[file][: FILES[file].index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('id = "business"\nname', 'id = "basic"\nname', "plan basic stands twice"),
        ('includes = ["FLAT-DE"]', 'includes = ["GOLD"]', "there is no option 'GOLD'"),
        ("trunk = true\n", 'trunk = true\nincludes = ["FLAT-DE"]\n',
         "FLAT-DE is not allowed for trunk"),
        ('[[plan]]\nid = "basic"\nname = "Basic"\nline = 1\n', "[[plan]]\n", "id is missing"),
        ('[[column]]\nid = "sim"', '[[column]]\nid = "base"', "column base stands twice"),
        ('plans = ["business"]\n\n[[column]]', 'plans = ["gold"]\n\n[[column]]',
         "there is no plan 'gold'"),
        ('origins = ["mobile"]\n\n[[column]]', 'origins = ["train"]\n\n[[column]]',
         "origins must be a list of voip, mobile, roaming, roaming_incoming"),
        ('origins = ["mobile"]\n\n[[column]]', "origins = []\n\n[[column]]",
         "origins must be a list of"),
        ('option = "PLUS"', 'option = "GOLD"', "there is no option 'GOLD'"),
        ('[[zone]]\nid = "near"', '[[column]]\nid = "vip"\n[[zone]]\nid = "near"',
         "no table has a column 'vip'"),
        ('id = "far"', 'id = "near"', "zone near stands twice"),
        ('id = "far"', 'id = "FAR"', "no name of a zone, such as zone-1: 'FAR'"),
        ('within = "near"', 'within = "middle"', "there is no call zone 'middle'"),
        ('within = "near"', 'within = "green"', "there is no call zone 'green'"),
        ('within = "near"', 'within = "far"', "zones are nested once"),
        ('id = "near"\n', 'id = "near"\nwithin = "inner"\n', "zones are nested once"),
        ('[[zone]]\nid = "near"\n', '[[zone]]\nid = "near"\nrest = true\n',
         "there is a rest zone already: near"),
        ('[[zone]]\nid = "green"', '[[zone]]\nid = "blue"\nline = 9\n[[zone]]\nid = "green"',
         "nothing names zone 'blue'"),
        ('file = "roaming.csv"', 'file = "raoming.csv"', "no list has the table 'raoming.csv'"),
        ('per_minute = "0.05"', 'per_minute = "0"', "no surcharge in euros"),
        ('per_minute = "0.05"', 'per_minute = "5"', "no surcharge in euros"),
        ('covers = ["DE", "@near"]', 'covers = ["@near/premium"]',
         "not a selector: '@near/premium'"),
        ('per_minute = "0.05"', "per_minute = 0.05", "per_minute must be a decimal number"),
        ('except = ["@inner/mobile", "service"]', 'except = ["@outer/mobile"]',
         "there is no zone 'outer'"),
        ('except = ["@inner/mobile", "service"]', 'except = ["01806"]', "no row prices '01806'"),
        ('except = ["@inner/mobile", "service"]', 'except = ["@inner/cell"]',
         "not a selector: '@inner/cell'"),
        ('dropped_by = ["SIM-FLAT"]', 'dropped_by = ["SIM"]', "there is no option 'SIM'"),
        ('line = 17\norigins = ["mobile"]\n', "line = 17\n", "a surcharge needs kinds of access"),
        ('covers = ["DE", "@near"]', "covers = []", "option FREE-60 covers nothing"),
        ('covers = ["DE", "@near"]', 'covers = ["@nearer"]', "there is no zone 'nearer'"),
        ('covers = ["DE", "@near"]', 'covers = ["FI-HELSINKI"]', "no row prices 'FI-HELSINKI'"),
        ("included_minutes = 60\n", "", "minutes are what an allowance includes"),
        ("concurrent_calls = 1", "concurrent_calls = 1\nincluded_minutes = 9",
         "minutes are what an allowance includes"),
        ('plans = ["business"]\neffective', 'plans = ["gold"]\neffective',
         "there is no plan 'gold'"),
        ('id = "PLUS"\nkind = "column"', 'id = "PLUS"\nkind = "flat"',
         "option PLUS covers nothing"),
        ('id = "PLUS"\nkind = "column"', 'id = "PLUS"\nkind = "column"\ncovers = ["DE"]',
         "its columns say for whom they hold"),
        ('id = "PLUS"\nkind = "column"', 'id = "PLUS"\nkind = "column"\norigins = ["voip"]',
         "its columns say for whom they hold"),
        ('id = "SIM-FLAT"\nkind', 'id = "internal"\nkind', "its name is taken"),
        ('vat_reference = "0.19"', 'vat_reference = "0.16"', "the tax of DE on the first day"),
        ('zones = ["zones.csv"]', "", "zone near has rows and no members"),
        ("[[price_list]]", f"[[price_list]]{PRICE_LIST}[[price_list]]",
         "lists 1 and 1 hold at the same time"),
        ("[[price_list]]", f"[[price_list]]{PRICE_LIST}[[price_list]]", "version 1 stands twice"),
        ("[[price_list]]", f"[[price_list]]pinned = true{PRICE_LIST}[[price_list]]",
         "pinned differs between versions of small"),
        ("[[price_list]]",
         f"[[price_list]]default = true{PRICE_LIST}[[price_list]]default = true".replace(
             'id = "small"', 'id = "other"'), "2 lists, and 2 of them default"),
    ],
)  # fmt: skip
def test_a_rule_that_fits_nothing_is_found(old: str, new: str, problem: str) -> None:
    new = new.replace("[[price_list]]default", "[[price_list]]\ndefault")
    new = new.replace("[[price_list]]pinned", "[[price_list]]\npinned")
    found = problems_of(changed("small/tariff.toml", old, new))
    assert any(problem in one for one in found), found
    assert all(one.startswith("small/") for one in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("calls", "30,Germany,DE,0.02", "30,Germany,DE,9.00", "are the units of fixed and mobile"),
        ("calls", "33,Far,@far,0.90,1.10", "33,Far,@far,90,110", "no price in euros"),
        ("calls", "35,Satellite,001/satellite,9.90,,9.90",
         "35,Satellite,001/satellite,990,,990", "no price in euros: are the units mixed up?"),
        ("services", "40,Shared,01805,11.7647,11.7647", "40,Shared,01805,0.05,0.05",
         "no price in cents: are the units mixed up?"),
        ("services", "40,Shared,01805,11.7647,11.7647", "40,Shared,01805,14,14",
         "0.1666 € per minute is above the cap of 0.14 € (law)"),
        ("services", "42,Mass,01377,84.0336,84.0336", "42,Mass,@near,84.0336,84.0336",
         "selector @near stands in small/calls.csv:4 already"),
        ("calls", "31,Inner,@inner,", "31,Inner,@outer,", "there is no zone 'outer'"),
        ("calls", "31,Inner,@inner,", "31,Inner,@Inner,", "not a selector: '@Inner'"),
        ("calls", "30,Germany,DE,0.02,0.10,0.01,0.05", "30,Germany,DE,0.02,0.10,0.03,0.05",
         "fixed: plus is dearer than base"),
        ("calls", "30,Germany,DE,0.02,0.10,0.01,0.05", "30,Germany,DE,0.02,0.10,,0.05",
         "fixed has a price in one of base, plus"),
        ("calls", "0.05,0.015,", "0.05,,", None),  # the common column prices it
        ("services", "40,Shared,01805,11.7647,11.7647", "40,Shared,01805,11.7647,", None),
        ("services", "40,Shared,01805,11.7647,11.7647", "40,Shared,01805,,11.7647",
         "fixed has no price for plan basic from voip"),
        ("services", "44,Partner,0138,5,5,minute,,,,1.5", "44,Partner,0138,5,5,minute,,,,0",
         "a factor of 0 is no multiplier"),
        ("services", "45,Nobody,0181,,,minute,,,unpriced,", "45,Nobody,0181,,,minute,,,unpriced,2",
         "a factor without effect"),
        ("roaming", "50,,Green fixed,@green/fixed,0.10,,", "50,,Green fixed,@green/fixed,,0.10,",
         "@green/fixed needs a fixed price"),
        ("zones", "70,near,Austria,AT,", "70,near,Austria,AUT,",
         "no region and no breakout: 'AUT'"),
        ("zones", "70,near,Austria,AT,", "x,near,Austria,AT,",
         "line of the document is missing: 'x'"),
        ("zones", "70,near,Austria,AT,", "70,near,,AT,", "member is missing"),
        ("zones", "70,near,Austria,AT,", "70,near,Austria,,", "match is empty, and no reading"),
        ("zones", "70,near,Austria,AT,", "70,nearer,Austria,AT,", "there is no zone 'nearer'"),
        ("zones", "70,near,Austria,AT,", "70,far,Austria,AT,", "far is what no zone lists"),
        ("zones", "71,inner,Portugal,PT,", "71,inner,Portugal,PT AT,",
         "AT stands in zone inner at small/zones.csv:4 already"),
        ("zones", "80,green,Austria,AT,", "80,green,Austria,AT AT,",
         "AT stands in zone green at small/zones.csv:7 already"),
        ("zones", "72,near,Azores,PT-AZORES,", "72,near,Azores,PT-AZORES CH,",
         "CH stands in zone near at small/zones.csv:3 already"),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_is_found(
    file: str, old: str, new: str, problem: str | None
) -> None:
    files = changed(f"small/{file}.csv", old, new)
    if problem is None:
        load_tariffs(files)
        return
    found = problems_of(files)
    place = f"small/{file}.csv:{line_of(f'small/{file}.csv', old)}: "
    assert any(one.startswith(place) and problem in one for one in found), found


def test_two_zones_share_a_member_only_if_one_is_in_the_other() -> None:
    files = changed("small/tariff.toml", 'within = "near"\n', "")
    assert problems_of(files) == [
        "small/zones.csv:4: AT stands in zone near at small/zones.csv:2 already"
    ]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("0900,3.10,0,gross,2026-01-01,,x\n", "above the cap of 3 €"),
        ("0900,2.60,0,net,2026-01-01,,x\n", "3.094 € per minute is above the cap of 3 €"),
        ("090,4,0,gross,2026-01-01,,x\n", "4 € per minute is above the cap of 3 €"),
        ("0900,1,0,gross,2026-01-01,2026-01-01,x\n", "valid_to must be after valid_from"),
        ("0900,x,0,gross,2026-01-01,,x\n", "not a decimal number"),
        ("0900,1,0,brutto,2026-01-01,,x\n", "'brutto' is not a valid Basis"),
        ("0900,1,0,gross,yesterday,,x\n", "Invalid isoformat string: 'yesterday'"),
        ("+49900,1,0,gross,2026-01-01,,x\n", "not the digits of a service number: '+49900'"),
        ("0900,1,0,gross,2026-01-01,,\n", "the source is missing"),
        ("0900,1,0,gross,2026-01-01,,x\n0900,2,0,gross,2026-02-01,,y\n",
         "0900 has a price from 2026-01-01 in these days already"),
    ],
)  # fmt: skip
def test_an_announced_price_is_checked(rows: str, problem: str) -> None:
    caps = FILES["caps.toml"] + (
        '[[cap]]\nnumbers = ["0900"]\nper_minute = "3.00"\nincrement_s_max = 60\n'
        'valid_from = 2021-12-01\nsource = "law"\n'
    )
    (found,) = problems_of({**FILES, "caps.toml": caps, "external.csv": EXTERNAL + rows})
    assert found.startswith(f"external.csv:{1 + rows.count(chr(10))}: ")
    assert problem in found


def test_announced_prices_may_follow_each_other() -> None:
    rows = "0900,1,0,gross,2026-01-01,2026-02-01,x\n0900,2,0,gross,2026-02-01,,y\n09001,3,0,gross,2026-01-01,,z\n"  # noqa: E501 - three rows
    load_tariffs({**FILES, "external.csv": EXTERNAL + rows})


EU_CAP = """\
[[cap]]
regions = ["AT", "PT"]
basis = "net"
per_minute = "0.19"
increment_s_max = 60
valid_from = 2019-05-15
source = "Union"
"""


LAWFUL = (
    FILES["small/calls.csv"]
    .replace("@inner,0.03,0.20,", "@inner,0.03,0.19,")
    .replace("@near,0.04,0.30,0.03,0.20", "@near,0.04,0.15,0.03,0.10")
)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("@inner,0.03,0.19,", "@inner,0.03,0.19,", None),
        ("@inner,0.03,0.19,", "@inner,0.03,0.20,", 3),  # by the members of the zone
        ("@near,0.04,0.15,", "@near,0.04,0.20,", 4),
        ("States,US,0.05,0.05", "States,US,0.05,0.20", None),
        ("States,US,0.05,0.05", "Austria,AT,0.20,0.05", 6),
        ("States,US,0.05,0.05", "Madeira,PT-MADEIRA,0.20,0.05", 6),
        ("States,US,0.05,0.05", "Premium,AT/premium,0.20,0.05", None),
    ],
)
def test_consumers_call_the_union_below_its_cap(old: str, new: str, line: int | None) -> None:
    assert old in LAWFUL
    files = {**FILES, "small/calls.csv": LAWFUL.replace(old, new)}
    files["caps.toml"] += EU_CAP
    load_tariffs(files)  # business customers are not protected
    tariff = files["small/tariff.toml"]
    files["small/tariff.toml"] = tariff.replace('= "net"', '= "net"\nconsumers = true')
    if line is None:
        load_tariffs(files)
        return
    (found,) = problems_of(files)
    assert found == f"small/calls.csv:{line}: 0.2 € per minute is above the cap of 0.19 € (Union)"


def test_a_price_that_is_the_cap_without_its_tax_looks_net() -> None:
    files = changed("small/tariff.toml", 'basis = "net"', 'basis = "gross"')
    found = problems_of(files)
    assert [one.partition(": ")[0] for one in found] == [
        "small/services.csv:2",
        "small/services.csv:3",
    ]
    assert found[0].endswith(
        "0.117647 € per minute is the cap of 0.14 € without its tax: net? (law)"
    )
