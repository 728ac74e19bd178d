"""Who is served by a virtual switch: accounts, their numbers and devices, carriers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from ipaddress import ip_network
from typing import Any

from freiton.routing.directory import (
    Account,
    ChargingKind,
    Customer,
    Device,
    Directory,
    NumberRight,
    Trunk,
    TrunkKind,
    TrunkSource,
)
from rating.pricing import BookedOption, Subscription
from sipcore.transport.flow import Address

SWITCH: Address = ("192.0.2.1", 5060)
DOMAIN = "example.org"
PASSWORD = "only-for-tests"

MOBILE = "01701234567"
GERMANY = "03023125900"


@dataclass(frozen=True)
class Town:
    """Who is served: every test changes what it is about."""

    accounts: tuple[Account, ...] = field(
        default_factory=lambda: (account(1, "anna"), account(2, "ben"))
    )
    trunks: tuple[Trunk, ...] = field(default_factory=lambda: (trunk(1, "north"),))
    number_rights: tuple[NumberRight, ...] = ()

    def directory(self) -> Directory:
        return Directory(
            default_domain=DOMAIN,
            local_hosts=(SWITCH[0],),
            customers=(Customer(id=1, name="Town"),),
            accounts=self.accounts,
            devices=tuple(_device(one) for one in self.accounts),
            numbers={one.main_number: one.id for one in self.accounts if one.main_number},
            trunks=self.trunks,
            number_rights=self.number_rights,
        )


def account(
    account_id: int, name: str, *, flatrates: int = 0, prepaid: bool = False, **changes: Any
) -> Account:
    """Make an account in Berlin with one number."""
    ordered = date(2026, 5, 1)
    flatrate = BookedOption("FLAT.DE", flatrates, ordered, None, ordered, "tgnet")
    made = Account(
        id=account_id,
        customer_id=1,
        name=name,
        domain=DOMAIN,
        area_code="30",
        main_number=f"+49302312500{account_id}",
        subscription=Subscription((), (flatrate,) if flatrates else ()),
        charging=ChargingKind.PREPAID if prepaid else ChargingKind.POSTPAID,
    )
    return replace(made, **changes)


def trunk(trunk_id: int, name: str, **changes: Any) -> Trunk:
    """Make a trunk to a carrier at an address of its own."""
    host = f"203.0.113.{trunk_id}"
    made = Trunk(
        id=trunk_id,
        name=name,
        kind=TrunkKind.FIXED_IP,
        host=host,
        port=5060,
        transport="udp",
        listener="udp",
        domain=f"{name}.example",
        priority=10 * trunk_id,
        sources=(TrunkSource(ip_network(host)),),
    )
    return replace(made, **changes)


@cache
def _secret(user: str) -> tuple[str, str]:
    text = f"{user}:{DOMAIN}:{PASSWORD}".encode()
    md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return md5, hashlib.sha256(text).hexdigest()


def _device(one: Account) -> Device:
    md5, sha256 = _secret(one.name)
    return Device(
        id=one.id, account_id=one.id, auth_user=one.name, realm=DOMAIN, ha1_md5=md5,
        ha1_sha256=sha256,
    )  # fmt: skip
