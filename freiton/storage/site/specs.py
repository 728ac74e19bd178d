"""What an operator says about a site, on the command line or in a site file, checked.

A field that was not given keeps its value when the thing exists, and gets the default here when
it is new.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)

from freiton.config.host_port import HostPort
from freiton.config.texts import HostName, Name, shaped
from freiton.config.trunk_profiles import PLAIN_PROFILE, ProfileName
from freiton.routing.directory import (
    CONTACTS_MAX,
    DAILY_LIMIT_MICROS,
    RING_S,
    TRUNK_CHANNELS,
    AccountKind,
    ChargingKind,
    Handling,
    NumberFormat,
    TrunkKind,
    TrunkSource,
)
from freiton.routing.shown_numbers import is_never_shown
from rating.pricing import OriginKind

DEFAULT_CUSTOMER: Final = "default"
_SIP_PORT: Final = 5060
_GERMANY: Final = "+49"
_MICROS: Final = 1_000_000
_EURO_MAX: Final = 1_000_000


def _without_blanks(value: object) -> object:
    """Take a number as people write it: +49 (30) 123-456."""
    return value.translate(_BLANKS) if isinstance(value, str) else value


def _euro(value: object) -> int:
    """Return millionths of a euro; a float has lost the exact amount already."""
    try:
        micros = Decimal(value) * _MICROS if isinstance(value, str) else None
    except InvalidOperation:
        micros = None
    if micros is None:
        raise ValueError(f'{value!r} should be euros as text, such as "20.00"')
    if not micros.is_finite() or not 0 <= micros <= _EURO_MAX * _MICROS or micros % 1:
        raise ValueError(f"{value} should be 0 to {_EURO_MAX} euros with at most 6 decimals")
    return int(micros)


def _source(text: str) -> str:
    parse_source(text)
    return text


def _short_numbers(numbers: dict[str, str]) -> dict[str, str]:
    for short in numbers:
        if not short.isascii() or not short.isdecimal() or len(short) > 4:
            raise ValueError(f"{short!r} should be one to four digits")
        if short.startswith(("110", "112")):
            raise ValueError(f"{short} would never be dialled: it calls for help")
    return numbers


def _password(text: str) -> str:
    """Check a password; the error does not repeat it."""
    if not 8 <= len(text) <= 128 or not all("!" <= character <= "~" for character in text):
        raise ValueError("should be 8 to 128 printable ASCII characters without blanks")
    return text


def _with_port(value: object) -> HostPort:
    """Read where a carrier is; port 0 stands for a name without one, which SRV records locate."""
    if isinstance(value, HostPort):
        return value
    if isinstance(value, str):
        is_bare = ":" not in value or value.endswith("]")
        host = HostPort.parse(f"{value}:0" if is_bare else value)
        return HostPort(host.host, _SIP_PORT) if host.is_ip and host.port == 0 else host
    raise ValueError("should be text like 192.0.2.1:5060")


def parse_source(text: str) -> TrunkSource:
    """Read `192.0.2.0/24`, `192.0.2.1:5060` or `[2001:db8::1]:5060`; raises ValueError."""
    try:
        return TrunkSource(ip_network(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    try:
        address = HostPort.parse(text)
        return TrunkSource(ip_network(address.host), address.port)
    except ValueError:
        raise ValueError(
            f"{text!r} should be a network or an address, such as 192.0.2.0/24 or 192.0.2.1:5060"
        ) from None


_BLANKS: Final = str.maketrans("", "", " ()-/")

E164 = Annotated[
    str,
    BeforeValidator(_without_blanks),
    shaped(r"\+[1-9][0-9]{6,14}", "a number with its country code, such as +4930123456"),
]
BlockPrefix = Annotated[
    str,
    BeforeValidator(_without_blanks),
    shaped(r"\+[1-9][0-9]{3,13}", "the start of numbers with the country code, such as +4930123"),
]
Dialled = Annotated[str, shaped(r"\+?[0-9*#]{1,32}", "something that can be dialled")]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Flag = Annotated[bool, Field(strict=True)]
Euro = Annotated[int, PlainValidator(_euro)]
CustomerName = Annotated[
    str, shaped(r"\S(.{0,98}\S)?", "a name of 1 to 100 characters without blanks around it")
]
OptionName = Annotated[
    str, shaped(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", "the name of an option, such as PLUS")
]
PlanName = Annotated[
    str,
    shaped(
        r"[a-z0-9][a-z0-9-]{0,31}/[a-z0-9][a-z0-9-]{0,31}",
        "a provider and one of its plans, such as tgnet/account",
    ),
]
PriceListName = Annotated[
    str, shaped(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "the name of a price list")
]
AuthUser = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}",
        "a user of up to 64 letters, digits, dots, dashes, underscores and plus signs",
    ),
]
TrunkUser = Annotated[
    str,
    shaped(
        r"([A-Za-z0-9+][A-Za-z0-9._@+-]{0,63})?",
        "a user of up to 64 letters, digits and . _ @ + -",
    ),
]
Password = Annotated[str, AfterValidator(_password)]
Algorithms = Annotated[tuple[Literal["MD5", "SHA-256"], ...], Field(min_length=1, max_length=2)]


class Spec(BaseModel):
    """What is said about one thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlanSpec(Spec):
    """A plan, by the names of its provider and its own; without a day it begins today."""

    name: PlanName
    valid_from: date | None = None
    price_list: PriceListName | None = None

    @property
    def provider(self) -> str:
        """Whose plan it is."""
        return self.name.partition("/")[0]

    @property
    def plan_id(self) -> str:
        """What its provider calls it."""
        return self.name.partition("/")[2]


class OptionSpec(Spec):
    """So many units of an option."""

    name: OptionName
    count: Count = 1


class DeviceSpec(Spec):
    """A device; without a password a new one gets one at random, a known one keeps its own.

    With a mobile origin it is a SIM that reaches the switch through the gateway to the mobile
    network.
    """

    user: AuthUser
    password: Annotated[Password | None, Field(repr=False)] = None
    origin: Literal[OriginKind.VOIP, OriginKind.MOBILE] = OriginKind.VOIP
    enabled: Flag = True


class BlockSpec(Spec):
    """A block of extensions of one to `digits` digits."""

    prefix: BlockPrefix
    digits: Annotated[int, Field(strict=True, ge=1, le=6)]

    @model_validator(mode="after")
    def _fits_e164(self) -> Self:
        if len(self.prefix) - 1 + self.digits > 15:
            raise ValueError(
                f"{self.prefix} with {self.digits} more digits exceeds the 15 of E.164"
            )
        return self


class AccountSpec(Spec):
    """An account; `domain` None is the default domain."""

    name: Name
    domain: HostName | None = None
    customer: CustomerName = DEFAULT_CUSTOMER
    kind: AccountKind = AccountKind.PHONE
    country_code: Annotated[str, shaped(r"[1-9][0-9]{0,2}", "one to three digits")] = "49"
    area_code: Annotated[str, shaped(r"([1-9][0-9]{0,5})?", "digits without the leading 0")] = ""
    main_number: E164 | None = None
    contacts_max: Annotated[int, Field(strict=True, ge=1, le=100)] = CONTACTS_MAX
    channels: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    charging: ChargingKind = ChargingKind.POSTPAID
    daily_limit: Euro = DAILY_LIMIT_MICROS
    premium_allowed: Flag = False
    non_eu_allowed: Flag = False
    clir: Flag = False
    rejects_anonymous: Flag = False
    is_call_centre: Flag = False
    channel_refusal_status: Literal[503, 486] = 503
    credit_refusal_status: Literal[402, 403] = 402
    short_numbers: Annotated[dict[str, Dialled], AfterValidator(_short_numbers)] = Field(
        default_factory=dict, max_length=1000
    )
    algorithms: Algorithms = ("MD5",)
    ring_s: Annotated[int, Field(strict=True, ge=5, le=600)] = RING_S
    language: Literal["de", "en"] = "de"
    enabled: Flag = True


class NumberRightSpec(Spec):
    """The proof that an account may show a number that is assigned elsewhere.

    A foreign number is for businesses alone (BNetzA Vfg. 44/2022); a number that nobody may show
    is nobody's right.
    """

    number: E164
    document: Annotated[str, shaped(r"\S(.{0,198}\S)?", "what proves it, in up to 200 characters")]
    verified_on: date
    expires_on: date
    is_business: Flag = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.expires_on < self.verified_on:
            raise ValueError("the proof would expire before it was verified")
        if not self.number.startswith(_GERMANY) and not self.is_business:
            raise ValueError("a foreign number is shown by businesses alone")
        if is_never_shown(self.number):
            raise ValueError(f"{self.number} may not be shown by anybody (TKG § 120 (3))")
        return self


class TrunkSpec(Spec):
    """A trunk; a user name without a kind means that we register with the carrier."""

    name: Name
    kind: TrunkKind = TrunkKind.FIXED_IP
    host: Annotated[HostPort, PlainValidator(_with_port)]
    transport: Literal["udp", "tcp", "tls"] = "udp"
    listener: Name | None = None
    domain: HostName | None = None
    username: TrunkUser = ""
    auth_user: TrunkUser = ""
    secret: Annotated[str, Field(max_length=256, repr=False)] = ""
    realm: Annotated[str, Field(max_length=256)] = ""
    expires_s: Annotated[int, Field(strict=True, ge=60, le=86_400)] = 600
    priority: Annotated[int, Field(strict=True, ge=0, le=1000)] = 10
    weight: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    channels: Annotated[int, Field(strict=True, ge=1, le=10_000)] = TRUNK_CHANNELS
    reserved_for_emergency: Count = 0
    is_emergency: Flag = False
    asserted_number: E164 | None = None
    sources: tuple[Annotated[str, AfterValidator(_source)], ...] | None = None
    number_format: NumberFormat = NumberFormat.E164
    sends_asserted_identity: Flag = False
    is_foreign: Flag = False
    profile: ProfileName = PLAIN_PROFILE
    limit_refusal_status: Literal[503, 486] = 503
    handling: Handling = Handling.B2BUA
    enabled: Flag = True

    @model_validator(mode="before")
    @classmethod
    def _kind_by_user(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("username") and "kind" not in values:
            return {**values, "kind": TrunkKind.REGISTRATION}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind is TrunkKind.REGISTRATION and not (self.username and self.secret):
            raise ValueError("a trunk that registers needs a username and a secret")
        if self.reserved_for_emergency > self.channels:
            raise ValueError("more channels are reserved for emergency calls than there are")
        return self

    @property
    def effective_sources(self) -> tuple[str, ...]:
        """Where requests of this carrier come from.

        When nothing was said: from the very address we send to, if it is one. Over TCP the port
        is a new one for each connection, so there the address alone counts.
        """
        if self.sources is not None:
            return self.sources
        if not self.host.is_ip:
            return ()
        return (str(self.host),) if self.transport == "udp" else (self.host.host,)
