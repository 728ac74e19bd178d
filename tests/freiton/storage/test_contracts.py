"""Plans and options as they are booked: what is refused, what ends, and what stays known."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from freiton.calls.subscriptions import subscription_of
from freiton.routing.directory import Account
from freiton.storage import schema
from freiton.storage.secrets_box import SecretsBox
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.plans import PlanChange
from freiton.storage.site.specs import AccountSpec, DeviceSpec, PlanSpec
from freiton.storage.site_store import SiteError, SiteStore
from rating.pricing import BookedOption, BookedPlan, OriginKind
from tests.freiton.storage.contracts import PROVIDER, calls_at_once, offer
from tests.rating.shipped import tariffs

TODAY = date(2026, 5, 20)
JUNE = date(2026, 6, 1)
MARCH = date(2026, 3, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    store = open_store(tmp_path)
    with store.edit(today=TODAY, offer=offer()) as site:
        site.accounts.add(AccountSpec(name="alice"))
        site.accounts.add(AccountSpec.model_validate({"name": "pbx", "kind": "pbx"}))
    yield store
    store.close()


def open_store(folder: Path, provider: str = PROVIDER) -> SiteStore:
    return SiteStore.open(folder, domains=("one.example",), provider=provider)


def put(
    store: SiteStore, plan: str, *, account: str = "alice", today: date = TODAY, **fields: Any
) -> PlanChange:
    with store.edit(today=today, offer=offer()) as site:
        return site.plans.book(site.accounts.get(account), PlanSpec(name=plan, **fields))


def book(store: SiteStore, option: str, *, account: str = "alice", **fields: Any) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        site.options.book(site.accounts.get(account), option, **fields)


def account(store: SiteStore, name: str = "alice") -> Account:
    found = store.load_directory().account_by_aor(name, "one.example")
    assert found is not None
    return found


def plans(store: SiteStore) -> list[tuple[str, str, str]]:
    return [
        (f"{one.provider}/{one.plan_id}", str(one.valid_from), str(one.valid_to or ""))
        for one in account(store).subscription.plans
    ]


def options(store: SiteStore) -> list[tuple[str, str, str]]:
    return [
        (f"{one.provider}/{one.option_id}", str(one.valid_from), str(one.valid_to or ""))
        for one in account(store).subscription.options
    ]


def test_who_booked_no_plan_is_on_the_default_one_of_the_settings(store: SiteStore) -> None:
    for provider, name, expected in (
        ("tgnet", "alice", "account"),
        ("tgnet", "pbx", "trunk"),
        ("enreach", "alice", "expert"),
    ):
        subscription = subscription_of(account(store, name), tariffs(), provider=provider)
        assert subscription.plans == (BookedPlan(provider, expected, date.min),)
    # Enreach Contact has no plan for SIP trunks: such an account has no price at all.
    assert subscription_of(account(store, "pbx"), tariffs(), provider="enreach").plans == ()


def test_terms_follow_each_other_and_stay_known(store: SiteStore) -> None:
    assert put(store, "enreach/advanced", valid_from=MARCH) == PlanChange(MARCH, ())
    put(store, "enreach/expert", valid_from=JUNE)
    put(store, "tgnet/account", valid_from=date(2026, 8, 1))
    assert plans(store) == [
        ("enreach/advanced", "2026-03-01", "2026-06-01"),
        ("enreach/expert", "2026-06-01", "2026-08-01"),
        ("tgnet/account", "2026-08-01", ""),
    ]
    subscription = subscription_of(account(store), tariffs(), provider="tgnet")
    days = (date(2026, 2, 28), MARCH, JUNE, date(2027, 1, 1))
    held = [subscription.plan_on(day) for day in days]
    assert [one and one.plan_id for one in held] == ["account", "advanced", "expert", "account"]


def test_a_term_that_has_not_begun_is_replaced(store: SiteStore) -> None:
    put(store, "enreach/advanced", valid_from=MARCH)
    put(store, "enreach/expert", valid_from=JUNE)
    put(store, "enreach/starter", valid_from=date(2026, 5, 25))
    assert plans(store) == [
        ("enreach/advanced", "2026-03-01", "2026-05-25"),
        ("enreach/starter", "2026-05-25", ""),
    ]


def test_a_plan_that_began_today_can_be_put_right_today_only(store: SiteStore) -> None:
    put(store, "enreach/advanced")
    put(store, "enreach/starter")
    assert plans(store) == [("enreach/starter", "2026-05-20", "")]
    with pytest.raises(SiteError, match="on enreach/starter since 2026-05-20; another plan can"):
        put(store, "enreach/expert", today=date(2026, 5, 21), valid_from=TODAY)
    assert plans(store) == [("enreach/starter", "2026-05-20", "")]


def test_another_provider_ends_the_options_of_the_former(store: SiteStore) -> None:
    book(store, "FLAT.DE")
    book(store, "PLUS", begins=date(2026, 7, 1))
    change = put(store, "enreach/advanced", valid_from=JUNE)
    assert change.ended == ("FLAT.DE", "PLUS")
    book(store, "ALLNET-VOIP", begins=JUNE)
    assert options(store) == [
        ("tgnet/FLAT.DE", "2026-05-20", "2026-06-01"),
        ("tgnet/PLUS", "2026-07-01", "2026-07-01"),
        ("enreach/ALLNET-VOIP", "2026-06-01", ""),
    ]
    alice = account(store)
    assert [calls_at_once(alice, day) for day in (TODAY, JUNE)] == [1, None]


def test_a_plan_ends_the_options_that_it_includes_or_does_not_allow(store: SiteStore) -> None:
    put(store, "enreach/advanced", valid_from=MARCH)
    book(store, "ALLNET-VOIP")
    assert put(store, "enreach/expert", valid_from=JUNE).ended == ("ALLNET-VOIP",)
    book(store, "FMC-5", begins=JUNE)
    ended = put(store, "enreach/starter", valid_from=date(2026, 7, 1)).ended
    assert ended == ("FMC-5",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: put(s, "nobody/account"), "no provider nobody; known: enreach"),
        (lambda s: put(s, "enreach/gold"), "enreach has no plan gold; it has expert, professional"),
        (
            lambda s: put(s, "tgnet/account", price_list="cheap"),
            "tgnet has no price list cheap; it has tgnet-call",
        ),
        (lambda s: put(s, "tgnet/trunk"), "tgnet/trunk is not for accounts of telephones"),
        (
            lambda s: put(s, "enreach/expert", account="pbx"),
            "enreach/expert is not for SIP trunk accounts",
        ),
        (lambda s: book(s, "GOLD"), "tgnet has no option GOLD; its options: FLAT.DE, PLUS"),
        (
            lambda s: book(s, "FLAT.DE", account="pbx"),
            "pbx is a SIP trunk account and cannot have FLAT.DE",
        ),
    ],
)
def test_what_does_not_exist_or_fit_is_named(
    store: SiteStore, change: Callable[[SiteStore], object], message: str
) -> None:
    with pytest.raises(SiteError) as refused:
        change(store)
    assert message in str(refused.value)
    assert account(store).subscription == account(store, "pbx").subscription


def test_an_option_is_checked_against_the_plan_of_the_day_it_begins(store: SiteStore) -> None:
    put(store, "enreach/advanced")
    put(store, "enreach/expert", valid_from=JUNE)
    book(store, "ALLNET-VOIP")
    with pytest.raises(SiteError, match="ALLNET-VOIP comes with enreach/expert already"):
        book(store, "ALLNET-VOIP", begins=JUNE)
    with pytest.raises(SiteError, match="FMC-5 is not for enreach/advanced; it is for expert"):
        book(store, "FMC-5")
    book(store, "FMC-5", begins=JUNE)


def test_a_provider_without_flatrates_by_the_call_has_no_shorthand(store: SiteStore) -> None:
    put(store, "enreach/advanced")
    with (
        pytest.raises(SiteError, match="enreach has no flatrate by the call; its options: ALLNET"),
        store.edit(today=TODAY, offer=offer()) as site,
    ):
        site.options.flatrate(site.accounts.get("alice"))


def test_what_an_account_has_booked_keeps_it_of_its_kind(store: SiteStore) -> None:
    def become_trunk(site: SiteEdit) -> None:
        site.accounts.change(AccountSpec.model_validate({"name": "alice", "kind": "pbx"}))

    put(store, "enreach/advanced")
    with (
        pytest.raises(SiteError, match="alice is on enreach/advanced, which is not for SIP trunk"),
        store.edit(today=TODAY, offer=offer()) as site,
    ):
        become_trunk(site)


def test_a_device_has_an_origin_that_can_be_changed(store: SiteStore) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        alice = site.accounts.get("alice")
        site.devices.add(alice, DeviceSpec(user="desk"))
        site.devices.add(alice, DeviceSpec.model_validate({"user": "sim", "origin": "mobile"}))
    assert origins(store) == {"desk": OriginKind.VOIP, "sim": OriginKind.MOBILE}
    with store.edit(today=TODAY, offer=offer()) as site:
        changed = DeviceSpec.model_validate({"user": "desk", "origin": "mobile"})
        site.devices.change("one.example", changed)
    assert origins(store)["desk"] is OriginKind.MOBILE
    with pytest.raises(ValueError, match="origin"):
        DeviceSpec.model_validate({"user": "sim", "origin": "roaming"})


def origins(store: SiteStore) -> dict[str, OriginKind]:
    return {one.auth_user: one.origin for one in store.load_directory().devices}


def test_a_site_of_the_first_schema_goes_on_unchanged(tmp_path: Path) -> None:
    """Made by the first migration alone, as an installation of then has it."""
    make_first_site(tmp_path)
    store = open_store(tmp_path)
    alice = account(store)
    assert alice.subscription.plans == ()
    ordered = date(2026, 3, 10)
    assert alice.subscription.options == (
        BookedOption("FLAT.DE", 2, ordered, None, ordered, provider="tgnet"),
    )
    assert calls_at_once(alice, TODAY) == 2
    assert origins(store) == {"desk": OriginKind.VOIP}
    put(store, "enreach/advanced")
    with store.edit(today=TODAY, offer=offer()) as site:
        site.devices.add(site.accounts.get("alice"), DeviceSpec(user="desk2"))
    # Device 2 was removed then, and its number is never used again.
    assert [one.id for one in store.load_directory().devices] == [1, 3]
    store.close()


def make_first_site(folder: Path) -> None:
    SecretsBox.create(folder / "secret.key")
    engine = create_engine(f"sqlite:///{folder / 'site.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, provider="nobody")
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(folder / "site.db") as site:
        site.execute("INSERT INTO customer (id, name) VALUES (1, 'default')")
        site.execute(
            "INSERT INTO account VALUES (1, 1, 'alice', 'one.example', 'phone', '49', '30', NULL,"
            " 10, NULL, 'postpaid', 20000000, 0, 0, 0, 503, 402, '{}', '[\"MD5\"]', 60, 'de', 1)"
        )
        site.execute(
            "INSERT INTO option_booking VALUES"
            " (1, 1, 'FLAT.DE', 2, '2026-03-10', '2026-03-10', NULL)"
        )
        for number, user in ((1, "desk"), (2, "gone")):
            site.execute(
                "INSERT INTO device VALUES (?, 1, ?, 'one.example', 'a', 'b', x'00', 1)",
                (number, user),
            )
        site.execute("DELETE FROM device WHERE id = 2")
    site.close()
