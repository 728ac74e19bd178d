"""Who is served and how they are reached: the switch's snapshot of its site.

The running switch decides from one immutable `Directory`. A change of the site makes a new one,
and the next call sees it; a lookup is a dictionary access or a longest match, never SQL.

Numbers are E.164 text with a leading plus. What an account has booked stands as rating knows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from types import MappingProxyType
from typing import Final, TypeVar

from freiton.routing.trunk_profile import PLAIN, TrunkProfile
from freiton.routing.watching import NOTHING_SAID, Verdict, Watching
from rating.pricing import OriginKind, Subscription

CONTACTS_MAX: Final = 10
DAILY_LIMIT_MICROS: Final = 20_000_000
RING_S: Final = 60
TRUNK_CHANNELS: Final = 30

NOTHING_BOOKED: Final = Subscription(())

_T = TypeVar("_T")


class AccountKind(StrEnum):
    """What stands behind an account."""

    PHONE = "phone"
    PBX = "pbx"  # a customer's own exchange behind a SIP trunk, with a block of extensions


class ChargingKind(StrEnum):
    """Whether an account pays before its calls or after them."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"


class TrunkKind(StrEnum):
    """How a carrier knows us."""

    REGISTRATION = "registration"
    FIXED_IP = "fixed-ip"


class Handling(StrEnum):
    """What the switch is for the calls of a trunk."""

    B2BUA = "b2bua"  # two legs, joined, limited and charged: every carrier
    PROXY = "proxy"  # a proxy (RFC 3261 §16): a neighbour, with whom nothing is charged


class NumberFormat(StrEnum):
    """How a carrier wants called and calling numbers to be written."""

    E164 = "e164"  # +4930123456
    INTERNATIONAL = "international"  # 004930123456
    NATIONAL = "national"  # 030123456


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A tenant: who signs the contract and gets the bill."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The SIP account of a customer: what calls, is called, limited and charged."""

    id: int
    customer_id: int
    name: str
    domain: str
    kind: AccountKind = AccountKind.PHONE
    country_code: str = "49"
    area_code: str = ""
    main_number: str | None = None
    subscription: Subscription = NOTHING_BOOKED
    contacts_max: int = CONTACTS_MAX
    channels: int | None = None  # both directions together; None: no limit of its own
    charging: ChargingKind = ChargingKind.POSTPAID
    daily_limit_micros: int = DAILY_LIMIT_MICROS
    premium_allowed: bool = False
    non_eu_allowed: bool = False
    clir: bool = False
    rejects_anonymous: bool = False  # RFC 5079
    is_call_centre: bool = False  # may not hide its number (TDDDG § 15)
    channel_refusal_status: int = 503
    credit_refusal_status: int = 402
    short_numbers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    algorithms: tuple[str, ...] = ("MD5",)
    ring_s: int = RING_S
    language: str = "de"
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone or exchange that signs requests for an account with its own user and password.

    From a mobile origin it is a SIM, put through by the gateway to the mobile network.
    """

    id: int
    account_id: int
    auth_user: str
    realm: str
    ha1_md5: str = field(repr=False)
    ha1_sha256: str = field(repr=False)
    origin: OriginKind = OriginKind.VOIP
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberBlock:
    """A block of extensions: `prefix`, then one to `extension_digits` digits (-0, -00 to -99)."""

    account_id: int
    prefix: str
    extension_digits: int

    def holds(self, number: str) -> bool:
        """Return whether that E.164 number is an extension of this block."""
        extension = number[len(self.prefix) :]
        return (
            number.startswith(self.prefix)
            and 1 <= len(extension) <= self.extension_digits
            and extension.isdecimal()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRight:
    """A right to show a number that is assigned elsewhere (TKG § 120 (2)), and its proof.

    ``document`` says what proves it, ``verified_on`` when somebody looked. A foreign number is for
    businesses, and only for calls into its own country (BNetzA Vfg. 44/2022).
    """

    account_id: int
    number: str
    document: str
    verified_on: date
    expires_on: date
    is_business: bool = False

    def holds_on(self, day: date) -> bool:
        """Return whether the proof is good on that day, its last one included."""
        return self.verified_on <= day <= self.expires_on


@dataclass(frozen=True, slots=True)
class TrunkSource:
    """Where a carrier's requests come from; without a port, any port of those addresses."""

    network: IPv4Network | IPv6Network
    port: int | None = None

    def __str__(self) -> str:
        if self.port is None:
            return str(self.network)
        host = self.network.network_address
        return f"[{host}]:{self.port}" if host.version == 6 else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A way to and from a carrier."""

    id: int
    name: str
    kind: TrunkKind
    host: str
    port: int  # 0: where the SRV records of `host` say (RFC 3263 §4.2)
    transport: str
    listener: str  # the name of the listener that its requests leave from
    domain: str  # the carrier's, for the URIs we send
    username: str = ""  # what is registered: mostly a number
    auth_user: str = ""  # in the credentials; empty: the username
    secret: str = field(default="", repr=False)
    realm: str = ""  # credentials go to this realm only; empty: to the carrier's domain
    expires_s: int = 600
    priority: int = 10  # lower is tried first
    weight: int = 1  # share among trunks of equal priority
    channels: int = TRUNK_CHANNELS
    reserved_for_emergency: int = 0
    is_emergency: bool = False
    asserted_number: str | None = None
    sources: tuple[TrunkSource, ...] = ()
    number_format: NumberFormat = NumberFormat.E164
    sends_asserted_identity: bool = False
    is_foreign: bool = False  # hands over calls from abroad (TKG § 120 (4))
    profile: TrunkProfile = PLAIN
    limit_refusal_status: int = 503
    handling: Handling = Handling.B2BUA
    enabled: bool = True

    @property
    def is_proxied(self) -> bool:
        """Whether this is a neighbour, whose calls are passed on uncharged."""
        return self.handling is Handling.PROXY

    @property
    def ordinary_channels(self) -> int:
        """How many channels calls other than emergency calls may fill."""
        return self.channels - self.reserved_for_emergency


class Directory:
    """One consistent, immutable view of the whole site."""

    __slots__ = (
        "_account_by_id",
        "_account_by_name",
        "_device_by_user",
        "_domain_by_host",
        "_neighbour_by_domain",
        "_numbers",
        "_rights",
        "_sources",
        "accounts",
        "all_trunks",
        "blocks",
        "carriers",
        "customers",
        "default_domain",
        "devices",
        "domains",
        "emergency_trunks",
        "number_rights",
        "numbers",
        "trunks",
        "watching",
    )

    def __init__(
        self,
        *,
        default_domain: str,
        domains: Iterable[str] = (),
        local_hosts: Iterable[str] = (),
        customers: Iterable[Customer] = (),
        accounts: Iterable[Account] = (),
        devices: Iterable[Device] = (),
        numbers: Mapping[str, int] = MappingProxyType({}),
        blocks: Iterable[NumberBlock] = (),
        number_rights: Iterable[NumberRight] = (),
        trunks: Iterable[Trunk] = (),
        watching: Watching = NOTHING_SAID,
    ) -> None:
        """Index the site.

        `numbers` maps single numbers to account ids. `local_hosts` are further names of the
        default domain: the addresses at which phones reach the switch without knowing a domain.
        `trunks` and `emergency_trunks` leave out what is out of service; `carriers` are the
        trunks whose calls are charged, so all but the neighbours.
        """
        self.default_domain: Final = default_domain.lower()
        self.domains: Final = tuple(
            dict.fromkeys((self.default_domain, *(domain.lower() for domain in domains)))
        )
        self.customers: Final = tuple(customers)
        self.accounts: Final = tuple(accounts)
        self.devices: Final = tuple(devices)
        self.numbers: Final = MappingProxyType(dict(numbers))
        self.watching: Final = watching
        self.blocks: Final = tuple(blocks)
        self.number_rights: Final = tuple(number_rights)
        self.all_trunks: Final = tuple(sorted(trunks, key=_preference))
        self.trunks: Final = tuple(one for one in self.all_trunks if one.enabled)
        self.carriers: Final = tuple(one for one in self.trunks if not one.is_proxied)
        self.emergency_trunks: Final = tuple(one for one in self.trunks if one.is_emergency)
        self._account_by_id: Final = {account.id: account for account in self.accounts}
        self._account_by_name: Final = {(one.name, one.domain): one for one in self.accounts}
        self._device_by_user: Final = {
            (device.auth_user, device.realm): device for device in self.devices if device.enabled
        }
        self._domain_by_host: Final = {host.lower(): self.default_domain for host in local_hosts}
        self._domain_by_host.update((domain, domain) for domain in self.domains)
        self._neighbour_by_domain: Final = {
            one.domain.lower(): one for one in reversed(self.trunks) if one.is_proxied
        }
        self._numbers: Final = _NumberIndex(self.numbers, self.blocks)
        self._sources: Final = _SourceIndex(self.trunks)
        self._rights: Final = {(one.account_id, one.number): one for one in self.number_rights}

    def account(self, account_id: int) -> Account | None:
        """Return the account with that id, in service or not."""
        return self._account_by_id.get(account_id)

    def device(self, auth_user: str, realm: str) -> Device | None:
        """Return the device that signs with this user, if it is in service.

        Its account may be blocked: the device stays known, or it could not call for help from
        where it is registered (NotrufV § 4 (3)).
        """
        return self._device_by_user.get((auth_user, realm))

    def account_by_aor(self, user: str, host: str) -> Account | None:
        """Return the account of an address-of-record: its name or one of its numbers."""
        domain = self.local_domain(host)
        if domain is None:
            return None
        named = self._account_by_name.get((user, domain))
        if named is not None:
            return named
        owner = self.owner_of_number(user)
        return owner if owner is not None and owner.domain == domain else None

    def owner_of_number(self, e164: str) -> Account | None:
        """Return the account called at this number: as a single one, else by the longest block."""
        account_id = self._numbers.owner(e164)
        return None if account_id is None else self._account_by_id.get(account_id)

    def numbers_of(self, account_id: int) -> tuple[str, ...]:
        """Return the single numbers of an account, in the order they were assigned."""
        return self._numbers.singles.get(account_id, ())

    def blocks_of(self, account_id: int) -> tuple[NumberBlock, ...]:
        """Return the blocks of extensions of an account."""
        return self._numbers.blocks.get(account_id, ())

    def may_present(self, account_id: int, e164: str) -> bool:
        """Return whether the account may show this number as its own."""
        return self._numbers.owner(e164) == account_id

    def verdict(self, watched: Account, watcher: Account) -> Verdict:
        """Return whether an account may watch another one."""
        are_colleagues = watched.customer_id == watcher.customer_id
        return self.watching.verdict(watched.id, watcher.id, are_colleagues=are_colleagues)

    def number_right(self, account_id: int, e164: str, *, on: date) -> NumberRight | None:
        """Return the proven right of an account to show a number of somebody else on that day."""
        right = self._rights.get((account_id, e164))
        return right if right is not None and right.holds_on(on) else None

    def trunk_by_source(self, host: str, port: int) -> Trunk | None:
        """Return the trunk whose carrier sends from this address, the narrowest network first.

        In one network a source with that very port comes before one for any port.
        """
        return self._sources.trunk(host, port)

    def neighbour(self, host: str) -> Trunk | None:
        """Return the neighbour in service whose domain a URI's host names."""
        return self._neighbour_by_domain.get(host.lower()) if self._neighbour_by_domain else None

    @property
    def has_neighbours(self) -> bool:
        """Whether any call at all is proxied."""
        return bool(self._neighbour_by_domain)

    def local_domain(self, host: str) -> str | None:
        """Return the domain of ours that a URI's host names, or None for a foreign host."""
        return self._domain_by_host.get(host) or self._domain_by_host.get(host.lower())

    def is_local_domain(self, host: str) -> bool:
        """Return whether we are responsible for this host of a URI (RFC 3261 §16.4)."""
        return self.local_domain(host) is not None


class _NumberIndex:
    """Which account owns which number."""

    __slots__ = ("_block_by_prefix", "_lengths", "_owner", "blocks", "singles")

    def __init__(self, numbers: Mapping[str, int], blocks: Iterable[NumberBlock]) -> None:
        self._owner = dict(numbers)
        self._block_by_prefix = {block.prefix: block for block in blocks}
        self._lengths = tuple(sorted({len(one) for one in self._block_by_prefix}, reverse=True))
        self.singles = _grouped((account, number) for number, account in numbers.items())
        self.blocks = _grouped((block.account_id, block) for block in blocks)

    def owner(self, e164: str) -> int | None:
        account_id = self._owner.get(e164)
        if account_id is not None:
            return account_id
        for length in self._lengths:
            block = self._block_by_prefix.get(e164[:length])
            if block is not None and block.holds(e164):
                return block.account_id
        return None


class _SourceIndex:
    """Which trunk a packet's source address belongs to."""

    __slots__ = ("_lengths", "_trunks")

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        self._trunks: dict[tuple[int, int, int, int | None], Trunk] = {}
        for trunk in reversed(trunks):  # of two trunks with one source the preferred one wins
            for source in trunk.sources:
                network = source.network
                bits = int(network.network_address) >> network.max_prefixlen - network.prefixlen
                self._trunks[network.version, network.prefixlen, bits, source.port] = trunk
        self._lengths = tuple(sorted({key[1] for key in self._trunks}, reverse=True))

    def trunk(self, host: str, port: int) -> Trunk | None:
        if not self._trunks:
            return None
        try:
            address = ip_address(host)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        version, width, bits = address.version, address.max_prefixlen, int(address)
        for length in self._lengths:
            if length > width:
                continue
            for known_port in (port, None):
                trunk = self._trunks.get((version, length, bits >> width - length, known_port))
                if trunk is not None:
                    return trunk
        return None


def _grouped(pairs: Iterable[tuple[int, _T]]) -> Mapping[int, tuple[_T, ...]]:
    groups: dict[int, list[_T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _preference(trunk: Trunk) -> tuple[bool, int, int, int]:
    return not trunk.enabled, trunk.priority, -trunk.weight, trunk.id
