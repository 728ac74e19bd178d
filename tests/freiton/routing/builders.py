"""A small site, and call attempts on it, for the tests of routing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from freiton.routing.context import RouteContext, TrunkState
from freiton.routing.decision import Connect, DeviceGroup, RefusedCall, RouteDecision, TrunkGroup
from freiton.routing.directory import (
    Account,
    AccountKind,
    Customer,
    Directory,
    NumberBlock,
    NumberRight,
    Trunk,
    TrunkKind,
    TrunkSource,
)
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import ClaimedIdentity, RedirectionClaim, RouteRequest, Source
from freiton.routing.steps import decide
from rating.numbering import Numbering, load_numbering
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import CountingIdentifiers

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TODAY = date(2026, 5, 20)
CONFIG = Path(__file__).parents[3] / "config" / "numbering"

ANNA = Account(
    id=1,
    customer_id=1,
    name="anna",
    domain="example.org",
    area_code="30",
    main_number="+493023125001",
    short_numbers={"7": "040 6677889"},
)
BEN = Account(id=2, customer_id=1, name="ben", domain="example.org", area_code="30")
PBX = Account(
    id=3, customer_id=2, name="pbx", domain="example.org", area_code="40", kind=AccountKind.PBX
)
DORA = Account(id=4, customer_id=2, name="dora", domain="other.org", area_code="40")
CARRIER = Trunk(
    id=1,
    name="carrier",
    kind=TrunkKind.FIXED_IP,
    host="203.0.113.1",
    port=5060,
    transport="udp",
    listener="udp",
    domain="carrier.example",
    sources=(TrunkSource(ip_network("203.0.113.1")),),
)
TRUSTED = replace(
    CARRIER,
    id=2,
    name="trusted",
    domain="trusted.example",
    priority=20,
    sends_asserted_identity=True,
)
RESCUE = replace(
    CARRIER,
    id=3,
    name="rescue",
    domain="rescue.example",
    priority=30,
    is_emergency=True,
    reserved_for_emergency=30,
    asserted_number="+493099999999",
)
UP = TrunkState(is_registered=True)


@cache
def numbering() -> Numbering:
    paths = [path for path in CONFIG.rglob("*") if path.suffix in {".csv", ".toml"}]
    return load_numbering({str(path.relative_to(CONFIG)): path.read_text() for path in paths})


@dataclass(frozen=True)
class Scene:
    """A site and who is registered; every test changes what it is about."""

    accounts: tuple[Account, ...] = (ANNA, BEN, PBX, DORA)
    trunks: tuple[Trunk, ...] = (CARRIER, RESCUE)
    states: Mapping[int, TrunkState] = field(default_factory=dict)
    registered: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "ben@example.org": ("sip:ben@198.51.100.2", "sip:ben@198.51.100.3"),
            "anna@example.org": ("sip:anna@198.51.100.1",),
            "pbx@example.org": ("sip:line1:pw@198.51.100.4:5070;transport=udp",),
        }
    )
    strangers_may_call_emergency: bool = False
    rights: tuple[NumberRight, ...] = ()
    today: date = TODAY
    callers: frozenset[tuple[int, str]] = frozenset()

    def directory(self) -> Directory:
        return Directory(
            default_domain="example.org",
            domains=("other.org",),
            local_hosts=("192.0.2.1",),
            customers=(Customer(id=1, name="One"), Customer(id=2, name="Two")),
            accounts=self.accounts,
            numbers={
                "+493023125001": ANNA.id,
                "+493023125002": ANNA.id,
                "+493023125010": BEN.id,
                "+442079460123": BEN.id,
                "+498001234567": DORA.id,
            },
            blocks=(NumberBlock(account_id=PBX.id, prefix="+4940667788", extension_digits=2),),
            trunks=self.trunks,
            number_rights=self.rights,
        )

    def lookup(self, aor: str) -> tuple[Binding, ...]:
        return tuple(
            Binding(
                contact,
                Flow(UDP, ("198.51.100.9", 5060)),
                expires_at=1e9,
                call_id="a",
                cseq=1,
            )
            for contact in self.registered.get(aor, ())
        )

    def context(self) -> RouteContext:
        return RouteContext(
            directory=self.directory(),
            numbering=numbering(),
            locations=self,
            trunk_states=self.states,
            identifiers=CountingIdentifiers(""),
            strangers_may_call_emergency=self.strangers_may_call_emergency,
            today=self.today,
            has_call_from=lambda account_id, number: (account_id, number) in self.callers,
        )

    def with_account(self, account: Account) -> Scene:
        others = tuple(one for one in self.accounts if one.id != account.id)
        return replace(self, accounts=(*others, account))


def dial(
    dialled: str,
    *,
    account: Account | None = ANNA,
    trunk: Trunk | None = None,
    host: str = "example.org",
    from_: ClaimedIdentity | None = None,
    preferred: ClaimedIdentity | None = None,
    asserted: ClaimedIdentity | None = None,
    to_user: str = "",
    privacy: Iterable[str] = (),
    redirections: Iterable[RedirectionClaim] = (),
) -> RouteRequest:
    name = "stranger" if account is None else account.name
    return RouteRequest(
        source=Source(
            host="198.51.100.1",
            listener="udp",
            account=None if trunk is not None else account,
            trunk=trunk,
        ),
        dialled=dialled,
        host=host,
        to_user=to_user,
        from_=from_ or ClaimedIdentity(user=name, host="example.org"),
        preferred=preferred,
        asserted=asserted,
        privacy=frozenset(privacy),
        redirections=tuple(redirections),
    )


def decided(request: RouteRequest, scene: Scene | None = None) -> RouteDecision:
    return decide(request, (scene or Scene()).context())


def connected(request: RouteRequest, scene: Scene | None = None) -> Connect:
    decision = decided(request, scene)
    assert isinstance(decision, Connect), decision
    return decision


def refused(request: RouteRequest, scene: Scene | None = None) -> RefusalCause:
    decision = decided(request, scene)
    assert isinstance(decision, RefusedCall), decision
    return decision.cause


def trunk_groups(decision: Connect) -> list[TrunkGroup]:
    groups = [group for group in decision.groups if isinstance(group, TrunkGroup)]
    assert len(groups) == len(decision.groups)
    return groups


def device_group(decision: Connect) -> DeviceGroup:
    (group,) = decision.groups
    assert isinstance(group, DeviceGroup)
    return group
