"""The directory's look-ups: who signs, who is called, who may show a number, which carrier."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.directory import (
    Account,
    AccountKind,
    Customer,
    Device,
    Directory,
    NumberBlock,
    Trunk,
    TrunkKind,
    TrunkSource,
)

ALICE = Account(id=1, customer_id=1, name="alice", domain="one.example")
BOB = Account(id=2, customer_id=2, name="bob", domain="two.example")
PBX = Account(id=3, customer_id=2, name="pbx", domain="two.example", kind=AccountKind.PBX)
OUT_OF_SERVICE = Account(id=4, customer_id=2, name="gone", domain="two.example", enabled=False)


def device(number: int, account: Account, user: str, *, enabled: bool = True) -> Device:
    return Device(
        id=number,
        account_id=account.id,
        auth_user=user,
        realm=account.domain,
        ha1_md5="m" * 32,
        ha1_sha256="s" * 64,
        enabled=enabled,
    )


def trunk(number: int, *sources: str, **changes: object) -> Trunk:
    fields: dict[str, object] = {
        "id": number,
        "name": f"trunk{number}",
        "kind": TrunkKind.FIXED_IP,
        "host": "carrier.example",
        "port": 5060,
        "transport": "udp",
        "listener": "udp",
        "domain": "carrier.example",
        "sources": tuple(
            TrunkSource(ip_network(text.split("|")[0]), int(text.split("|")[1]))
            if "|" in text
            else TrunkSource(ip_network(text))
            for text in sources
        ),
    }
    return Trunk(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def site() -> Directory:
    return Directory(
        default_domain="One.Example",
        domains=["two.example", "one.example"],
        local_hosts=["192.0.2.1", "2001:db8::1"],
        customers=[Customer(id=1, name="One"), Customer(id=2, name="Two")],
        accounts=[ALICE, BOB, PBX, OUT_OF_SERVICE],
        devices=[
            device(1, ALICE, "alice-desk"),
            device(2, ALICE, "alice-lost", enabled=False),
            device(3, OUT_OF_SERVICE, "gone-desk"),
            device(4, BOB, "alice-desk"),
        ],
        numbers={"+4930100": 1, "+4930101": 1, "+49402007": 2},
        blocks=[
            NumberBlock(account_id=3, prefix="+4940200", extension_digits=2),
            NumberBlock(account_id=2, prefix="+49402005", extension_digits=1),
        ],
    )


def test_a_device_is_found_by_user_and_realm_and_only_in_service(site: Directory) -> None:
    found = [
        site.device("alice-desk", "one.example"),
        site.device("alice-desk", "two.example"),
        site.device("alice-desk", "three.example"),
        site.device("alice-lost", "one.example"),
    ]
    assert [one.id if one else None for one in found] == [1, 4, None, None]


def test_a_device_of_a_blocked_account_is_still_known(site: Directory) -> None:
    found = site.device("gone-desk", "two.example")
    assert found is not None
    assert found.id == 3


def test_an_account_out_of_service_is_still_known(site: Directory) -> None:
    assert site.account(4) is OUT_OF_SERVICE
    assert site.account(5) is None


@pytest.mark.parametrize(
    ("user", "host", "expected"),
    [
        ("alice", "one.example", "alice"),
        ("alice", "ONE.example", "alice"),
        ("Alice", "one.example", None),  # RFC 3261 §19.1.4: users are compared exactly
        ("alice", "192.0.2.1", "alice"),
        ("alice", "2001:DB8::1", "alice"),
        ("alice", "two.example", None),
        ("alice", "elsewhere.example", None),
        ("+4930101", "one.example", "alice"),
        ("+4930101", "two.example", None),
        ("+494020033", "two.example", "pbx"),
    ],
)
def test_an_address_of_record_names_an_account(
    site: Directory, user: str, host: str, expected: str | None
) -> None:
    account = site.account_by_aor(user, host)
    assert (account.name if account else None) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+4930100", "alice"),
        ("+4930102", None),
        ("+4940200", None),  # the bare prefix is nobody's extension
        ("+49402000", "pbx"),
        ("+494020099", "pbx"),
        ("+4940200999", None),
        ("+49402007", "bob"),  # a single number comes before the block around it
        ("+494020070", "pbx"),
        ("+494020051", "bob"),  # the longer of two blocks
        ("+49402005", "pbx"),
        ("+4940200x", None),
        ("", None),
    ],
)
def test_a_number_has_one_owner(site: Directory, number: str, expected: str | None) -> None:
    owner = site.owner_of_number(number)
    assert (owner.name if owner else None) == expected
    for account in site.accounts:
        assert site.may_present(account.id, number) == (account is owner)


def test_numbers_and_blocks_are_listed_by_account(site: Directory) -> None:
    assert site.numbers_of(1) == ("+4930100", "+4930101")
    assert site.numbers_of(3) == ()
    assert [block.prefix for block in site.blocks_of(3)] == ["+4940200"]


@given(
    prefixes=st.sets(st.text("12", min_size=1, max_size=4), max_size=6),
    number=st.text("12", max_size=6),
)
def test_the_longest_block_wins(prefixes: set[str], number: str) -> None:
    blocks = [
        NumberBlock(account_id=place, prefix=prefix, extension_digits=2)
        for place, prefix in enumerate(sorted(prefixes))
    ]
    accounts = [
        Account(id=place, customer_id=1, name=f"a{place}", domain="one.example")
        for place in range(len(blocks))
    ]
    site = Directory(default_domain="one.example", accounts=accounts, blocks=blocks)
    holders = [block for block in blocks if block.holds(number)]
    expected = max(holders, key=lambda block: len(block.prefix)).account_id if holders else None
    owner = site.owner_of_number(number)
    assert (owner.id if owner else None) == expected


def test_trunks_stand_in_the_order_of_preference() -> None:
    site = Directory(
        default_domain="one.example",
        trunks=[
            trunk(1, priority=20),
            trunk(2, priority=10, weight=1),
            trunk(3, priority=10, weight=5, is_emergency=True),
            trunk(4, enabled=False, is_emergency=True),
        ],
    )
    assert [one.id for one in site.trunks] == [3, 2, 1]
    assert [one.id for one in site.emergency_trunks] == [3]


def test_reserved_channels_are_kept_from_ordinary_calls() -> None:
    assert trunk(1, channels=10, reserved_for_emergency=4).ordinary_channels == 6


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("198.51.100.7", 5060, 1),
        ("::ffff:198.51.100.7", 5060, 1),  # as a dual-stack socket shows it
        ("198.51.100.200", 5060, 2),
        ("127.0.0.1", 5070, 3),
        ("127.0.0.1", 5080, 4),
        ("2001:db8:1::9", 5060, 5),
        ("2001:db8:2::9", 5060, None),
        ("203.0.113.1", 5060, None),
        ("not an address", 5060, None),
    ],
)
def test_a_source_address_names_its_trunk(host: str, port: int, expected: int | None) -> None:
    site = Directory(
        default_domain="one.example",
        trunks=[
            trunk(1, "198.51.100.0/25"),
            trunk(2, "198.51.100.0/24"),
            trunk(3, "127.0.0.1/32|5070"),
            trunk(4, "127.0.0.1/32"),
            trunk(5, "2001:db8:1::/48"),
            trunk(6, "127.0.0.1/32", priority=99),
        ],
    )
    found = site.trunk_by_source(host, port)
    assert (found.id if found else None) == expected


def test_secrets_do_not_show() -> None:
    shown = repr(device(1, ALICE, "alice-desk")) + repr(trunk(1, secret="confidential"))
    assert "mmm" not in shown
    assert "sss" not in shown
    assert "confidential" not in shown
