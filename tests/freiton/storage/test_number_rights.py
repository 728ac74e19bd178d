"""Proven rights to show numbers of others: what is entered, what is refused, what is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from freiton.config.trunk_profiles import read_trunk_presets
from freiton.storage.site.specs import AccountSpec, BlockSpec, NumberRightSpec, TrunkSpec
from freiton.storage.site_store import SiteError, SiteStore
from tests.freiton.storage.contracts import PROVIDER, offer

TODAY = date(2026, 3, 10)
FOREIGN_TO_US = "+493077777777"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    store = SiteStore.open(tmp_path / "var", domains=("one.example",), provider=PROVIDER)
    with store.edit(today=TODAY, offer=offer()) as site:
        alice = site.accounts.add(AccountSpec(name="alice"))
        site.numbers.add(alice, "+4930123456")
        site.numbers.add_block(alice, BlockSpec(prefix="+4940123", digits=2))
    yield store
    store.close()


def right(**changes: Any) -> NumberRightSpec:
    given = {
        "number": FOREIGN_TO_US,
        "document": "letter of 3 May",
        "verified_on": date(2026, 3, 1),
        "expires_on": date(2027, 3, 1),
    }
    return NumberRightSpec.model_validate(given | changes)


def put(store: SiteStore, spec: NumberRightSpec) -> bool:
    with store.edit(today=TODAY, offer=offer()) as site:
        return site.number_rights.put(site.accounts.get("alice"), spec)


def test_a_right_holds_from_its_proof_to_its_last_day(store: SiteStore) -> None:
    assert put(store, right())
    directory = store.load_directory()
    (found,) = directory.number_rights
    assert (found.document, found.is_business) == ("letter of 3 May", False)
    for day, holds in (
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2027, 3, 1), True),
        (date(2027, 3, 2), False),
    ):
        assert (directory.number_right(1, FOREIGN_TO_US, on=day) is not None) is holds
    assert directory.number_right(2, FOREIGN_TO_US, on=TODAY) is None


def test_a_new_proof_takes_the_place_of_the_old(store: SiteStore) -> None:
    put(store, right())
    assert not put(store, right(expires_on=date(2028, 1, 1)))
    (found,) = store.load_directory().number_rights
    assert found.expires_on == date(2028, 1, 1)


def test_a_right_goes_with_its_account_and_when_it_is_taken_away(store: SiteStore) -> None:
    put(store, right())
    with store.edit(today=TODAY, offer=offer()) as site:
        site.number_rights.remove(site.accounts.get("alice"), FOREIGN_TO_US)
    assert store.load_directory().number_rights == ()
    with (
        pytest.raises(SiteError, match="no right to show"),
        store.edit(today=TODAY, offer=offer()) as site,
    ):
        site.number_rights.remove(site.accounts.get("alice"), FOREIGN_TO_US)
    put(store, right())
    with store.edit(today=TODAY, offer=offer()) as site:
        site.accounts.remove("alice")
    assert store.load_directory().number_rights == ()


@pytest.mark.parametrize("number", ["+4930123456", "+494012345"])
def test_a_number_assigned_here_is_nobodys_right(store: SiteStore, number: str) -> None:
    with pytest.raises(SiteError, match=r"is assigned to account alice@one\.example"):
        put(store, right(number=number))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"number": "+4990012345"}, "may not be shown by anybody"),
        ({"number": "+43123456789"}, "businesses alone"),
        ({"expires_on": date(2026, 2, 1)}, "expire before"),
        ({"document": " "}, "what proves it"),
    ],
)
def test_a_right_without_a_base_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        right(**changes)


def test_a_business_may_have_a_foreign_number(store: SiteStore) -> None:
    assert put(store, right(number="+43123456789", is_business=True))


def add_trunk(store: SiteStore, **fields: Any) -> None:
    with store.edit(today=TODAY, offer=offer()) as site:
        site.trunks.add(TrunkSpec.model_validate({"name": "t", "host": "192.0.2.9"} | fields))


def test_a_trunk_begins_as_its_profile_says_and_keeps_what_was_said(store: SiteStore) -> None:
    add_trunk(store, profile="plusnet", expires_s=120)
    (trunk,) = store.load_directory().trunks
    assert trunk.profile.name == "plusnet"
    assert (trunk.number_format, trunk.sends_asserted_identity) == ("international", True)
    assert (trunk.expires_s, trunk.transport) == (120, "udp")


def test_a_trunk_without_a_profile_is_as_before(store: SiteStore) -> None:
    add_trunk(store, is_foreign=True)
    (trunk,) = store.load_directory().trunks
    assert (trunk.profile.name, trunk.number_format) == ("plain", "e164")
    assert (trunk.sends_asserted_identity, trunk.is_foreign) == (False, True)


def test_a_profile_must_exist(store: SiteStore) -> None:
    with pytest.raises(SiteError, match=r"no profile telecom; known: .*plusnet"):
        add_trunk(store, profile="telecom")


def test_a_profile_that_is_gone_is_named(store: SiteStore, tmp_path: Path) -> None:
    add_trunk(store, profile="plusnet")
    presets = {"plain": read_trunk_presets()["plain"]}
    again = SiteStore.open(
        tmp_path / "var", domains=("one.example",), provider=PROVIDER, presets=presets
    )
    with pytest.raises(SiteError, match="trunk t: there is no profile plusnet"):
        again.load_directory()
    again.close()
