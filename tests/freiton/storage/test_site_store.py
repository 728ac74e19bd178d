"""The site: what can be changed, what is refused, and what the switch reads of it."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from freiton.routing.directory import Account, AccountKind, ChargingKind, Directory, TrunkKind
from freiton.storage import schema
from freiton.storage.secrets_box import SecretsError, digest_ha1
from freiton.storage.site.devices import IssuedPassword
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.specs import AccountSpec, BlockSpec, DeviceSpec, TrunkSpec
from freiton.storage.site_store import SiteError, SiteStore
from tests.freiton.storage.contracts import PROVIDER, calls_at_once, offer

TODAY = date(2026, 3, 10)
DOMAINS = ("one.example", "three.example")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    store = SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)
    yield store
    store.close()


Edit = Callable[[Callable[[SiteEdit], Any]], Any]


@pytest.fixture
def edit(store: SiteStore) -> Edit:
    """Do one change in a transaction of its own."""

    def change(step: Callable[[SiteEdit], Any]) -> Any:
        with store.edit(today=TODAY, offer=offer()) as site:
            return step(site)

    return change


def add_account(site: SiteEdit, name: str, **fields: Any) -> None:
    site.accounts.add(AccountSpec(name=name, **fields))


def book(site: SiteEdit, account: str, option: str, **fields: Any) -> None:
    site.options.book(site.accounts.get(account), option, **fields)


def end(site: SiteEdit, account: str, option: str, **fields: Any) -> None:
    site.options.end(site.accounts.get(account), option, **fields)


def add_number(site: SiteEdit, account: str, number: str) -> None:
    site.numbers.add(site.accounts.get(account), number)


def add_block(site: SiteEdit, account: str, prefix: str, digits: int) -> None:
    site.numbers.add_block(site.accounts.get(account), BlockSpec(prefix=prefix, digits=digits))


def account(directory: Directory, name: str, domain: str = "one.example") -> Account:
    found = directory.account_by_aor(name, domain)
    assert found is not None
    return found


def trunk(name: str, host: str = "192.0.2.1", **fields: Any) -> TrunkSpec:
    return TrunkSpec.model_validate({"name": name, "host": host, **fields})


def test_the_migrations_make_the_tables_of_the_schema(store: SiteStore, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/var/site.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.Table.metadata) == []


def test_the_schema_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.SCHEMA_VERSION


def test_only_the_owner_can_read_the_state(store: SiteStore, tmp_path: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var").iterdir()}
    assert modes == {"site.db": 0o600, "secret.key": 0o600}
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_a_site_outlives_the_process(store: SiteStore, edit: Edit, tmp_path: Path) -> None:
    edit(lambda site: add_account(site, "alice", area_code="30"))
    store.close()
    again = SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)
    assert account(again.load_directory(), "alice").area_code == "30"


def test_a_site_without_its_key_is_not_opened(store: SiteStore, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "var" / "secret.key").unlink()
    with pytest.raises(SecretsError, match=r"secret\.key is missing"):
        SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)


def test_a_key_that_others_may_read_is_refused(store: SiteStore, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "var" / "secret.key").chmod(0o640)
    with pytest.raises(SecretsError, match="mode 0640 and is open to other users"):
        SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)


def test_another_sites_key_is_named(store: SiteStore, edit: Edit, tmp_path: Path) -> None:
    edit(lambda site: site.trunks.add(trunk("one", secret="first secret")))
    store.close()
    SiteStore.open(tmp_path / "other", domains=DOMAINS, provider=PROVIDER).close()
    (tmp_path / "other" / "secret.key").rename(tmp_path / "var" / "secret.key")
    with pytest.raises(SecretsError, match="is not the key"):
        SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER).load_directory()


def test_a_newer_site_is_not_touched(store: SiteStore, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "var" / "site.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SiteError, match="newer version of Freiton"):
        SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    SiteStore.open(tmp_path, domains=DOMAINS, provider=PROVIDER).close()
    (tmp_path / "site.db").write_bytes(b"no database " * 100)
    with pytest.raises(SiteError, match="file is not a database"):
        SiteStore.open(tmp_path, domains=DOMAINS, provider=PROVIDER)


def test_a_change_is_whole_or_not_at_all(store: SiteStore, edit: Edit) -> None:
    def change(site: SiteEdit) -> None:
        add_account(site, "alice")
        add_account(site, "bob")
        add_account(site, "alice")

    with pytest.raises(SiteError, match=r"account alice@one\.example exists already"):
        edit(change)
    assert store.load_directory().accounts == ()


def test_an_id_is_never_used_again(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: add_account(site, "alice"))
    first = account(store.load_directory(), "alice").id
    edit(lambda site: site.accounts.remove("alice"))
    edit(lambda site: add_account(site, "alice"))
    assert account(store.load_directory(), "alice").id > first


def test_a_change_of_an_account_keeps_what_was_not_named(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: site.customers.add("Acme"))
    edit(
        lambda site: add_account(
            site,
            "alice",
            customer="Acme",
            area_code="30",
            charging="prepaid",
            daily_limit="5.50",
            short_numbers={"21": "+4930123456"},
            algorithms=("SHA-256", "MD5"),
        )
    )
    edit(lambda site: site.accounts.change(AccountSpec(name="alice", clir=True)))
    changed = account(store.load_directory(), "alice")
    assert changed.clir
    assert changed.area_code == "30"
    assert changed.charging is ChargingKind.PREPAID
    assert changed.daily_limit_micros == 5_500_000
    assert dict(changed.short_numbers) == {"21": "+4930123456"}
    assert changed.algorithms == ("SHA-256", "MD5")


def test_accounts_of_one_name_live_in_several_domains(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: site.domains.add("two.example"))
    for domain in ("one.example", "two.example", "three.example"):
        edit(partial(add_account, name="alice", domain=domain))
    directory = store.load_directory(local_hosts=["127.0.0.1"])
    ids = {account(directory, "alice", domain).id for domain in directory.domains}
    assert len(ids) == 3
    assert account(directory, "alice", "127.0.0.1").domain == "one.example"


def test_a_device_signs_with_both_digests(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: add_account(site, "alice"))
    issued = edit(lambda site: site.devices.add(site.accounts.get("alice"), DeviceSpec(user="a-1")))
    device = store.load_directory().device("a-1", "one.example")
    assert device is not None
    for algorithm, digest in (("MD5", device.ha1_md5), ("SHA-256", device.ha1_sha256)):
        assert digest == digest_ha1(
            algorithm, user="a-1", realm="one.example", password=issued.password
        )


def test_ha1_is_that_of_the_standard() -> None:
    # RFC 7616 §3.9.1 gives user, realm and password; the digests follow from A1 of §3.4.2.
    known = {"user": "Mufasa", "realm": "http-auth@example.org", "password": "Circle of Life"}
    assert digest_ha1("MD5", **known) == "3d78807defe7de2157e2b0b6573a855f"
    assert digest_ha1("SHA-256", **known) == (
        "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
    )


def test_passwords_are_random_and_stored_encrypted(
    store: SiteStore, edit: Edit, tmp_path: Path
) -> None:
    edit(lambda site: add_account(site, "alice"))

    def add_device(site: SiteEdit, user: str) -> IssuedPassword:
        return site.devices.add(site.accounts.get("alice"), DeviceSpec(user=user))

    passwords = [edit(partial(add_device, user=f"a-{place}")).password for place in range(20)]
    edit(lambda site: site.trunks.add(trunk("one", secret="trunk secret")))
    assert len(set(passwords)) == 20
    assert {len(password) for password in passwords} == {20}
    stored = (tmp_path / "var" / "site.db").read_bytes()
    assert not any(password.encode() in stored for password in (*passwords, "trunk secret"))


def test_a_renewed_password_replaces_the_old_one(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: add_account(site, "alice"))
    edit(
        lambda site: site.devices.add(
            site.accounts.get("alice"),
            DeviceSpec(user="a-1", password="first-password"),
        )
    )
    before = store.load_directory().device("a-1", "one.example")
    issued = edit(lambda site: site.devices.renew_password("a-1", "one.example"))
    after = store.load_directory().device("a-1", "one.example")
    assert before is not None
    assert after is not None
    assert before.ha1_md5 != after.ha1_md5
    assert after.ha1_md5 == digest_ha1(
        "MD5", user="a-1", realm="one.example", password=issued.password
    )


def test_a_flatrate_counts_at_once_and_ends_on_a_day(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: add_account(site, "alice"))
    edit(lambda site: book(site, "alice", "FLAT.DE", count=2))
    edit(lambda site: book(site, "alice", "PLUS"))
    booked = account(store.load_directory(), "alice")
    assert calls_at_once(booked, TODAY) == 2
    assert calls_at_once(booked, date(2026, 3, 9)) is None
    options = booked.subscription.options
    assert [(one.option_id, one.count, one.valid_from) for one in options] == [
        ("FLAT.DE", 2, TODAY),
        ("PLUS", 1, TODAY),
    ]
    edit(lambda site: end(site, "alice", "FLAT.DE"))
    edit(lambda site: end(site, "alice", "FLAT.DE", on=date(2026, 4, 1)))
    ended = account(store.load_directory(), "alice")
    assert [calls_at_once(ended, day) for day in (TODAY, date(2026, 4, 1))] == [1, None]
    options = ended.subscription.options
    assert [(one.option_id, one.count, one.valid_to) for one in options] == [
        ("FLAT.DE", 1, date(2026, 4, 1)),
        ("PLUS", 1, None),
        ("FLAT.DE", 1, TODAY),
    ]


def test_more_flatrates_cannot_end_than_are_booked(edit: Edit) -> None:
    edit(lambda site: add_account(site, "alice"))
    edit(lambda site: book(site, "alice", "FLAT.DE"))
    with pytest.raises(SiteError, match=r"alice has only 1 of FLAT\.DE"):
        edit(lambda site: end(site, "alice", "FLAT.DE", count=2))


def test_a_sip_trunk_account_has_no_flatrate(edit: Edit) -> None:
    edit(lambda site: add_account(site, "pbx", kind="pbx"))
    with pytest.raises(SiteError, match=r"pbx is a SIP trunk account and cannot have FLAT\.DE"):
        edit(lambda site: book(site, "pbx", "FLAT.DE"))
    edit(lambda site: add_account(site, "alice"))
    edit(lambda site: book(site, "alice", "FLAT.DE"))
    with pytest.raises(SiteError, match=r"alice has FLAT\.DE, which is not for SIP trunk"):
        edit(lambda site: site.accounts.change(AccountSpec(name="alice", kind=AccountKind.PBX)))


def test_the_main_number_follows_the_numbers(store: SiteStore, edit: Edit) -> None:
    def main() -> str | None:
        return account(store.load_directory(), "pbx").main_number

    edit(lambda site: add_account(site, "pbx", kind="pbx"))
    assert main() is None
    edit(lambda site: add_block(site, "pbx", "+4930200", 2))
    assert main() == "+49302000"
    edit(lambda site: add_number(site, "pbx", "+4930123456"))
    edit(lambda site: site.numbers.set_main(site.accounts.get("pbx"), "+493020042"))
    assert main() == "+493020042"
    edit(lambda site: site.numbers.remove_block("+4930200"))
    assert main() == "+4930123456"
    edit(lambda site: site.numbers.remove("+4930123456"))
    assert main() is None


def test_a_customer_may_split_a_block_among_its_own_accounts(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: add_account(site, "pbx", kind="pbx"))
    edit(lambda site: add_account(site, "fax"))
    edit(lambda site: add_block(site, "pbx", "+4930200", 2))
    edit(lambda site: add_number(site, "fax", "+493020099"))
    owner = store.load_directory().owner_of_number("+493020099")
    assert owner is not None
    assert owner.name == "fax"


def strangers(site: SiteEdit) -> None:
    site.customers.add("Acme")
    add_account(site, "pbx", kind="pbx")
    add_account(site, "alice", customer="Acme")
    add_block(site, "pbx", "+4930200", 2)
    add_number(site, "pbx", "+4930300")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda s: add_number(s, "alice", "+4930300"), r"\+4930300 belongs to account pbx@one"),
        (lambda s: add_number(s, "alice", "+493020099"), r"lies in block \+4930200 of pbx@one"),
        (lambda s: add_block(s, "alice", "+4930200", 1), r"block \+4930200 belongs to account pbx"),
        (lambda s: add_block(s, "alice", "+493020", 2), r"overlaps \+4930200 of pbx@one"),
        (lambda s: add_block(s, "alice", "+49302007", 1), r"overlaps \+4930200 of pbx@one"),
        (lambda s: add_block(s, "alice", "+49303", 2), r"would hold \+4930300 of pbx@one"),
    ],
)
def test_nobody_gets_a_strangers_number(
    edit: Edit, step: Callable[[SiteEdit], None], message: str
) -> None:
    edit(strangers)
    with pytest.raises(SiteError, match=message):
        edit(step)


@pytest.mark.parametrize(("prefix", "digits"), [("+493020", 1), ("+493020012", 1), ("+49303", 1)])
def test_a_block_beside_a_strangers_is_fine(edit: Edit, prefix: str, digits: int) -> None:
    edit(strangers)
    edit(lambda site: add_block(site, "alice", prefix, digits))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda s: s.accounts.get("bob"), r"there is no account bob in domain one\.example"),
        (lambda s: s.accounts.get("alice@x.example"), r"no account alice in domain x\.example"),
        (lambda s: add_account(s, "bob", customer="Acme"), "there is no customer Acme"),
        (lambda s: add_account(s, "bob", domain="x.example"), r"there is no domain x\.example"),
        (lambda s: s.accounts.change(AccountSpec(name="bob")), "there is no account bob"),
        (lambda s: s.customers.add("default"), "customer default exists already"),
        (lambda s: s.customers.remove("default"), r"still has account alice@one\.example"),
        (lambda s: s.customers.remove("Acme"), "there is no customer Acme"),
        (lambda s: s.domains.add("one.example"), r"domain one\.example exists already"),
        (lambda s: s.domains.remove("one.example"), "stands in the settings file"),
        (lambda s: s.domains.remove("x.example"), r"there is no domain x\.example"),
        (
            lambda s: s.devices.remove("a-1", "one.example"),
            r"there is no device a-1 in one\.example",
        ),
        (lambda s: add_number(s, "alice", "+4930100"), r"\+4930100 is a number of alice already"),
        (lambda s: s.numbers.remove("+4930199"), r"\+4930199 is no account's number"),
        (lambda s: s.numbers.remove_block("+4930199"), r"there is no block \+4930199"),
        (
            lambda s: s.numbers.set_main(s.accounts.get("alice"), "+4930199"),
            "is no number of alice",
        ),
        (lambda s: s.trunks.remove("one"), "there is no trunk one"),
        (lambda s: book(s, "alice", "Plus"), r"tgnet has no option Plus; its options: FLAT"),
        (lambda s: book(s, "alice", "PLUS", count=0), "an order is for one unit or more"),
        (lambda s: end(s, "alice", "PLUS", count=0), "one unit or more can end"),
        (
            lambda s: (
                s.customers.add("A"),
                s.accounts.change(AccountSpec(name="alice", customer="A")),
            ),
            "alice has numbers and stays with its customer",
        ),
    ],
)
def test_a_refusal_is_one_sentence(
    edit: Edit, step: Callable[[SiteEdit], object], message: str
) -> None:
    edit(partial(add_account, name="alice"))
    edit(partial(add_number, account="alice", number="+4930100"))
    with pytest.raises(SiteError, match=message):
        edit(step)


def test_what_belongs_to_an_account_goes_with_it(store: SiteStore, edit: Edit) -> None:
    def fill(site: SiteEdit) -> None:
        add_account(site, "alice")
        add_number(site, "alice", "+4930100")
        add_block(site, "alice", "+4930200", 1)
        book(site, "alice", "PLUS")
        site.devices.add(site.accounts.get("alice"), DeviceSpec(user="a-1"))

    edit(fill)
    edit(lambda site: site.accounts.remove("alice@one.example"))
    left = store.load_directory()
    assert (left.accounts, left.devices, left.blocks, dict(left.numbers)) == ((), (), (), {})
    edit(fill)


def test_a_trunk_is_read_as_it_was_described(store: SiteStore, edit: Edit) -> None:
    edit(
        lambda site: site.trunks.add(
            trunk("one", "carrier.example:5080", username="u-1", secret="s1", realm="Realm One")
        )
    )
    edit(lambda site: site.trunks.add(trunk("two", "[2001:db8::1]", transport="tcp")))
    one, two = store.load_directory().trunks
    assert (one.kind, one.host, one.port) == (TrunkKind.REGISTRATION, "carrier.example", 5080)
    assert (one.username, one.secret, one.realm) == ("u-1", "s1", "Realm One")
    assert (one.domain, one.listener, one.sources) == ("carrier.example", "udp", ())
    assert (two.kind, two.host, two.port) == (TrunkKind.FIXED_IP, "2001:db8::1", 5060)
    assert two.listener == "tcp"
    directory = store.load_directory()
    assert directory.trunk_by_source("2001:db8::1", 40_000) == two


def test_a_part_of_a_trunk_can_be_changed(store: SiteStore, edit: Edit) -> None:
    edit(lambda site: site.trunks.add(trunk("one", username="u-1", secret="s1", priority=7)))
    before = store.load_directory().trunks[0]

    def change(site: SiteEdit) -> None:
        described = {**site.trunks.described("one"), "weight": 9}
        site.trunks.put(TrunkSpec.model_validate(described))

    edit(change)
    after = store.load_directory().trunks[0]
    assert after.weight == 9
    assert (after.id, after.secret, after.priority, after.sources) == (
        before.id,
        "s1",
        7,
        before.sources,
    )


def test_an_incoming_call_belongs_to_one_trunk(edit: Edit) -> None:
    edit(lambda site: site.trunks.add(trunk("one")))
    edit(lambda site: site.trunks.add(trunk("two", "192.0.2.1:5061")))
    with pytest.raises(SiteError, match=r"calls from 192\.0\.2\.1:5060 belong to trunk one"):
        edit(lambda site: site.trunks.add(trunk("three", sources=("192.0.2.1:5060",))))


def test_two_processes_change_the_site_one_after_the_other(
    store: SiteStore, tmp_path: Path
) -> None:
    other = SiteStore.open(tmp_path / "var", domains=DOMAINS, provider=PROVIDER)
    with store.edit(today=TODAY, offer=offer()) as site:
        add_account(site, "alice")
    with other.edit(today=TODAY, offer=offer()) as site:
        add_account(site, "bob")
    assert [one.name for one in store.load_directory().accounts] == ["alice", "bob"]
    other.close()
