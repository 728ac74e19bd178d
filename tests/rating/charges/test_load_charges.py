"""Charges are loaded whole or not at all, and a slip is told with its file and line."""

from __future__ import annotations

import pytest

from rating.charges import load_charges
from rating.errors import DataError
from tests.rating.shipped import tariffs, texts


def problems_after(file: str, old: str, new: str) -> str:
    """Load the shipped charges with one edit, which must be refused."""
    files = texts("tariffs")
    assert files[file].count(old) == 1, (file, old)
    files[file] = files[file].replace(old, new)
    with pytest.raises(DataError) as refused:
        load_charges(files, tariffs())
    return str(refused.value)


def test_all_four_providers_have_charges() -> None:
    books = load_charges(texts("tariffs"), tariffs())
    assert set(books) == {"tgnet", "enreach", "zaluma", "plusnet"}
    marked = {name for name, book in books.items() if any(x.terms.is_example for x in book.lists)}
    assert marked == {"plusnet"}


def test_every_row_stands_in_the_document() -> None:
    for book in load_charges(texts("tariffs"), tariffs()).values():
        for entry in book.lists:
            rows = [row for schedule in entry.fees.values() for row in schedule.rows]
            assert all(row.source.line > 0 and row.source.document for row in rows)
            assert all(row.source.line > 0 for row in entry.usage.values())
        assert all(rule.source.line > 0 and rule.reason_de for rule in book.orders.rules)


FEES = [
    (
        "tgnet/fees.csv",
        "5.95,0.00,,2,",
        "5.95,0.00,,3,",
        "tgnet/fees.csv:3: expected a tier from 2",
    ),
    (
        "tgnet/fees.csv",
        "0.00,0.00,,1,1,",
        "0.00,0.00,,1,,",
        "tgnet/fees.csv:3: ACCOUNT stands twice",
    ),
    ("tgnet/fees.csv", "5.95,0.00,,2,,", "5.95,0.00,,2,9,", "ACCOUNT has no price above 9 units"),
    ("tgnet/fees.csv", "0.00,0.00,,1,1,", "0.00,0.00,,1,0,", "expected a whole number above 0"),
    ("zaluma/fees.csv", "team,1,2", "team,2,2", "units 1 to 1 of MEMBER have no price"),
    ("zaluma/fees.csv", "44.44,team,3,10", "44.44,,3,10", "are billed in different ways"),
    (
        "enreach/fees.csv",
        "reduction,25,99",
        "reduction,26,99",
        "expected a tier from 25, not from 26",
    ),
    ("zaluma/fees.csv", "Flatrate Light,,4.95", "Flatrate Light,,", "neither a one-off nor"),
    ("zaluma/fees.csv", "Flatrate Light,,4.95", "Flatrate Light,,4995", "is that another unit?"),
    ("zaluma/fees.csv", 'je Rufnummer",,0.20', 'je Rufnummer",,0.02', "is that another unit?"),
    ("zaluma/fees.csv", "Flatrate Light,,4.95", 'Flatrate Light,,"4,95"', "not a decimal number"),
    ("zaluma/fees.csv", "74,LIGHT", "74,LITE", "option LIGHT has no fee in list"),
    ("zaluma/fees.csv", "74,LIGHT", ",LIGHT", "needs the line where it is printed"),
    (
        "enreach/fees.csv",
        "129,PROFILE,starter",
        "129,PROFILE,beginner",
        "there is no plan beginner",
    ),
    ("tgnet/fees.csv", "0.00,9.98,month_start", "0.00,9.98,sometimes", "expected one of daily"),
]

USAGE = [
    ("enreach/usage.csv", "message,0.12", "message,12", "12 euros for the message"),
    ("enreach/usage.csv", "megabyte,3.77,1024", "megabyte,3.77,", "by the megabyte needs a step"),
    ("enreach/usage.csv", "hour,80.00", "hour,0.80", "expected 5 to 1000; is that another unit?"),
    ("enreach/usage.csv", "207,SMS-EU", "207,SMS-NATIONAL", "SMS-NATIONAL stands twice"),
    ("enreach/usage.csv", "sms,to *", "sms,", "a service needs a place"),
    ("enreach/usage.csv", "sms,to *", "sms,at sea", "as the place, not 'at sea'"),
    ("enreach/usage.csv", "sms,in @roaming-world", "sms,in @moon", "@moon, which is no zone"),
    ("zaluma/usage.csv", "0.00,,yes", "0.00,,maybe", "expected yes or nothing"),
    ("enreach/usage.csv", "message,0.12", "letter,0.12", "expected one of message"),
]

ORDERS = [
    ("tgnet/orders.toml", 'basis = "gross"', 'basis = "net"', "price list tgnet-call is gross"),
    ("tgnet/orders.toml", 'fees = "fees.csv"', 'fees = "no.csv"', "missing: tgnet/no.csv"),
    ("tgnet/orders.toml", 'unless_booked = "FLAT.DE"', 'unless_booked = "X"', "nothing is called"),
    ("tgnet/orders.toml", 'percent = "0.50"', 'percent = "50"', "not a percentage"),
    ("tgnet/orders.toml", '"ACCOUNT:3"', '"ACCOUNT"', "such as ACCOUNT:3"),
    ("tgnet/orders.toml", 'ends = "17:00"', 'ends = "5 pm"', "a time such as 09:00"),
    ("tgnet/orders.toml", 'kind = "only_plans"', 'kind = "plenty"', "kind must be one of"),
    ("enreach/orders.toml", "count = 10\n", "", "a rule of kind at_most needs count"),
    ("enreach/orders.toml", 'id = "fmc-5-sms"', 'id = "fmc-5-data"', "fmc-5-data stands twice"),
    ("zaluma/orders.toml", 'option = "FAX"', 'option = "TELEX"', "nothing is called 'TELEX'"),
    ("zaluma/orders.toml", 'ends = "month_start"', 'end = "month_start"', "unknown key: end"),
    ("zaluma/orders.toml", 'throttle_kbit_s = ["64", "16"]', 'throttle_kbit_s = ["64"]', "upload"),
    ("plusnet/orders.toml", "valid_from = 2021-03-01", "valid_from = 2006-03-01", "no tax rate"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "told"), [*FEES, *USAGE, *ORDERS])
def test_a_slip_is_refused_with_its_place(file: str, old: str, new: str, told: str) -> None:
    problems = problems_after(file, old, new)
    assert told in problems
    assert problems.startswith((file.partition("/")[0], file))


def test_two_lists_of_one_time_are_refused() -> None:
    files = texts("tariffs")
    files["zaluma/orders.toml"] += """
[[charge_list]]
id = "zaluma-team"
version = "2026-01-01"
line = 102
valid_from = 2026-01-01
basis = "net"
vat_reference = "0.19"
fees = "fees.csv"
usage = "usage.csv"
"""
    with pytest.raises(DataError, match="2025-04-01 and 2026-01-01 hold at the same time"):
        load_charges(files, tariffs())


def test_charges_without_a_tariff_are_refused() -> None:
    files = texts("tariffs") | {"nobody/orders.toml": ""}
    with pytest.raises(DataError, match="no tariff of provider nobody"):
        load_charges(files, tariffs())


def test_a_later_list_takes_over_on_its_day() -> None:
    files = texts("tariffs")
    text = files["zaluma/orders.toml"].replace(
        "valid_from = 2025-04-01", "valid_from = 2025-04-01\nvalid_to = 2026-01-01"
    )
    files["zaluma/2026-fees.csv"] = files["zaluma/fees.csv"].replace("22.22", "33.33")
    later = text.partition("[[charge_list]]")[2].partition("# Each add-on")[0]
    later = later.replace(
        "valid_from = 2025-04-01\nvalid_to = 2026-01-01", "valid_from = 2026-01-01"
    )
    later = later.replace('"fees.csv"', '"2026-fees.csv"').replace('"2025-04-01"', '"2026-01-01"')
    files["zaluma/orders.toml"] = f"{text}\n[[charge_list]]{later}"
    first, second = load_charges(files, tariffs())["zaluma"].lists
    assert first.terms.valid_to == second.terms.valid_from
    assert first.fees["MEMBER", ""] != second.fees["MEMBER", ""]
