"""Importing a whole site: as the file says, any number of times, or not at all."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from freiton.config import ConfigError, shipped
from freiton.routing.directory import AccountKind, Directory
from freiton.storage.site.site_file import ImportReport, import_site
from freiton.storage.site.specs import AccountSpec
from freiton.storage.site_store import SiteStore
from tests.freiton.storage.contracts import PROVIDER, calls_at_once, offer

TODAY = date(2026, 3, 10)

SITE = """\
domains = ["two.example"]
customers = ["Acme"]

[[accounts]]
name = "alice"
area_code = "30"
numbers = ["+49 30 123-450", "+4930123451"]
main_number = "+4930123451"
flatrates = 2
options = ["PLUS"]

[[accounts.devices]]
user = "alice-desk"

[[accounts.devices]]
user = "alice-soft"
password = "a-given-password"

[[accounts]]
name = "pbx"
domain = "two.example"
customer = "Acme"
kind = "pbx"
channels = 8
blocks = [{ prefix = "+4940200", digits = 2 }]

[[trunks]]
name = "carrier"
host = "127.0.0.1:5070"
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    store = SiteStore.open(tmp_path / "var", domains=("one.example",), provider=PROVIDER)
    yield store
    store.close()


def put(store: SiteStore, tmp_path: Path, text: str) -> ImportReport:
    path = tmp_path / "site.toml"
    path.write_text(text)
    with store.edit(today=TODAY, offer=offer()) as site:
        return import_site(path, site)


def problems(store: SiteStore, tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        put(store, tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def shown(directory: Directory) -> list[object]:
    return [
        directory.domains,
        directory.customers,
        directory.accounts,
        [(one, one.ha1_md5, one.ha1_sha256) for one in directory.devices],
        dict(directory.numbers),
        directory.blocks,
        directory.trunks,
    ]


def test_a_site_is_made_as_its_file_says(store: SiteStore, tmp_path: Path) -> None:
    report = put(store, tmp_path, SITE)
    directory = store.load_directory()
    alice = directory.account_by_aor("alice", "one.example")
    pbx = directory.account_by_aor("pbx", "two.example")
    assert alice is not None
    assert pbx is not None
    assert directory.numbers_of(alice.id) == ("+4930123450", "+4930123451")
    assert alice.main_number == "+4930123451"
    assert calls_at_once(alice, TODAY) == 2
    options = alice.subscription.options
    assert [(one.option_id, one.count) for one in options] == [("FLAT.DE", 2), ("PLUS", 1)]
    assert (pbx.kind, pbx.channels, pbx.main_number) == (AccountKind.PBX, 8, "+49402000")
    assert directory.trunk_by_source("127.0.0.1", 5070) == directory.trunks[0]
    assert [one.user for one in report.passwords] == ["alice-desk"]
    assert report.new == {
        "domain": 1,
        "customer": 1,
        "account": 2,
        "number": 2,
        "device": 2,
        "block": 1,
        "trunk": 1,
    }


def test_a_second_import_changes_nothing(store: SiteStore, tmp_path: Path) -> None:
    put(store, tmp_path, SITE)
    before = shown(store.load_directory())
    report = put(store, tmp_path, SITE)
    assert shown(store.load_directory()) == before
    assert (report.new, report.passwords) == ({}, [])


def test_an_import_changes_only_what_the_file_names(store: SiteStore, tmp_path: Path) -> None:
    put(store, tmp_path, SITE)
    with store.edit(today=TODAY, offer=offer()) as site:
        site.accounts.change(AccountSpec(name="alice", premium_allowed=True, area_code="40"))
    put(store, tmp_path, SITE.replace("flatrates = 2", "flatrates = 1"))
    alice = store.load_directory().account_by_aor("alice", "one.example")
    assert alice is not None
    assert alice.premium_allowed
    assert alice.area_code == "30"
    assert calls_at_once(alice, TODAY) == 1


def test_every_problem_is_named_and_nothing_is_done(store: SiteStore, tmp_path: Path) -> None:
    text = """\
[[accounts]]
name = "alice"
customer = "Nobody"
numbers = ["+4930100"]

[[accounts]]
name = "bob"
numbers = ["+4930200", "+4930201"]
main_number = "+4930999"

[[accounts]]
name = "carl"
kind = "pbx"
flatrates = 1
numbers = [
    "+4930300",
    "+4930200",
]
[[accounts.devices]]
user = "bob"

[[accounts]]
name = "dora"
[[accounts.devices]]
user = "bob"
"""
    assert problems(store, tmp_path, text) == [
        "site.toml:3: accounts[0].customer: there is no customer Nobody; add it first",
        "site.toml:9: accounts[1].main_number: +4930999 is no number of bob@one.example",
        "site.toml:14: accounts[2].flatrates: carl is a SIP trunk account and cannot have FLAT.DE",
        "site.toml:15: accounts[2].numbers[1]: +4930200 belongs to account bob@one.example",
        "site.toml:25: accounts[3].devices[0].user: device bob belongs to account carl already",
    ]
    assert store.load_directory().accounts == ()


def test_the_form_is_checked_before_anything_is_done(store: SiteStore, tmp_path: Path) -> None:
    text = """\
[[accounts]]
name = "Alice"
daily_limit = 20.5
numbers = ["030123"]
short_numbers = { 112 = "+4930100" }
colour = "red"
[[accounts.devices]]
user = "a b"
password = "short"

[[trunks]]
name = "one"
kind = "registration"
host = 5060

[[trunks]]
name = "two"
host = "192.0.2.1"
sources = ["192.0.2.1/24"]

[[trunks]]
name = "three"
host = "192.0.2.1"
username = "u"
"""
    name = "a name of up to 32 small letters, digits, dots, dashes and underscores"
    source = "a network or an address, such as 192.0.2.0/24 or 192.0.2.1:5060"
    user = "a user of up to 64 letters, digits, dots, dashes, underscores and plus signs"
    assert problems(store, tmp_path, text) == [
        f"site.toml:2: accounts[0].name: 'Alice' should be {name}",
        'site.toml:3: accounts[0].daily_limit: 20.5 should be euros as text, such as "20.00"',
        (
            "site.toml:4: accounts[0].numbers[0]: '030123' should be "
            "a number with its country code, such as +4930123456"
        ),
        "site.toml:5: accounts[0].short_numbers: 112 would never be dialled: it calls for help",
        "site.toml:6: accounts[0].colour: there is no such setting",
        f"site.toml:8: accounts[0].devices[0].user: 'a b' should be {user}",
        (
            "site.toml:9: accounts[0].devices[0].password: "
            "should be 8 to 128 printable ASCII characters without blanks"
        ),
        "site.toml:14: trunks[0].host: should be text like 192.0.2.1:5060",
        f"site.toml:19: trunks[1].sources[0]: '192.0.2.1/24' should be {source}",
        "site.toml:21: trunks[2]: a trunk that registers needs a username and a secret",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('daily_limit = "0.0000001"', '"0.0000001" should be 0 to 1000000 euros'),
        ('daily_limit = "NaN"', "should be"),
        ('daily_limit = "-1"', "should be"),
        ('short_numbers = { 12345 = "+4930100" }', "should be one to four digits"),
        ('short_numbers = { 1 = "call me" }', "should be something that can be dialled"),
        ('algorithms = ["SHA-512"]', "should be 'MD5' or 'SHA-256'"),
        ("algorithms = []", "at least 1 item"),
        ("clir = 1", "should be a valid boolean"),
        ('blocks = [{ prefix = "+49301234567890", digits = 2 }]', "exceeds the 15 of E.164"),
    ],
)
def test_a_wrong_value(store: SiteStore, tmp_path: Path, line: str, expected: str) -> None:
    found = problems(store, tmp_path, f'[[accounts]]\nname = "alice"\n{line}\n')
    assert found[0].startswith("site.toml:3: accounts[0].")
    assert expected.replace('"', "") in found[0].replace('"', "")


def test_the_demo_site_can_be_imported(store: SiteStore) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        report = import_site(shipped("demo", "site.toml"), site)
    assert report.passwords
    directory = store.load_directory()
    assert directory.emergency_trunks
    assert any(calls_at_once(account, TODAY) for account in directory.accounts)
