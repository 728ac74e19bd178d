"""Who may watch whom, as the site keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from freiton.routing.directory import Account, Directory
from freiton.routing.watching import Verdict, WatchedBy
from freiton.storage.site.specs import AccountSpec
from freiton.storage.site_store import SiteError, SiteStore
from sipcore.limits import DEFAULT_LIMITS
from tests.freiton.storage.contracts import PROVIDER, offer

TODAY = date(2026, 3, 10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    store = SiteStore.open(tmp_path / "var", domains=("one.example",), provider=PROVIDER)
    with store.edit(today=TODAY, offer=offer()) as site:
        site.customers.add("Bakery")
        site.customers.add("Butcher")
        for name in ("alice", "bob", "carol"):
            site.accounts.add(AccountSpec(name=name, customer="Bakery"))
        site.accounts.add(AccountSpec(name="mallory", customer="Butcher"))
    yield store
    store.close()


def account(directory: Directory, name: str) -> Account:
    found = directory.account_by_aor(name, "one.example")
    assert found is not None
    return found


def verdict(store: SiteStore, watched: str, watcher: str) -> Verdict:
    directory = store.load_directory()
    return directory.verdict(account(directory, watched), account(directory, watcher))


def decide(store: SiteStore, watched: str, watcher: str, *, is_allowed: bool | None) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        site.watching.decide(
            site.accounts.get(watched), site.accounts.get(watcher), is_allowed=is_allowed
        )


def test_colleagues_watch_each_other_and_strangers_do_not(store: SiteStore) -> None:
    assert verdict(store, "alice", "bob") is Verdict.ALLOWED
    assert verdict(store, "alice", "alice") is Verdict.ALLOWED
    assert verdict(store, "alice", "mallory") is Verdict.UNKNOWN


def test_an_account_may_wait_for_a_decision_about_each(store: SiteStore) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        site.watching.set(
            site.accounts.get("alice"), watched_by=WatchedBy.ALLOWED, shows_remote=None
        )
    assert verdict(store, "alice", "bob") is Verdict.UNDECIDED
    assert verdict(store, "alice", "mallory") is Verdict.UNKNOWN
    decide(store, "alice", "bob", is_allowed=True)
    assert verdict(store, "alice", "bob") is Verdict.ALLOWED
    decide(store, "alice", "bob", is_allowed=None)
    assert verdict(store, "alice", "bob") is Verdict.UNDECIDED


def test_a_decision_holds_over_the_rule(store: SiteStore) -> None:
    decide(store, "alice", "bob", is_allowed=False)
    decide(store, "alice", "mallory", is_allowed=True)
    assert verdict(store, "alice", "bob") is Verdict.DENIED
    assert verdict(store, "alice", "mallory") is Verdict.ALLOWED
    decide(store, "alice", "mallory", is_allowed=False)
    assert verdict(store, "alice", "mallory") is Verdict.UNKNOWN
    with pytest.raises(SiteError, match="itself"):
        decide(store, "alice", "alice", is_allowed=False)


def test_what_is_shown_is_kept(store: SiteStore) -> None:
    directory = store.load_directory()
    assert not directory.watching.settings(account(directory, "alice").id).shows_remote
    with store.edit(today=TODAY, offer=offer()) as site:
        site.watching.set(site.accounts.get("alice"), watched_by=None, shows_remote=True)
    directory = store.load_directory()
    kept = directory.watching.settings(account(directory, "alice").id)
    assert kept.shows_remote
    assert kept.watched_by is WatchedBy.COLLEAGUES


def test_a_list_keeps_its_order_and_goes_with_its_accounts(store: SiteStore) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        names = ("carol", "bob", "carol")
        members = [site.accounts.get(name) for name in names]
        site.watching.put_list(site.accounts.get("alice"), "team", members)
    directory = store.load_directory()
    alice, bob, carol = (account(directory, name).id for name in ("alice", "bob", "carol"))
    found = directory.watching.lamp_list(alice, "team")
    assert found is not None
    assert found.members == (carol, bob)
    assert directory.watching.lamp_list(bob, "team") is None

    with store.edit(today=TODAY, offer=offer()) as site:
        site.accounts.remove("carol")
    found = store.load_directory().watching.lamp_list(alice, "team")
    assert found is not None
    assert found.members == (bob,)
    with store.edit(today=TODAY, offer=offer()) as site:
        site.accounts.remove("alice")
    assert store.load_directory().watching.lists == ()


def test_a_list_has_a_name_of_its_own_and_an_end(store: SiteStore) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        alice, bob = site.accounts.get("alice"), site.accounts.get("bob")
        with pytest.raises(SiteError, match="is an account"):
            site.watching.put_list(alice, "carol", [bob])
        with pytest.raises(SiteError, match="at most"):
            site.watching.put_list(alice, "team", [bob] * (DEFAULT_LIMITS.list_entries_max + 1))
        with pytest.raises(SiteError, match="has no list"):
            site.watching.remove_list(alice, "team")
        site.watching.put_list(alice, "team", [bob])
        site.watching.remove_list(alice, "team")
    assert store.load_directory().watching.lists == ()
